from __future__ import annotations

import pytest

from kedro_aloft.settings import DagSettings
from kedro_aloft.settings.problems import MODELS
from kedro_aloft.settings.reference import GROUPS, REFERENCE_FILE, Row, render_reference, rows


def test_the_page_is_fresh() -> None:
    message = "run: make docs"
    assert REFERENCE_FILE.read_text(encoding="utf-8") == render_reference(), message


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.path)
def test_every_key_has_a_meaning_an_example_and_a_place(row: Row) -> None:
    assert row.schema["description"].endswith(".")
    assert row.schema["examples"]
    assert row.group in GROUPS


def test_every_key_is_on_the_page() -> None:
    paths = {row.path for row in rows()}
    assert set(DagSettings.model_fields) <= paths
    for holder in ("handoff", "filters", "notify"):
        assert {f"{holder}.{name}" for name in MODELS[holder].model_fields} <= paths
    for holder in ("tasks", "wait_for"):
        assert {f"{holder}[].{name}" for name in MODELS[holder].model_fields} <= paths


def test_tables_have_six_columns() -> None:
    lines = [
        line for line in render_reference().splitlines() if line.startswith("| `") and "`dag_id` | the" not in line
    ]
    assert all(line.replace("\\|", "").count("|") in (5, 7) for line in lines)
    assert len(lines) >= len(rows())
