"""A project whose DAGs are on the second Airflow, and the commands that operate it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kedro_aloft.cli import airflow
from kedro_aloft.client import wait_for_dag
from kedro_aloft.render import recorded_fingerprint
from support.commands import Done

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder
    from support.remote import Remote

_FUNCTIONS = '''
import logging
import time
from datetime import datetime


def begin(start, fail):
    note("begin")
    logging.getLogger(__name__).info("beginning with %s", start)
    return start


def double(x):
    note("double")
    return 2 * x


def finish(x, fail):
    note("finish")
    if fail:
        raise ValueError("asked to fail")
    return x + 1


def day(name):
    note(name)
    return name


def wait_for_gate(name):
    """Waits for a file of the test, not for a time."""
    logging.getLogger(__name__).info("waiting for the gate")
    end = time.monotonic() + 600
    while not (PROJECT / "gate").exists() and time.monotonic() < end:
        time.sleep(0.05)
    logging.getLogger(__name__).info("the gate is open")
    return name
'''


def invoke(*words: str, env: dict[str, str]) -> Done:
    """Run `kedro airflow …` in this process, and leave its logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        result = CliRunner().invoke(airflow, list(words), env=env)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(argv=("kedro", "airflow", *words), code=result.exit_code, out=result.stdout, err=result.stderr)


@dataclass(frozen=True, slots=True)
class Operated:
    """A project with its DAGs on the second Airflow."""

    project: Project
    remote: Remote

    def operate(self, verb: str, *words: str, pipeline: str = "", user: str = "admin") -> Done:
        """Run `kedro airflow <verb>` on the second Airflow in this process, by the DAG's id: a tenth of the time."""
        dag = f"{self.project.package}-{pipeline}" if pipeline else self.project.package
        place = () if verb in {"list", "status", "doctor"} else (f"--dag={dag}",)
        return invoke(verb, f"--on={self.remote.url}", f"--username={user}", *place, *words, env=self.login(user))

    def kedro(self, verb: str, *words: str) -> Done:
        """Run it as users do, in the project's folder."""
        return self.project.airflow(verb, f"--on={self.remote.url}", "--username=admin", *words, env=self.login())

    def login(self, user: str = "admin") -> dict[str, str]:
        """The variable with the password."""
        return {"KEDRO_ALOFT_AIRFLOW_PASSWORD": self.remote.password(user)}

    def publish(self, *words: str) -> None:
        """Write all DAG files into the folder, and wait until they are live."""
        self.project.airflow(
            "create", "--all", f"--target-dir={self.remote.dags}", f"--set=project_path={self.project.path}", *words
        ).ok()
        for file in sorted(self.remote.dags.glob(f"{self.project.package}*_dag.py")):
            source = file.read_text()
            dag_id = source.partition('dag_id="')[2].partition('"')[0]
            wait_for_dag(self.remote.api(), dag_id, marker=str(recorded_fingerprint(source)), deadline_s=300, file=file)

    def outcome(self, verb: str, *words: str) -> dict[str, Any]:
        """Return what a verb that waits prints with --json."""
        done = self.operate(verb, "--json", *words)
        assert done.out.strip(), done.text
        content: dict[str, Any] = done.json()
        assert done.code == (0 if content["state"] == "success" else 1), done.text
        return content


@pytest.fixture(scope="module")
def operated(remote: Remote, module_builder: Callable[[str], ProjectBuilder]) -> Operated:
    """Three nodes, of which the first two hand data over in memory; a DAG with a schedule; one that waits."""
    project = (
        module_builder("operated")
        .functions(_FUNCTIONS)
        .pipeline(
            "__default__",
            """
            pipeline(
                [node(begin, ["params:start", "params:fail"], "begun", name="begin")],
                namespace="first", parameters={"params:start", "params:fail"}, outputs="begun",
            ),
            node(double, "begun", "doubled", name="double"),
            node(finish, ["doubled", "params:fail"], "finished", name="finish"),
            """,
        )
        .pipeline("daily", "node(day, 'params:name', 'dated', name='day')")
        .pipeline("gated", "node(wait_for_gate, 'params:name', 'gated', name='wait')")
        .pickles("doubled", "finished", "dated", "gated")
        .parameters(start=3, fail=False, name="monday")
        .airflow_yml(
            """
            default: {retries: 0}
            daily: {schedule: "@daily", start_date: "2026-01-01", catchup: false}
            gated:
              wait_for:
                - dag_id: nobody_runs_this
            """
        )
        .build()
    )
    operated = Operated(project, remote)
    operated.publish()
    return operated
