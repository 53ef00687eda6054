"""What only a real worker shows: the task log as Airflow keeps it, and a task that somebody stops."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.client import follow_run, wait_for_dag
from support.airflow import task_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.embedded import EmbeddedAirflow
    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

DEADLINE_S = 300

FUNCTIONS = """
    import logging, threading, time

    def talk(x):
        logging.getLogger("my.library").info("notice")
        logging.getLogger("my.library").warning("beware")
        logging.getLogger("my.library").debug("detail")
        print("printed")
        return x

    class Slow:
        def __reduce__(self):
            note("pickling")
            threading.Event().wait()

    def give(x): return [b"x" * 1_000_000, Slow()]

    def wait(x):
        note(f"pid {os.getpid()}")
        while True:
            time.sleep(0.1)
"""
NODES = """
    node(talk, "params:x", "said", name="talk"),
    node(give, "params:x", "given", name="give"),
    node(wait, "params:x", "waited", name="wait"),
    node(talk, "waited", "never", name="never"),
"""


@pytest.fixture
def put_live(
    shared_airflow: EmbeddedAirflow, api: AirflowApi, builder: ProjectBuilder
) -> Iterator[Callable[..., Project]]:
    """Build the project, put its DAG into the shared Airflow and wait until it is live."""
    file = shared_airflow.dags_folder / f"{builder.package}.py"

    def put(body: str, pipeline: str = "") -> Project:
        logging = "version: 1\nhandlers: {none: {class: logging.NullHandler}}\nroot: {handlers: [none]}\n"
        project = (
            builder.functions(FUNCTIONS)
            .pipeline("__default__", NODES)
            .parameters(x=1)
            .file("conf/logging.yml", logging)
            .build()
        )
        file.write_text(
            "from airflow.sdk import DAG\n"
            "from kedro_aloft.airflow import KedroOperator, KedroPipeline\n"
            f"kedro = KedroPipeline(package={project.package!r}, project_path={str(project.path)!r}, {pipeline})\n"
            f"with DAG({project.package!r}, tags=['live'], is_paused_upon_creation=False):\n    {body}\n"
        )
        wait_for_dag(api, project.package, marker="live", deadline_s=DEADLINE_S, file=file)
        api.set_paused(project.package, paused=False)
        return project

    yield put
    file.unlink(missing_ok=True)


def test_every_record_is_in_the_task_log_with_its_logger_and_level(
    put_live: Callable[..., Project], api: AirflowApi
) -> None:
    project = put_live("KedroOperator(task_id='talk', kedro=kedro, nodes=['talk'])")
    run = api.trigger(project.package)
    assert follow_run(api, project.package, run.run_id, on_change=lambda _: None).run.state == "success"
    entries = task_log(api, project.package, run.run_id, "talk")
    said = {(entry.get("logger"), entry.get("level"), entry["event"]) for entry in entries}
    assert ("my.library", "info", "notice") in said
    assert ("my.library", "warning", "beware") in said
    assert ("kedro.pipeline.node", "info", "Running node: talk: talk([params:x]) -> [said]") in said
    assert ("kedro_aloft.runtime.meter", "info", "::group::Node talk") in said
    assert "detail" not in {event for _, _, event in said}
    printed: list[Any] = [entry for entry in entries if "stdout" in str(entry.get("logger", ""))]
    assert [entry["event"] for entry in printed] == ["printed"]
    events = [entry["event"] for entry in entries]
    assert events.index("::group::Node talk") < events.index("beware")
    assert events.index("beware") < events.index("::endgroup::", events.index("beware"))


def _wait_for(project: Project, word: str, count: int = 1) -> list[str]:
    """Wait until nodes noted something; return these lines."""
    deadline = time.monotonic() + DEADLINE_S
    while len(lines := [line for line in project.notes() if line.startswith(word)]) < count:
        assert time.monotonic() < deadline, project.notes()
        time.sleep(0.05)
    return lines


def _wait_until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def _files(path: Path) -> list[str]:
    return sorted(one.name for one in path.rglob("*") if one.is_file())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_task_that_is_stopped_while_it_hands_over_leaves_nothing_half_written(
    put_live: Callable[..., Project], api: AirflowApi
) -> None:
    project = put_live("KedroOperator(task_id='give', kedro=kedro, nodes=['give'], gives=['given'], retries=1)")
    run = api.trigger(project.package)
    _wait_for(project, "pickling")
    api.fail_run(project.package, run.run_id)
    events = lambda: [entry["event"] for entry in task_log(api, project.package, run.run_id, "give")]  # noqa: E731
    _wait_until(lambda: "The task is asked to stop." in events(), "the task was not stopped")
    _wait_until(lambda: "Task exited" in events(), "the task did not end by itself")
    assert [name for name in _files(project.path / ".airflow") if name != ".gitignore"] == []
    assert api.tasks(project.package, run.run_id)[0].state == "failed"


def test_processes_of_a_stopped_task_end_with_it(put_live: Callable[..., Project], api: AirflowApi) -> None:
    project = put_live("KedroOperator(task_id='wait', kedro=kedro, nodes=['wait', 'never'])", "runner='ParallelRunner'")
    run = api.trigger(project.package)
    (line,) = _wait_for(project, "pid")
    child = int(line.split()[1])
    assert _alive(child)
    api.fail_run(project.package, run.run_id)
    _wait_until(lambda: not _alive(child), "the node's process outlived its task")
