"""Kedro runtime parameters of one DAG run: from airflow.yml, from the trigger form, from `--params`."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import CONF_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        templates: The same before: a rendered text that looks like a number becomes one, as `kedro run --params` does.
        form: Values of the trigger form, by dotted parameter name.
        defaults: The form's defaults; a value that equals its default is not passed, so that the project's
            configuration stays the source of truth.
        conf: The DAG run's conf.
    """
    merged = _numbers(rendered, templates)
    for name, value in form.items():
        if name in conf and name in defaults and value != defaults[name]:
            _merge(merged, _nest(name, value))
    explicit = conf.get(CONF_KEY)
    if isinstance(explicit, dict):
        _merge(merged, explicit)
    return merged


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


def _numbers(rendered: Any, template: Any) -> Any:
    if isinstance(rendered, dict):
        originals = template if isinstance(template, dict) else {}
        return {key: _numbers(value, originals.get(key)) for key, value in rendered.items()}
    if isinstance(rendered, str) and isinstance(template, str) and ("{{" in template or "{%" in template):
        return _number(rendered)
    return rendered


def _number(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
