"""Run tasks as a worker does: each in a process of its own, far from the project's directory."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.contract.report import TaskReport
from kedro_aloft.contract.request import TaskRequest
from support.commands import run_python, user_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.projects import Project

RUN = "run-1"
_SOURCE = Path(__file__).parents[2] / "src"
VERSION = "2026-01-02T03.04.05.678Z-0123abcd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a task or a command ended, and all that it printed."""

    code: int
    text: str
    report: TaskReport | None = None

    def ok(self) -> TaskReport:
        """Return the report; fail the test when the task failed."""
        assert self.report is not None, self.text
        assert self.report.failure is None, self.text
        return self.report

    def failure(self) -> Any:
        """Return the failure; fail the test when the task succeeded."""
        assert self.report is not None, self.text
        assert self.report.failure is not None, self.text
        return self.report.failure


def request_of(project: Project, *nodes: str, **fields: Any) -> TaskRequest:
    """Return the request for a task of these nodes."""
    content = {
        "dag_id": project.package,
        "run_id": RUN,
        "task_id": nodes[0] if nodes else "none",
        "version": VERSION,
        "run_directory": f"{project.package}/{fields.get('run_id', RUN)}",
        "project_path": str(project.path),
        "package": project.package,
        "pipeline": "__default__",
        "handoff_uri": ".airflow/handoff",
        **fields,
    }
    return TaskRequest(nodes=nodes, **{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})


@dataclass
class Worker:
    """One Airflow worker that has imported Kedro."""

    process: subprocess.Popen[str]
    workdir: Path
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def task(self, project: Project, *nodes: str, env_vars: Mapping[str, str] | None = None, **fields: Any) -> Ran:
        """Run a task of these nodes; fields go into the request."""
        request = request_of(project, *nodes, **fields)
        report = self.workdir / f"report-{next(self._count)}.json"
        done = self._serve({"request": request.to_json(), "report": str(report)}, env_vars, self.workdir)
        read = TaskReport.from_json(report.read_text(encoding="utf-8")) if report.exists() else None
        return Ran(code=done["code"], text=done["out"], report=read)

    def alone(
        self, project: Project, env: Mapping[str, str] | None = None, *skip: str, node: str = "start", **fields: Any
    ) -> str:
        """Run one node in an interpreter of its own, which imports everything anew.

        Args:
            project: The project.
            env: Environment of the interpreter.
            skip: Distributions whose plugin hooks are skipped.
            node: The node.
            fields: Go into the request.

        Returns:
            All that it printed; the message of the failure when the task failed.
        """
        request = request_of(project, node, skip_plugin_hooks=list(skip), **fields)
        code = (
            "import logging, sys; from kedro_aloft.runtime import process;"
            "logging.basicConfig(level=20, stream=sys.stderr, format='%(levelname)s %(name)s %(message)s');"
            "print(process.run(sys.argv[1]))"
        )
        paths = [str(_SOURCE), *filter(None, [(env or {}).get("PYTHONPATH")])]
        environment = {**(env or {}), "PYTHONPATH": os.pathsep.join(paths)}
        done = run_python(code, request.to_json(), cwd=self.workdir, env=environment).ok()
        failure = json.loads(done.out.splitlines()[-1])["failure"]
        return f"failed: {failure['message']}" if failure else done.text

    def kedro(self, project: Project, *argv: str, env_vars: Mapping[str, str] | None = None) -> Ran:
        """Run `kedro …` in the project."""
        done = self._serve({"argv": list(argv)}, env_vars, project.path)
        return Ran(code=done["code"], text=done["out"])

    def _serve(self, work: dict[str, Any], env_vars: Mapping[str, str] | None, cwd: Path) -> dict[str, Any]:
        out = self.workdir / f"out-{next(self._count)}.txt"
        work = {**work, "env": dict(env_vars or {}), "cwd": str(cwd), "out": str(out)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(work) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the worker died"
        done: dict[str, Any] = json.loads(answer)
        assert not done["left"], f"processes outlived the task\n{done['out']}"
        return done


@pytest.fixture(scope="session")
def worker_process() -> Iterator[subprocess.Popen[str]]:
    """The process behind all workers of the session; it ends when we do."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=user_environment(PYTHONPATH=str(_SOURCE)),
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def worker(worker_process: subprocess.Popen[str], tmp_path: Path) -> Worker:
    """A worker whose working directory is no project."""
    workdir = tmp_path / "worker"
    workdir.mkdir()
    return Worker(worker_process, workdir)
