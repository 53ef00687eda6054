"""Airflow tasks as processes of their own that ask for warm starts, and servers that end with their test."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.report import TaskReport
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.warm.stop import find_servers, stop_servers
from support.commands import user_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project

DEADLINE_S = 180.0
VERSION = "2026-01-02T03.04.05.678Z-0123abcd"
_SOURCE = str(Path(__file__).parents[2] / "src")

_TASK = """
import logging, os, sys
from pathlib import Path
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
mode, request, out, directory, idle_s = sys.argv[1:]
if mode == "fresh":
    from kedro_aloft.runtime.process import run
    report = run(request)
else:
    from kedro_aloft.warm.client import run_warm
    report = run_warm(request, directory=Path(directory), idle_s=float(idle_s))
    left = [name for name in os.listdir("/proc/self/fd") if int(name) > 2 and os.path.exists(f"/proc/self/fd/{name}")]
    assert not left, left
Path(out).write_text(report)
"""


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until a condition is true and return its value; fail after a deadline that is far too long."""
    deadline = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)
    return value


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def request_of(project: Project, *nodes: str, **fields: Any) -> TaskRequest:
    """Return what a task of some nodes asks for."""
    content = {
        "dag_id": project.package,
        "run_id": "run-1",
        "task_id": nodes[0],
        "version": VERSION,
        "run_directory": f"{project.package}/run-1",
        "project_path": str(project.path),
        "package": project.package,
        "pipeline": "__default__",
        "handoff_uri": ".airflow/handoff",
        **fields,
    }
    return TaskRequest(nodes=nodes, **content)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended and what it told."""

    code: int
    out: str
    err: str
    report: TaskReport | None

    @property
    def fresh(self) -> str:
        """Why the task started fresh; empty when it did not."""
        lines = [line for line in self.err.splitlines() if "This task starts fresh: " in line]
        return lines[0].partition("fresh: ")[2] if lines else ""

    def ok(self) -> Ended:
        """Return itself; fail the test unless it was warm and succeeded."""
        assert not self.fresh, self.err
        return self.done()

    def done(self) -> Ended:
        """Return itself; fail the test unless it succeeded, warm or fresh."""
        assert self.report is not None, self.err
        assert self.report.failure is None, self.err
        return self

    def failure(self) -> Any:
        """Return the failure of a warm task."""
        assert not self.fresh, self.err
        assert self.report is not None, self.err
        assert self.report.failure is not None, self.err
        return self.report.failure


@dataclass
class Running:
    """A task that runs."""

    process: subprocess.Popen[str]
    report: Path

    def end(self) -> Ended:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=DEADLINE_S)
        text = self.report.read_text() if self.report.exists() else None
        return Ended(self.process.returncode, out, err, TaskReport.from_json(text) if text else None)


@dataclass
class Warm:
    """Runs tasks against the servers of one directory.

    Args:
        path: A directory of the test's own.
    """

    path: Path
    idle_s: float = 60.0
    _running: list[Running] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        """Where the sockets are."""
        return self.path / "sockets"

    @property
    def servers(self) -> list[int]:
        """The processes of the servers that listen."""
        return find_servers(self.directory)

    @property
    def server(self) -> int:
        """The process of the only server."""
        (pid,) = self.servers
        return pid

    def start(
        self,
        project: Project,
        *nodes: str,
        mode: str = "warm",
        env: dict[str, str] | None = None,
        options: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Running:
        """Start a task; fields go into the request, options to `Popen`."""
        number = len(self._running)
        out = self.path / f"report-{number}.json"
        request = request_of(project, *nodes, **fields).to_json()
        process = subprocess.Popen(
            [sys.executable, "-c", _TASK, mode, request, str(out), str(self.directory), str(self.idle_s)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=user_environment(PYTHONPATH=_SOURCE, **(env or {})),
            **{"cwd": self.path, **(options or {})},
        )
        self._running.append(Running(process, out))
        return self._running[-1]

    def run(self, project: Project, *nodes: str, **options: Any) -> Ended:
        """Run a task to its end."""
        return self.start(project, *nodes, **options).end()

    def close(self) -> None:
        """End everything that was started here."""
        for one in self._running:
            if one.process.poll() is None:
                one.process.kill()
            if one.process.stdout is not None and not one.process.stdout.closed:
                one.process.communicate()
        for pid in stop_servers(self.directory):
            assert not alive(pid)


def without_figures(report: TaskReport | None) -> Any:
    """Return a report without seconds and memory, and without the lines of a traceback."""
    assert report is not None
    content = json.loads(report.to_json())
    content.pop("seconds")
    for node in content["nodes"]:
        node.pop("seconds")
        node.pop("peak_memory_mib")
    if content["failure"]:
        content["failure"].pop("traceback")
    return content


def names_of(pid: int) -> list[str]:
    """Return what a process has open."""
    names = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(one.readlink()))
    return names


def memory(pid: int, name: str) -> int:
    """Return a figure of a process's memory in KiB: `Rss`, `Pss`, `Private_Dirty`."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
