"""Kedro runtime parameters of one DAG run: from airflow.yml, from the trigger form, from `--params`."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import CONF_KEY
from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOOLEANS = {"true": True, "false": False}


def runtime_params(
    *,
    rendered: Mapping[str, Any],
    templates: Mapping[str, Any],
    form: Mapping[str, Any],
    defaults: Mapping[str, Any],
    conf: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the nested runtime parameters, later sources over earlier ones.

    Args:
        rendered: `runtime_params` of airflow.yml after Airflow rendered the templates.
        templates: The same before: a rendered text that looks like a number or a boolean becomes one, as
            `kedro run --params` does.
        form: Values of the trigger form, by dotted parameter name.
        defaults: The form's defaults; a value that equals its default is not passed, so that the project's
            configuration stays the source of truth.
        conf: The DAG run's conf.

    Raises:
        RequestError: If a value is of no JSON type.
    """
    merged: dict[str, Any] = _converted(rendered, templates)
    for name, value in form.items():
        if name in conf and name in defaults and value != defaults[name]:
            _merge(merged, _nest(name, value))
    explicit = conf.get(CONF_KEY)
    if isinstance(explicit, dict):
        _merge(merged, explicit)
    for name, value in merged.items():
        _check(name, value)
    return merged


def _check(name: str, value: Any) -> None:
    """Parameters cross to the runtime as JSON; what JSON does not know is refused with its name."""
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"The runtime parameter '{name}' cannot be passed to Kedro.",
            seen=str(error),
            remedy="use texts, numbers, booleans, lists and mappings; write a date as text",
        ) from error


def _nest(dotted: str, value: Any) -> dict[str, Any]:
    for part in reversed(dotted.split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = deepcopy(value)


def _converted(rendered: Any, template: Any) -> Any:
    if isinstance(rendered, dict):
        originals = template if isinstance(template, dict) else {}
        return {key: _converted(value, originals.get(key)) for key, value in rendered.items()}
    if isinstance(rendered, list) and isinstance(template, list) and len(rendered) == len(template):
        return [_converted(value, original) for value, original in zip(rendered, template, strict=True)]
    if isinstance(rendered, str) and isinstance(template, str) and ("{{" in template or "{%" in template):
        return _plain(rendered)
    return rendered


def _plain(text: str) -> str | int | float | bool:
    if text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
