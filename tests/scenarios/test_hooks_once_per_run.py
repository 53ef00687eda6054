"""N11, A23: hooks around the pipeline exactly once per DAG run, on a real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.runs import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

    OnAirflow = Callable[[ProjectBuilder], Project]

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

HOOKS = """
    from kedro.framework.hooks import hook_impl
    from {package}.functions import note

    class ProjectHooks:
        @hook_impl
        def before_pipeline_run(self, run_params, pipeline):
            note(f"before {{sorted(node.name for node in pipeline.nodes)}} {{run_params['node_names']}}")

        @hook_impl
        def after_pipeline_run(self, pipeline): note(f"after {{len(pipeline.nodes)}}")

        @hook_impl
        def on_pipeline_error(self, error, pipeline): note(f"error {{len(pipeline.nodes)}} {{error}}")
"""
FUNCTIONS = """
    def start(fail):
        note("start")
        if fail:
            raise ValueError("not today")
        return 1

    def side(start):
        note("side")
        return start
"""
NODES = """
    node(start, "params:fail", "started", name="start"),
    node(side, "started", "left", name="left"),
    node(side, "started", "right", name="right"),
"""


@pytest.fixture
def project(on_airflow: OnAirflow, builder: ProjectBuilder) -> Project:
    """Three tasks in a project whose hooks leave notes."""
    return on_airflow(
        builder.functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .parameters(fail=False)
        .hooks(HOOKS.format(package=builder.package))
        .airflow_yml("default: {pipeline_hooks: per_run, retries: 1, retry_delay: 1s}")
    )


def test_a_good_run_and_a_bad_one(project: Project, api: AirflowApi) -> None:
    good = project.run()
    assert good["state"] == "success"
    notes = project.notes()
    assert notes[:2] == ["before ['left', 'right', 'start'] ()", "start"]
    assert sorted(notes[2:4]) == ["side", "side"]
    assert notes[4:] == ["after 3"]

    bad = project.run("--params=fail=true")
    assert bad["state"] == "failed"
    wait_until(lambda: _state(api, project, bad["run_id"], "finish_run") == "success", "the teardown ends well")
    assert project.notes()[5:] == [
        "before ['left', 'right', 'start'] ()",
        "start",
        "start",  # the retry: only when no try is left, the run has failed
        "error 3 Task 'start' failed: ValueError: not today",
    ]


def test_a_setup_that_fails_runs_nothing_and_fails_the_run(project: Project, api: AirflowApi) -> None:
    project.write(
        f"src/{project.package}/hooks.py",
        HOOKS.format(package=project.package).replace('note(f"before', 'raise KeyError(f"before'),
    )
    done = project.airflow("run", "--json", f"--set=project_path={project.path}")
    assert done.code == 1
    assert "start_run  failed" in done.err
    assert "KeyError: \"before ['left', 'right', 'start'] ()\"" in done.err
    outcome = done.json()
    assert outcome["state"] == "failed"
    states = {task.task_id: task.state for task in api.tasks(project.package, outcome["run_id"])}
    assert (states["start_run"], states["start"], states["left"]) == ("failed", "upstream_failed", "upstream_failed")
    assert project.notes() == []


def test_a_filtered_dag_names_its_nodes(project: Project) -> None:
    assert project.run("--nodes=start")["state"] == "success"
    assert project.notes() == ["before ['start'] ('start',)", "start", "after 1"]


def _state(api: AirflowApi, project: Project, run_id: str, task_id: str) -> str:
    return next(task.state for task in api.tasks(project.package, run_id) if task.task_id == task_id)
