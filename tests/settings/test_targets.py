"""The section `targets:`: each kind has its keys, and everything that is wrong is said at once, where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.errors import SettingsError
from kedro_aloft.settings import check_settings
from kedro_aloft.settings.targets import KINDS, FolderTarget, read_targets

if TYPE_CHECKING:
    from collections.abc import Mapping


def _read(**targets: Any) -> Mapping[str, Any]:
    return read_targets({"targets": targets, "default": {}}, source="conf/base/airflow.yml")


def _refused(**targets: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        _read(**targets)
    return str(caught.value)


def test_targets_are_read_by_name_in_the_order_of_the_file() -> None:
    found = _read(prod={"kind": "folder", "path": "s3://shop/dags"}, here={"kind": "local"})
    assert list(found) == ["prod", "here"]
    assert found["prod"] == FolderTarget(kind="folder", path="s3://shop/dags")


@pytest.mark.parametrize("section", [{}, {"targets": None}])
def test_there_need_not_be_any(section: dict[str, Any]) -> None:
    assert read_targets(section, source="airflow.yml") == {}


def test_a_login_names_variables() -> None:
    found = _read(prod={"kind": "local", "airflow": {"url": "https://a", "auth": {"kind": "token", "token_env": "T"}}})
    assert found["prod"].airflow.auth.token_env == "T"
    assert found["prod"].airflow.auth.kind == "token"


def test_an_unknown_kind_is_named_with_the_closest() -> None:
    said = _refused(prod={"kind": "foldr", "path": "x"})
    assert "targets.prod.kind" in said
    assert "Did you mean 'folder'?" in said


@pytest.mark.parametrize("values", [None, "local", ["local"], {}])
def test_what_names_no_kind_is_refused(values: Any) -> None:
    assert "targets.prod.kind" in _refused(prod=values)


@pytest.mark.parametrize(
    ("values", "place", "hint"),
    [
        ({"kind": "folder", "pth": "x", "path": "y"}, "targets.prod.pth", "'path'"),
        ({"kind": "local", "airflow": {"ulr": "x"}}, "targets.prod.airflow.ulr", "'url'"),
        ({"kind": "local", "airflow": {"auth": {"user_env": "x"}}}, "targets.prod.airflow.auth.user_env", ""),
        ({"kind": "folder"}, "targets.prod.path", "add `path`"),
        ({"kind": "local", "airflow": {"auth": {"password_env": "hunter 2"}}}, "password_env", ""),
    ],
)
def test_a_wrong_key_is_named_with_its_path(values: dict[str, Any], place: str, hint: str) -> None:
    said = _refused(prod=values)
    assert place in said
    assert hint in said
    assert "hunter" not in said


def test_all_problems_are_told_at_once() -> None:
    said = _refused(one={"kind": "folder"}, two={"kind": "locl"})
    assert "targets.one.path" in said
    assert "targets.two.kind" in said


def test_kinds_of_third_parties_count() -> None:
    class Nomad(KINDS["local"]):  # type: ignore[misc]
        kind: str
        job: str

    found = read_targets(
        {"targets": {"x": {"kind": "nomad", "job": "j"}}}, source="airflow.yml", kinds={**KINDS, "nomad": Nomad}
    )
    assert found["x"].job == "j"  # type: ignore[attr-defined]


def test_the_section_is_no_pipeline() -> None:
    raw = {"default": {"retries": 3}, "targets": {"prod": {"kind": "local"}}}
    reading = check_settings(raw, pipeline="__default__", pipelines=("__default__",), source="airflow.yml")
    assert reading.problems == ()
    assert reading.settings is not None
    assert reading.settings.retries == 3
    wrong = check_settings({"targets": []}, pipeline="__default__", pipelines=("__default__",), source="airflow.yml")
    assert [one.path for one in wrong.problems] == ["airflow.yml: targets"]
