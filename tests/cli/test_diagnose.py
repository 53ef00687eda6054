"""`kedro airflow diagnose` on a real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.pages import section, table_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]


def test_a_failed_node_is_named_with_its_error(
    builder: ProjectBuilder, on_airflow: Callable[[ProjectBuilder], Project]
) -> None:
    project = on_airflow(
        builder.functions("def burst(x): raise ValueError('no price for 3 rows')")
        .pipeline("__default__", "node(burst, 'params:a', 'b', name='price')")
        .parameters(a=1)
    )
    outcome = project.run("--set=retries=0")
    assert outcome["state"] == "failed"
    done = project.airflow("diagnose", "--json", outcome["dag_id"], outcome["run_id"])
    assert done.code == 1, done.text
    (found,) = done.json()
    told = (found["task"], found["state"], found["cause"], found["pod"])
    assert told == ("price", "failed", "node-failed", None), found["log"]
    assert "price" in found["hint"]
    assert "no price for 3 rows" in str(found["log"])
    rows = table_rows(section("docs/reference/json.md", "`diagnose --json`"))
    assert {row[0].strip("`").removeprefix("[].") for row in rows} == set(found)
    shown = project.airflow("diagnose", outcome["dag_id"], outcome["run_id"], "--task=price")
    assert "to do: see the task's log" in shown.out
    project.airflow("diagnose", outcome["dag_id"], outcome["run_id"], "--task=other").ok()
