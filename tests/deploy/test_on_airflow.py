"""`deploy local` on a real Airflow: one command to a green run, new code for new runs, the old for those in flight."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.client import follow_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.e2e

FUNCTIONS = """
import time
from pathlib import Path

VERSION = "one"

def first():
    return VERSION

def wait(x, gate):
    if gate:
        Path(gate).with_suffix(".waiting").touch()
    while gate and not Path(gate).exists():
        time.sleep(0.05)
    return x

def last(x):
    return f"{x} then {VERSION}"
"""
"""`wait` ends when the test makes a file: a node that takes as long as the test wants."""

NODES = """
    node(first, None, 'a', name='first'),
    node(wait, ['a', 'params:gate'], 'b', name='wait'),
    node(last, 'b', 'c', name='last'),
"""


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder], on_airflow: Callable[..., Project]) -> Project:
    builder = (
        module_builder("released")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pickles("c")
        .parameters(gate="")
        .airflow_yml("default: {retries: 0, max_active_runs: 4}\n")
    )
    return on_airflow(builder)


@pytest.fixture(scope="module")
def deploy(project: Project) -> Iterator[Callable[..., Any]]:
    """The Airflow is shared, so the folder of the project is named; else it would be above the DAG file.

    A deploy leaves the Airflow up; this one ends with the tests all the same.
    """
    own = f"--set=project_path={project.path}"
    yield lambda *options: project.airflow("deploy", "local", "--json", own, *options).ok().json()
    project.airflow("destroy", "local", "--yes").ok()
    (project.path / ".airflow/keep").unlink(missing_ok=True)  # one Airflow for both projects


def _edit(project: Project, old: str, new: str) -> None:
    path = project.path / f"src/{project.package}/functions.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _wait_for(path: Path, deadline_s: float = 300) -> None:
    deadline = time.monotonic() + deadline_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.1)


def _run(api: AirflowApi, project: Project, **params: str) -> str:
    return api.trigger(project.package, conf={"kedro_params": params} if params else {}).run_id


def _state(api: AirflowApi, project: Project, run_id: str) -> str:
    return follow_run(api, project.package, run_id, on_change=lambda _task: None).run.state


def test_one_command_to_a_green_run(project: Project, deploy: Callable[..., Any]) -> None:
    done = deploy("--trigger", "--wait")
    assert [one["state"] for one in done["runs"]] == ["success"]
    assert project.pickled("c") == "one then one"
    told = {one["step"]: one["told"] for one in done["steps"]}
    assert told[f"see {project.package} live"] == "live"
    assert not list(project.handoff.rglob("release-*"))  # the run's place is gone with the run


def test_a_run_in_flight_ends_with_the_old_code_and_a_new_one_has_the_new(
    project: Project, deploy: Callable[..., Any], api: AirflowApi, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    old = _run(api, project, gate=str(gate))
    _wait_for(gate.with_suffix(".waiting"))
    _edit(project, 'VERSION = "one"', 'VERSION = "two"')
    done = deploy("--trigger", "--wait")
    assert [one["state"] for one in done["runs"]] == ["success"]
    assert project.pickled("c") == "two then two"
    gate.touch()
    assert _state(api, project, old) == "success"
    assert project.pickled("c") == "one then one"


def test_a_run_whose_task_a_deploy_changed_fails_and_says_so(
    project: Project, deploy: Callable[..., Any], api: AirflowApi, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    old = _run(api, project, gate=str(gate))
    _wait_for(gate.with_suffix(".waiting"))
    registry = project.path / f"src/{project.package}/pipeline_registry.py"
    before = registry.read_text(encoding="utf-8")
    registry.write_text(before.replace("name='last'", "name='end'"), encoding="utf-8")
    deploy()
    gate.touch()
    assert _state(api, project, old) == "failed"
    said = str([api.log(project.package, old, task, 1) for task in ("last", "end")])
    assert "ALOFT-704" in said
    assert project.pickled("c") == "one then one"
    registry.write_text(before, encoding="utf-8")


def test_a_rollback_runs_what_was_there_before(project: Project, deploy: Callable[..., Any], api: AirflowApi) -> None:
    first = deploy()["release"]
    _edit(project, 'VERSION = "two"', 'VERSION = "three"')
    deploy()
    back = project.airflow("rollback", "local", "--json").ok().json()
    assert back["release"] == first
    assert {one["step"]: one["told"] for one in back["steps"]}[f"see {project.package} live"] == "live"
    assert _state(api, project, _run(api, project)) == "success"
    assert project.pickled("c") == "two then two"


# --- fused tasks, whose nodes are tasks to the eye


@pytest.fixture(scope="module")
def fused(module_builder: Callable[[str], ProjectBuilder], on_airflow: Callable[..., Project]) -> Iterator[Project]:
    """The same nodes in one task."""
    builder = (
        module_builder("fused")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pickles("c")
        .parameters(gate="")
        .airflow_yml("default: {retries: 0, max_active_runs: 4, group_by: pipeline}\n")
    )
    project = on_airflow(builder)
    yield project
    project.airflow("destroy", "local", "--yes").ok()
    (project.path / ".airflow/keep").unlink(missing_ok=True)  # one Airflow for both projects


def _shown(api: AirflowApi, project: Project, run_id: str) -> dict[str, str]:
    return {
        task.task_id: task.state for task in api.tasks(project.package, run_id) if not task.task_id.startswith("__")
    }


def test_a_fused_run_in_flight_shows_the_nodes_that_it_runs(fused: Project, api: AirflowApi, tmp_path: Path) -> None:
    def deploy(*options: str) -> Any:
        return fused.airflow("deploy", "local", "--json", f"--set=project_path={fused.path}", *options).ok().json()

    gate = tmp_path / "gate"
    deploy()
    old = _run(api, fused, gate=str(gate))
    _wait_for(gate.with_suffix(".waiting"))
    _edit(fused, 'VERSION = "one"', 'VERSION = "two"')
    registry = fused.path / f"src/{fused.package}/pipeline_registry.py"
    text = registry.read_text(encoding="utf-8")
    registry.write_text(text.replace("name='last')", "name='last'), node(first, None, 'd', name='more')"), "utf-8")
    (new,) = deploy("--trigger", "--wait")["runs"]
    assert new["state"] == "success"
    assert fused.pickled("c") == "two then two"
    assert _shown(api, fused, new["run_id"]) == dict.fromkeys(("first", "wait", "last", "more"), "success")
    gate.touch()
    assert _state(api, fused, old) == "success"
    assert fused.pickled("c") == "one then one"
    assert _shown(api, fused, old) == dict.fromkeys(("first", "wait", "last"), "success") | {"more": "skipped"}
