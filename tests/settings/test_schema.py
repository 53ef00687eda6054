from __future__ import annotations

from typing import Any

import pytest

from kedro_aloft.settings import DagSettings
from kedro_aloft.settings.schema import SCHEMA_FILE, json_schema, schema_text

jsonschema = pytest.importorskip("jsonschema")


def is_valid(document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(json_schema()).is_valid(document))


def test_the_file_in_the_package_is_fresh() -> None:
    message = "run: make docs"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), message


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_it_holds_no_mark_of_ours() -> None:
    assert "x-group" not in schema_text()
    assert "x-type" not in schema_text()


def test_every_example_is_valid_for_the_editor_and_for_us() -> None:
    for name, field in DagSettings.model_fields.items():
        for example in field.examples or ():
            assert is_valid({"default": {name: example}}), (name, example)
            assert DagSettings.model_validate({name: example}), (name, example)


@pytest.mark.parametrize(
    "section",
    [
        None,
        {},
        {"schedule": None},
        {"schedule_interval": "@daily"},
        {"retry_delay": 5},
        {"tags": "one"},
        {"tags": None},
        {"handoff": {"ttl": "2d"}},
        {"wait_for": ["a", {"dag_id": "b"}]},
        {"notify": {"on_failure": [{"class": "a.B", "anything": 1}]}},
        {"env_vars": {"A": 1}},
        {"tasks": [{"select": "a", "pool": None}]},
    ],
)
def test_editors_accept_what_we_accept(section: Any) -> None:
    assert is_valid({"default": section, "any_pipeline": section, "_hidden": {"anything": 1}})


@pytest.mark.parametrize(
    "section",
    [
        {"retrys": 1},
        {"retries": "x"},
        {"retries": -1},
        {"handoff": {"url": "x"}},
        {"schedule": {"cron": "x"}},
        {"group_by": "x"},
        {"catchup": "yes"},
        {"tasks": [{"pool": "x"}]},
        {"tasks": [{"select": "a", "retries": None}]},
    ],
)
def test_editors_mark_what_we_refuse(section: Any) -> None:
    assert not is_valid({"default": section})
