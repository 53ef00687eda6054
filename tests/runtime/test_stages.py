"""Once per DAG run: the stages before and after the tasks that run nodes, and hooks around the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import Project, ProjectBuilder

HOOKS = """
    from kedro.framework.hooks import hook_impl
    from {package}.functions import note

    class ProjectHooks:
        @hook_impl
        def after_context_created(self, context): note("context")

        @hook_impl
        def before_pipeline_run(self, run_params, pipeline, catalog):
            names = sorted(run_params["node_names"] or ())
            note(f"before {{len(pipeline.nodes)}} {{names}} {{run_params['runner']}} {{catalog.load('params:x')}}")

        @hook_impl
        def before_node_run(self, node): note(f"node {{node.name}}")

        @hook_impl
        def on_pipeline_error(self, error, pipeline): note(f"error {{len(pipeline.nodes)}} {{error}}")

        @hook_impl
        def after_pipeline_run(self, run_params, pipeline):
            note(f"after {{len(pipeline.nodes)}} {{run_params['run_id']}}")
"""
FUNCTIONS = "def start(x): return x\ndef end(x): raise ValueError('not today')"
NODES = "node(start, 'params:x', 'middle', name='start'), node(end, 'middle', 'last', name='end')"
VERSION = "2026-01-02T03.04.05.678Z-0123abcd"


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    """A project whose hooks leave notes."""
    hooks = HOOKS.format(package=builder.package)
    return builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1).hooks(hooks).build()


def serve(worker: Worker, project: Project, stage: str, **fields: Any) -> list[str]:
    """Serve a request of a stage; return the new notes of the project's hooks."""
    before = len(project.notes())
    worker.task(project, *fields.pop("nodes", ()), stage=stage, task_id=stage, **fields).ok()
    return project.notes()[before:]


def test_once_per_run_each_hook_is_called_by_its_stage_alone(worker: Worker, project: Project) -> None:
    start = serve(worker, project, "start", pipeline_hooks="per_run")
    assert start == ["context", "before 2 [] SequentialRunner 1"]
    assert serve(worker, project, "nodes", pipeline_hooks="per_run", nodes=["start"]) == ["context", "node start"]
    finish = serve(worker, project, "finish", pipeline_hooks="per_run", states={"a": "success"})
    assert finish == ["context", f"after 2 {VERSION}"]


def test_a_failed_run_is_an_error_with_the_words_of_its_tasks(worker: Worker, project: Project) -> None:
    states = {"a": "success", "b": "failed", "c": "failed", "d": "upstream_failed"}
    notes = serve(worker, project, "finish", pipeline_hooks="per_run", states=states, errors={"b": "ValueError: no"})
    assert notes == ["context", "error 2 Task 'b' failed: ValueError: no", "Task 'c' failed: see its log"]


def test_a_run_that_somebody_stopped_is_an_error_too(worker: Worker, project: Project) -> None:
    notes = serve(worker, project, "finish", pipeline_hooks="per_run", states={"a": "success", "b": "skipped"})
    assert notes == ["context", "error 2 The run was stopped before all tasks had run."]


def test_a_node_that_fails_is_no_error_of_the_pipeline_when_the_run_tells(worker: Worker, project: Project) -> None:
    ran = worker.task(project, "start", "end", pipeline_hooks="per_run")
    assert ran.failure().message == "not today"
    assert project.notes() == ["context", "node start", "node end"]


def test_a_filtered_dag_names_its_nodes_as_kedro_run_does(worker: Worker, project: Project) -> None:
    notes = serve(worker, project, "start", pipeline_hooks="per_run", nodes=["end"], runner="ThreadRunner")
    assert notes == ["context", "before 1 ['end'] ThreadRunner 1"]


def test_once_per_task_the_stages_call_no_hook_around_the_pipeline(worker: Worker, project: Project) -> None:
    assert serve(worker, project, "start") == ["context"]
    assert serve(worker, project, "finish", states={"a": "failed"}) == ["context"]
    kinds = [note.split()[0] for note in serve(worker, project, "nodes", nodes=["start"])]
    assert kinds == ["context", "before", "node", "after"]


def test_a_hook_that_fails_before_the_run_fails_its_stage(worker: Worker, builder: ProjectBuilder) -> None:
    hooks = HOOKS.format(package=builder.package).replace("names = sorted", "raise ValueError('no entry'); sorted")
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1).hooks(hooks).build()
    ran = worker.task(project, stage="start", task_id="start", pipeline_hooks="per_run")
    assert ran.failure().message == "no entry"
    assert project.notes() == ["context"]


@pytest.mark.parametrize("stage", ["start", "finish"])
def test_the_stages_take_the_project_s_own_kind_of_session(worker: Worker, project: Project, stage: str) -> None:
    pytest.importorskip("kedro.framework.session.service_session")
    settings = project.path / f"src/{project.package}/settings.py"
    with settings.open("a") as file:
        file.write("from kedro.framework.session.service_session import KedroServiceSession as SESSION_CLASS\n")
    assert serve(worker, project, stage, states={"a": "success"}) == ["context"]
    (_, note) = serve(worker, project, stage, pipeline_hooks="per_run", states={"a": "success"})
    assert note.startswith({"start": "before 2", "finish": "after 2"}[stage])
