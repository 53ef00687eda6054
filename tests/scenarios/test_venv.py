"""`execution: venv` on a real Airflow: libraries that conflict with Airflow's, beside a task in its own Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.airflow import task_log
from support.runs import tasks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

    OnAirflow = Callable[[ProjectBuilder], Project]

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

FUNCTIONS = """
    import logging, sys

    def version(x):
        import pandas
        logging.getLogger("shop").warning("beware")
        return {"pandas": pandas.__version__, "python": sys.executable}

    def compare(old, new): return [old["pandas"], new["pandas"], old["python"] != new["python"]]
    def fail(x): raise ValueError("not today")
"""


def test_nodes_with_conflicting_libraries_run_beside_each_other(
    on_airflow: OnAirflow, builder: ProjectBuilder, api: AirflowApi
) -> None:
    project = on_airflow(
        builder.functions(FUNCTIONS)
        .pipeline(
            "__default__",
            """
            node(version, "params:x", "old", name="old"),
            node(version, "params:x", "new", name="new"),
            node(compare, ["old", "new"], "both", name="compare"),
            """,
        )
        .pickles("old", "new", "both")
        .parameters(x=1)
        .airflow_yml(
            """
            default:
              venv: {requirements: old.txt}
              tasks:
                - {select: old, execution: venv}
            """
        )
    )
    (project.path / "old.txt").write_text("kedro==1.2.0\nkedro-datasets\npandas==2.2.3\n")
    outcome = project.run()
    assert outcome["state"] == "success", outcome
    old, new, apart = project.pickled("both")
    assert (old, new.partition(".")[0], apart) == ("2.2.3", "3", True)
    assert tasks_of(outcome)["old"]["nodes"][0]["seconds"] is not None
    said = {
        (entry.get("logger"), entry.get("level"), entry["event"])
        for entry in task_log(api, outcome["dag_id"], outcome["run_id"], "old")
    }
    assert ("shop", "warning", "beware") in said


def test_a_failure_in_another_python_is_a_failed_task_without_retry(
    on_airflow: OnAirflow, builder: ProjectBuilder
) -> None:
    project = on_airflow(
        builder.functions(FUNCTIONS).pipeline("__default__", "node(fail, 'params:x', 'y', name='fail')").parameters(x=1)
    )
    outcome = project.run("--set=execution=venv", "--set=venv.python=none/bin/python")
    assert outcome["state"] == "failed"
    assert tasks_of(outcome)["fail"]["tries"] == 1
