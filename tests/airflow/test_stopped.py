"""A task of several nodes that is stopped by a signal, wherever its nodes run: the next try goes on with its data."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.warm.stop import stop_servers
from support.commands import user_environment
from support.runs import wait_until

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

SOURCE = str(Path(__file__).parents[2] / "src")
NAMES = ("first", "second", "third")

FUNCTIONS = """
    import time

    def first(): note("first"); return [1, lambda x: x + 1]
    def second(x):
        note("second")
        while not (PROJECT / "go").exists(): time.sleep(0.05)
        return x
    def third(x): note("third"); return x[1](x[0])
"""
NODES = """
    node(first, None, "one", name="first"), node(second, "one", "two", name="second"),
    node(third, "two", "three", name="third"),
"""

TASK = """
import json, logging, signal, sys
from pathlib import Path
from kedro_aloft.airflow.launch import launch_in_process, launch_in_venv, launch_warm, stop_child_processes
from kedro_aloft.contract.request import TaskRequest

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")

class TaskTimeout(BaseException):
    "As Airflow's: no Exception."

def time_out(*_): raise TaskTimeout()
def stop(*_):
    stop_child_processes()
    raise SystemExit(143)

signal.signal(signal.SIGALRM, time_out)
signal.signal(signal.SIGTERM, stop)
mode, request, servers = sys.argv[1:]
request = TaskRequest.from_json(request)
if mode == "process":
    report = launch_in_process(request)
elif mode == "venv":
    report = launch_in_venv(request, {"python": sys.executable})
else:
    report = launch_warm(request, Path(servers))
print(json.dumps({node.name: node.state for node in report.nodes}))
"""
"""A task's process with the handlers that Airflow and our operator give it."""


def start(project: Project, mode: str, servers: Path, try_number: int) -> subprocess.Popen[str]:
    request = TaskRequest(
        dag_id="shop",
        run_id="r1",
        task_id="all",
        try_number=try_number,
        version="2026-01-02T03.04.05.678Z-0123abcd",
        run_directory="shop/r1",
        project_path=str(project.path),
        package=project.package,
        pipeline="__default__",
        nodes=NAMES,
        handoff_uri=".airflow/handoff",
    )
    command = [sys.executable, "-c", TASK, mode, request.to_json(), str(servers)]
    return subprocess.Popen(
        command,
        cwd=servers.parent,
        env=user_environment(PYTHONPATH=SOURCE),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    ("mode", "number"),
    [
        pytest.param("process", signal.SIGTERM, id="process-stopped"),
        pytest.param("process", signal.SIGALRM, id="process-timeout"),
        pytest.param("warm", signal.SIGTERM, id="warm-stopped"),
        pytest.param("venv", signal.SIGALRM, id="venv-timeout"),
    ],
)
def test_what_was_in_memory_is_there_for_the_next_try(
    builder: ProjectBuilder, tmp_path: Path, mode: str, number: signal.Signals
) -> None:
    project, servers = (
        builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("three").build(),
        tmp_path / "s",
    )
    project.write("conf/base/parameters.yml", "x: 1")
    try:
        with start(project, mode, servers, 1) as task:
            wait_until(lambda: "second" in project.notes(), "the node runs")
            task.send_signal(number)
            text = task.communicate()[0]
        assert task.returncode != 0
        assert "Kept for the next try: 1 nodes done, 1 datasets" in text
        (project.path / "go").touch()
        with start(project, mode, servers, 2) as task:
            text = task.communicate()[0]
        assert task.returncode == 0, text
    finally:
        stop_servers(servers)
    assert json.loads(text.splitlines()[-1]) == {"first": "kept", "second": "success", "third": "success"}
    assert project.notes() == ["first", "second", "second", "third"]
    assert project.pickled("three") == 2
