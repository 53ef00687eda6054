"""Where a setting comes from: `default:`, the pipeline's section, `--set`; later layers win."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAT = ("env_vars", "load_versions")
_REPLACED = ("schedule",)
_PLAIN_KEY = re.compile(r"[\w-]+")
_SPELLING = {"class_path": "class"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Settings from one place.

    Args:
        label: How a path in this place begins: `airflow.yml: default.` or `--set `.
        values: Key → value, nested.
    """

    label: str
    values: Mapping[str, Any]


def nested(key: str, value: Any) -> dict[str, Any]:
    """Return the mapping that a dotted key means: `handoff.ttl` is a key of the mapping `handoff`.

    Names of datasets and variables may hold dots, so their mappings take the rest of the key whole.
    """
    head, dot, rest = key.partition(".")
    if not dot:
        return {key: value}
    return {head: {rest: value} if head in _FLAT else nested(rest, value)}


def merge(layers: Sequence[Layer]) -> dict[str, Any]:
    """Return one mapping: mappings merge deeply, everything else (lists too) is replaced by the later layer."""
    merged: dict[str, Any] = {}
    for layer in layers:
        whole = {key: value for key, value in layer.values.items() if key in _REPLACED}
        merged = {**_merge_two(merged, layer.values), **whole}
    return merged


def _merge_two(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge_two(below, value) if both else value  # type: ignore[arg-type]  # `both` narrows
    return merged


def locate(layers: Sequence[Layer], place: Sequence[str | int]) -> str:
    """Return the path of a value as people find it: that of the last layer that holds most of it.

    Example:
        `airflow.yml: default.tasks[0].retries`, `--set handoff.ttl`
    """
    layer = max(reversed(layers), key=lambda layer: _depth(layer.values, place), default=None)
    return f"{layer.label}{path_text(place)}" if layer else path_text(place)


def _depth(values: Any, place: Sequence[str | int]) -> int:
    for depth, step in enumerate(place):
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(place)


def path_text(place: Sequence[str | int]) -> str:
    """Return a path with dots and brackets: `tasks[0].select`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_spell(step)}" for step in place)
    return text.removeprefix(".")


def _spell(step: str) -> str:
    step = _SPELLING.get(step, step)
    return step if _PLAIN_KEY.fullmatch(step) else f'"{step}"'
