"""Run hand-written DAG files with `airflow dags test`, each in an Airflow home of its own."""

from __future__ import annotations

import json
import sqlite3
import textwrap
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import run_dag_test
from support.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from support.airflow import DagTest
    from support.projects import Project

_HEADER = """\
from datetime import timedelta

from airflow.sdk import DAG, Param

from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline, duration, instant

kedro = KedroPipeline(package={package!r}, {pipeline})


def dag(**arguments):
    return DAG({package!r}, schedule=None, start_date=instant("2024-01-01T00:00:00+00:00"), **arguments)


def task(task_id, **arguments):
    return KedroOperator(task_id=task_id, kedro=kedro, **{{"nodes": [task_id], **arguments}})


"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """A run of one DAG that ended, and the reports and journals that its tasks left in XCom."""

    test: DagTest
    reports: Mapping[str, Any]
    journals: Mapping[str, Any]


def write_dag(project: Project, source: str, pipeline: str = "") -> Path:
    """Write the project's DAG file.

    Args:
        project: The project; the DAG has the name of its package.
        source: Python; `dag(…)`, `task(id, …)` and `kedro` are in scope.
        pipeline: Arguments of `KedroPipeline`.
    """
    header = _HEADER.format(package=project.package, pipeline=pipeline)
    return project.write("dags/dag.py", header + textwrap.dedent(source))


@pytest.fixture(scope="session")
def run_dag(airflow_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., DagRun]:
    """Write a project's DAG and run it; see `write_dag`."""

    def run(
        project: Project, source: str, *, pipeline: str = "", conf: Mapping[str, Any] | None = None, **env: str
    ) -> DagRun:
        write_dag(project, source, pipeline)
        workdir = tmp_path_factory.mktemp("airflow")
        test = run_dag_test(
            project.path / "dags", project.package, template=airflow_database, workdir=workdir, conf=conf, **env
        )
        with closing(sqlite3.connect(workdir / "airflow_home/airflow.db")) as database:
            rows = database.execute("SELECT key, task_id, value FROM xcom").fetchall()
        left: dict[str, dict[str, Any]] = {"kedro_report": {}, "journal": {}}
        for key, task, value in rows:
            if key in left:
                left[key][task] = _decoded(value)
        return DagRun(test=test, reports=left["kedro_report"], journals=left["journal"])

    return run


def _decoded(value: Any) -> Any:
    """Airflow 3.0 keeps an XCom as JSON text of JSON text."""
    while isinstance(value, (str, bytes)):
        value = json.loads(value)
    return value


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """What stands for the other process of a triggerer or a worker."""
    from airflow.sdk.execution_time import task_runner

    one = Supervisor()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", one, raising=False)
    return one
