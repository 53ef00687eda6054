"""Airflow's tasks start warm where the worker offers it."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.client import follow_run, wait_for_dag
from kedro_aloft.warm.stop import find_servers
from support.airflow import task_log
from support.commands import program, user_environment
from support.warm import DEADLINE_S, alive, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.embedded import EmbeddedAirflow
    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

FUNCTIONS = """
    import logging, sys, time

    def talk(x):
        note(f"parent {os.getppid()}")
        logging.getLogger("my.library").warning("beware")
        print("printed")
        print("complaint", file=sys.stderr)
        return x

    def bad(x): raise ValueError("not today")

    def wait(x):
        try:
            note(f"pid {os.getpid()} {os.getppid()}")
            while True:
                time.sleep(0.1)
        finally:
            note("cleaned up")
"""
TALK = "node(talk, 'params:x', 'a', name='talk')"
NODES = f"{TALK}, node(bad, 'params:x', 'b', name='bad'), node(wait, 'params:x', 'c', name='wait')"


@pytest.fixture
def put_live(
    shared_airflow: EmbeddedAirflow, api: AirflowApi, builder: ProjectBuilder
) -> Iterator[Callable[..., Project]]:
    """Build the project; put a DAG with one node into the shared Airflow and wait until it is live."""
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1).build()
    file = shared_airflow.dags_folder / f"{builder.package}.py"

    def put(node: str, **options: str) -> Project:
        arguments = {"package": project.package, "project_path": str(project.path), "warm": "auto", **options}
        file.write_text(
            "from airflow.sdk import DAG\n"
            "from kedro_aloft.airflow import KedroOperator, KedroPipeline\n"
            f"kedro = KedroPipeline(**{arguments!r})\n"
            f"with DAG({project.package!r}, tags=['live'], is_paused_upon_creation=False):\n"
            f"    KedroOperator(task_id={node!r}, kedro=kedro, nodes=[{node!r}])\n"
        )
        wait_for_dag(api, project.package, marker="live", deadline_s=300, file=file)
        api.set_paused(project.package, paused=False)
        return project

    yield put
    file.unlink(missing_ok=True)


def _run(api: AirflowApi, project: Project, node: str) -> tuple[str | None, list[dict[str, object]]]:
    run = api.trigger(project.package)
    state = follow_run(api, project.package, run.run_id, on_change=lambda _: None).run.state
    return state, task_log(api, project.package, run.run_id, node)


def test_tasks_of_the_embedded_airflow_are_forks_of_one_server(
    shared_airflow: EmbeddedAirflow, put_live: Callable[..., Project], api: AirflowApi
) -> None:
    project = put_live("talk")
    for _ in range(2):
        state, entries = _run(api, project, "talk")
        assert state == "success"
        assert not [entry for entry in entries if "starts fresh" in str(entry["event"])]
        said = {(entry.get("logger"), entry.get("level"), entry["event"]) for entry in entries}
        assert ("my.library", "warning", "beware") in said
        # Airflow 3.0 tells the channel apart from the logger.
        printed = [entry["event"] for entry in entries if "std" in f"{entry.get('logger')} {entry.get('chan')}"]
        assert sorted(printed) == ["complaint", "printed"]
    (parent,) = {int(note.split()[1]) for note in project.notes()}
    assert parent in find_servers(shared_airflow.layout.warm)
    assert _working_directory(parent) == project.path.resolve()


def test_a_failure_is_shown_with_its_traceback(put_live: Callable[..., Project], api: AirflowApi) -> None:
    project = put_live("bad")
    state, entries = _run(api, project, "bad")
    assert state == "failed"
    (entry,) = [entry for entry in entries if "Task 'bad' failed" in str(entry["event"])]
    (detail,) = entry["error_detail"]  # type: ignore[misc]
    assert (detail["exc_type"], detail["exc_value"]) == ("ValueError", "not today")
    assert detail["frames"][-1]["name"] == "bad"
    assert detail["frames"][-1]["filename"].endswith("functions.py")


def _working_directory(pid: int) -> Path | None:
    """A server works in the folder of its project; servers of other tests come and go."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink()
    return None


def test_never_means_never(shared_airflow: EmbeddedAirflow, put_live: Callable[..., Project], api: AirflowApi) -> None:
    project = put_live("talk", warm="never")
    assert _run(api, project, "talk")[0] == "success"
    (parent,) = {int(note.split()[1]) for note in project.notes()}
    servers = find_servers(shared_airflow.layout.warm)
    assert parent not in servers
    assert project.path.resolve() not in map(_working_directory, servers)


def test_a_task_that_is_stopped_ends_its_fork(put_live: Callable[..., Project], api: AirflowApi) -> None:
    project = put_live("wait")
    run = api.trigger(project.package)
    (line,) = wait_until(lambda: [note for note in project.notes() if note.startswith("pid")], "the node")
    pid = int(line.split()[1])
    assert alive(pid)
    api.fail_run(project.package, run.run_id)
    wait_until(lambda: not alive(pid), "the end of the fork")
    assert project.notes()[-1] == "cleaned up"


def test_nothing_is_left_when_the_embedded_airflow_ends(builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", TALK).parameters(x=1).build()
    outcome = project.run()
    assert outcome["state"] == "success"
    (parent,) = {int(note.split()[1]) for note in project.notes()}
    assert not alive(parent)
    assert find_servers(project.path / ".airflow" / "warm") == []


def test_nothing_is_left_of_a_run_that_is_interrupted(builder: ProjectBuilder) -> None:
    nodes = "node(wait, 'params:x', 'c', name='wait')"
    project = builder.functions(FUNCTIONS).pipeline("__default__", nodes).parameters(x=1).build()
    command = [program("kedro"), "airflow", "run", f"--set=project_path={project.path}"]
    with subprocess.Popen(command, cwd=project.path, env=user_environment(), stderr=subprocess.DEVNULL) as process:
        (line,) = wait_until(lambda: project.notes() or process.poll(), "the node")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=DEADLINE_S) == 130
    assert not any(alive(int(pid)) for pid in line.split()[1:])
    assert project.notes()[-1] == "cleaned up"
