"""The text of the new airflow.yml: every line says where it comes from."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.values import Fate
from kedro_aloft.settings.problems import seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDTH = 110
_HEAD = "# Written by `kedro airflow migrate` from {sources}."
_FLAT = ("env_vars", "runtime_params", "resource_profiles")


@dataclass(slots=True, kw_only=True)
class Entry:
    """What became of one old key in one section; `settings` has dotted keys."""

    key: str
    old: Any
    source: str
    fate: Fate
    why: str
    settings: dict[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def refuse(self, why: str) -> None:
        """Take the settings back: they are not valid."""
        self.fate, self.why, self.settings = Fate.BY_HAND, why, {}


@dataclass(slots=True, kw_only=True)
class Section:
    """A section of the new file."""

    name: str
    entries: list[Entry] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """Return the settings, nested; later entries win."""
        merged: dict[str, Any] = {}
        for entry in self.entries:
            for key, value in entry.settings.items():
                _put(merged, key, value)
        return merged


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    head, dot, rest = key.partition(".")
    if not dot:
        values[head] = value
    elif head in _FLAT:
        values.setdefault(head, {})[rest] = value
    else:
        _put(values.setdefault(head, {}), rest, value)


def shown(value: Any, key: str = "") -> str:
    """Return a short text of a value; what may be a secret is never shown."""
    return seen(value, (key,))


def render_yaml(sections: Iterable[Section], sources: Sequence[str]) -> str:
    """Return the text of an airflow.yml; it ends with a newline."""
    lines = [_HEAD.format(sources=", ".join(dict.fromkeys(sources)))]
    for section in sections:
        lines += ["", f"{section.name}:", *_settings(section), *_leftovers(section)]
        if not section.values():
            lines.append("  {}")
    return "\n".join([*lines, ""])


def _settings(section: Section) -> list[str]:
    """One block per top key, below the comments of all entries that it comes from."""
    lines: list[str] = []
    told: set[str] = set()
    for key, value in section.values().items():
        for entry in section.entries:
            if entry.key not in told and any(one.partition(".")[0] == key for one in entry.settings):
                told.add(entry.key)
                lines += [*(f"  {comment}" for comment in entry.comments), *_origin(entry)]
        lines += [f"  {line}" for line in _dump({key: value})]
    return lines


def _origin(entry: Entry) -> list[str]:
    if entry.fate is Fate.KEPT:
        return []
    return _comment(f"from {entry.source}{f': {entry.why}' if entry.why else ''}")


def _leftovers(section: Section) -> list[str]:
    """What has no setting, as comments: nothing of the old file is lost without a word."""
    reasons: dict[str, list[Entry]] = {}
    for entry in section.entries:
        if not entry.settings:
            reasons.setdefault(f"{entry.fate}: {entry.why}", []).append(entry)
    lines: list[str] = []
    for reason, entries in reasons.items():
        lines += ["", *_comment(reason)]
        for entry in entries:
            lines += [f"  #   {line}" for line in _dump({entry.key: _redacted(entry)})]
    return lines


def _redacted(entry: Entry) -> Any:
    """The old file stays beside this one; secrets need no second copy."""
    return "(not shown)" if shown(entry.old, entry.key).endswith("(not shown)") else entry.old


def _comment(text: str) -> list[str]:
    """Lines of a comment; what YAML has no place for is escaped."""
    text = "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
    return [f"  # {line}" for line in textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)]


def _dump(values: Mapping[str, Any]) -> list[str]:
    """Block style, but plain lists in one line, as people write them."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
            return True

    def represent_list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
        plain = not any(isinstance(item, (Mapping, list)) for item in items)
        return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=plain)

    Dumper.add_representer(list, represent_list)
    text: str = yaml.dump(
        values, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=math.inf
    )
    return text.rstrip("\n").splitlines()
