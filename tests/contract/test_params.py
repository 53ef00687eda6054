"""Runtime parameters: airflow.yml under the form under `--params`; what nobody changed stays the project's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.contract.params import runtime_params
from kedro_aloft.errors import RequestError

pytestmark = pytest.mark.airflow


def params(**given: Any) -> dict[str, Any]:
    """Return the runtime parameters; `static` stands for what needs no rendering."""
    static = given.pop("static", {})
    nothing: dict[str, Any] = {name: {} for name in ("rendered", "templates", "form", "defaults", "conf")}
    return runtime_params(**{**nothing, "rendered": static, "templates": static, **given})


def test_without_anything_there_are_none() -> None:
    assert params() == {}


def test_static_values_stay_as_they_are() -> None:
    static = {"a": 1, "b": "1", "c": [True, None], "d": {"e": "true"}}
    assert params(static=static) == static


@pytest.mark.parametrize(
    ("rendered", "value"),
    [
        ("3", 3),
        ("-4", -4),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("True", True),
        ("false", False),
        ("2024-01-02", "2024-01-02"),
        ("", ""),
    ],
)
def test_rendered_templates_become_numbers_and_booleans(rendered: str, value: Any) -> None:
    nested = {"a": {"b": [rendered, "7"]}}
    got = params(rendered=nested, templates={"a": {"b": ["{{ x }}", "7"]}})
    assert got == {"a": {"b": [value, "7"]}}
    assert type(got["a"]["b"][0]) is type(value)


def test_form_values_that_somebody_changed_are_passed_nested() -> None:
    got = params(
        form={"size": 9, "model.depth": 3, "model.name": "tree"},
        defaults={"size": 1, "model.depth": 2, "model.name": "tree"},
        conf={"size": 9, "model.depth": 3, "model.name": "tree"},
    )
    assert got == {"size": 9, "model": {"depth": 3}}


def test_params_of_the_dag_that_are_no_parameters_of_the_form_are_not_passed() -> None:
    assert params(form={"other": 2}, defaults={}, conf={"other": 2}) == {}
    assert params(form={"size": 2}, defaults={"size": 1}, conf={}) == {}


def test_explicit_parameters_come_last_and_merge() -> None:
    got = params(
        static={"model": {"depth": 1, "name": "tree"}, "x": 1},
        form={"model.depth": 2},
        defaults={"model.depth": 1},
        conf={"model.depth": 2, "kedro_params": {"model": {"depth": 3}, "y": None}},
    )
    assert got == {"model": {"depth": 3, "name": "tree"}, "x": 1, "y": None}


def test_nothing_that_was_given_is_changed() -> None:
    static: dict[str, Any] = {"model": {"depth": 1}}
    params(static=static, conf={"kedro_params": {"model": {"depth": 3}}})
    assert static == {"model": {"depth": 1}}


def test_a_value_that_cannot_cross_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="'start' cannot be passed") as caught:
        params(static={"fine": 1, "start": {"at": date(2024, 1, 1)}})
    assert "write a date as text" in caught.value.remedy
