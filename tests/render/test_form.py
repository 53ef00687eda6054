from __future__ import annotations

import math
from typing import Any

import pytest

from kedro_aloft.graph.snapshot import Parameter
from kedro_aloft.render import looks_secret
from kedro_aloft.render.form import build_form


def form(hide: tuple[str, ...] = (), **defaults: Any) -> dict[str, Any]:
    found = build_form(
        [Parameter(name=name.replace("__", "."), default=value) for name, value in defaults.items()], hide=hide
    )
    return {name: (call.args[0], dict(call.kwargs)) for name, call in found.items()}


@pytest.mark.parametrize(
    ("default", "kind"),
    [(True, "boolean"), (3, "integer"), (0.5, "number"), ("x", "string"), ({"a": 1}, "object"), ([], "array")],
)
def test_a_parameter_has_its_type_and_default(default: Any, kind: str) -> None:
    value, schema = form(a=default)["a"]
    assert value == default
    assert schema["type"] == kind


def test_a_parameter_without_default_takes_anything() -> None:
    value, schema = form(a=None)["a"]
    assert value is None
    assert "null" in schema["type"]
    assert "string" in schema["type"]


def test_nested_parameters_stand_in_sections() -> None:
    assert form(model__depth=1)["model.depth"][1]["section"] == "model"
    assert "section" not in form(depth=1)["depth"][1]


@pytest.mark.parametrize(
    ("default", "items"),
    [
        (["a"], {"type": "string"}),
        ([1, 2.5], {"type": "number"}),
        ([True], {"type": ["null", "string", "number", "boolean", "object", "array"]}),
    ],
)
def test_the_items_of_a_list_keep_their_type(default: list[Any], items: dict[str, Any]) -> None:
    assert form(a=default)["a"][1]["items"] == items


def test_a_text_of_several_lines_gets_a_field_of_several_lines() -> None:
    assert form(a="x\ny")["a"][1]["format"] == "multiline"
    assert "format" not in form(a="x")["a"][1]


@pytest.mark.parametrize(
    "default", [math.nan, math.inf, -math.inf, [1.0, math.nan], {"a": {"b": math.inf}}, "\0", ["\ud800"], {"\0": 1}]
)
def test_what_no_database_takes_is_described_instead(default: Any) -> None:
    value, schema = form(a=default)["a"]
    assert value is None
    assert "null" in schema["type"]
    assert "which the form cannot hold" in schema["description_md"]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db.password",
        "db_password",
        "apiToken",
        "API_KEY",
        "aws.secret_access_key",
        "SMTP_PASSWD",
        "client-secret",
    ],
)
def test_what_looks_like_a_secret_is_not_shown(name: str) -> None:
    assert looks_secret(name)
    assert build_form([Parameter(name=name, default="hunter2")]) == {}


@pytest.mark.parametrize(
    "name", ["token_count", "max_tokens", "key", "primary_key", "keyboard", "secretary", "passwords_file", ""]
)
def test_what_only_resembles_a_secret_is_shown(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    "default", [{"password": "x"}, [{"a": {"token": "x"}}], "postgresql://me:pw@host/db", ["s3://k:v@b"]]
)
def test_a_secret_inside_a_value_hides_the_parameter(default: Any) -> None:
    assert form(a=default) == {}


def test_parameters_are_hidden_by_name_by_glob_and_with_their_parent() -> None:
    shown = form(("a.*", "b", "c?"), a__x=1, b__y=2, b=3, c1=4, c=5, bb=6)
    assert set(shown) == {"c", "bb"}
