"""`kedro airflow test` with the installed versions of Airflow and Kedro."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.projects import ProjectBuilder

pytestmark = pytest.mark.airflow


def test_airflow_leaves_what_kedro_leaves(builder: ProjectBuilder) -> None:
    """Parameters, versions, filters, handoff, and a pipeline that reads what the one before it made."""
    project = (
        builder.functions(
            """
            def make(day, sizes, base): return {"day": day, "sizes": [*sizes, base], "function": lambda x: x + 1}
            def use(made): return f"{made['day']}: {[made['function'](size) for size in made['sizes']]}"
            def count(sizes): return len(sizes)
            def never(): raise RuntimeError("is filtered out")
            """
        )
        .pipeline("first", 'node(count, "params:sizes", "base", name="count")')
        .pipeline(
            "second",
            """
            node(make, ["params:day", "params:sizes", "base"], "made", name="make"),
            node(use, "made", "used", name="use"),
            node(never, None, "nothing", name="never"),
            """,
        )
        .pickles("base")
        .pickles("used", versioned=True)
        .parameters(day="", sizes=[])
        .airflow_yml(
            """
            default: {runtime_params: {day: "{{ dag_run.run_after.year }}", sizes: [1, 2]}}
            second: {filters: {nodes: [make, use]}}
            """
        )
        .build()
    )
    before = project.tree()
    done = project.airflow("test", "--twice", "--json", "--pipelines=first,second").ok()
    reports = {report["pipeline"]: report for report in done.json()}
    assert {name: report["state"] for name, report in reports.items()} == {"first": "equal", "second": "equal"}
    assert [(one["dataset"], one["verdict"]) for one in reports["second"]["datasets"]] == [("used", "same bytes")]
    assert project.tree() == before
