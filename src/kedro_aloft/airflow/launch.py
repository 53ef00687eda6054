"""Launchers: how a request reaches the runtime.

- in the Airflow task's own process, which imports Kedro and the project for this task alone
- in a fork of a warm server, which has imported them: on workers whose environment names a directory for such servers
  in `KEDRO_ALOFT_WARM`, because only who runs a worker knows that it lives long and may keep processes
- in a process of another Python (`execution: venv`), where Airflow's own environment has no Kedro

A launcher gets a `TaskRequest` and returns a `TaskReport`; both cross as JSON even here, so that a virtual
environment, a container or a pod can stand on the other side without a change on this one.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.contract.keys import DEFAULT_VENV_CACHE, DEFAULT_VENV_PYTHON
from kedro_aloft.contract.report import TaskReport
from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.contract.journal import Tell
    from kedro_aloft.contract.request import TaskRequest

WARM_VARIABLE = "KEDRO_ALOFT_WARM"
"""Directory for warm servers; empty or not set where there are none."""

WARM_IDLE_VARIABLE = "KEDRO_ALOFT_WARM_IDLE_S"
"""Seconds without work after which a warm server ends."""

_RUNTIME = "kedro_aloft.runtime.process"


def launch(
    request: TaskRequest, *, warm: str, venv: Mapping[str, str] | None = None, tell: Tell | None = None
) -> TaskReport:
    """Run the request.

    Args:
        request: What to run.
        warm: `auto` to use a warm server where the worker offers one, `never`.
        venv: The Python of its own that it needs: `python`, `requirements` and `cache` as in airflow.yml; None for
            this one.
        tell: Gets what is new in the journal while the nodes run.

    Raises:
        RunError: If that Python is not there.
    """
    if venv is not None:
        return launch_in_venv(request, venv, tell=tell)
    directory = os.environ.get(WARM_VARIABLE, "") if warm == "auto" else ""
    return launch_warm(request, Path(directory), tell=tell) if directory else launch_in_process(request, tell=tell)


def launch_warm(request: TaskRequest, directory: Path, *, tell: Tell | None = None) -> TaskReport:
    """Run the request in a fork of the project's server; in this process when anything speaks against it."""
    from kedro_aloft.warm.client import IDLE_S, run_warm

    idle_s = IDLE_S
    with suppress(ValueError):
        idle_s = float(os.environ.get(WARM_IDLE_VARIABLE) or IDLE_S)
    report = run_warm(request.to_json(), directory=directory, idle_s=idle_s, fresh=_run_here, tell=tell)
    return TaskReport.from_json(report)


def launch_in_venv(request: TaskRequest, venv: Mapping[str, str], *, tell: Tell | None = None) -> TaskReport:
    """Run the request in a process of another Python; paths are relative to the project."""
    from kedro_aloft.venv import build_environment, failed_before, run_in_python

    project = Path(request.project_path)
    python = venv.get("python")
    if "requirements" in venv:
        if python is not None and os.sep in python:
            python = str(project / python)
        cache = project / venv.get("cache", DEFAULT_VENV_CACHE)
        try:
            built = build_environment(project / venv["requirements"], python=python, cache=cache)
        except RunError as error:
            return failed_before(error)
        return run_in_python(request, built, journal=tell)
    return run_in_python(request, project / (python or DEFAULT_VENV_PYTHON), journal=tell)


def launch_in_process(request: TaskRequest, *, tell: Tell | None = None) -> TaskReport:
    """Run the request in this process."""
    return TaskReport.from_json(_run_here(request.to_json(), tell=tell))


def _run_here(request: str, *, tell: Tell | None = None) -> str:
    """The runtime, and Kedro with it, is imported only now."""
    _allow_child_processes()
    report: str = importlib.import_module(_RUNTIME).run(request, tell=tell)
    return report


def stop_child_processes() -> None:
    """Kill what nodes or Kedro's ParallelRunner started: forked ones ignore SIGTERM by Airflow's handler."""
    for child in multiprocessing.active_children():
        child.kill()


def _allow_child_processes() -> None:
    """Let nodes and Kedro's ParallelRunner start processes.

    LocalExecutor's workers are daemonic, tasks are forked from them and inherit a mark that forbids children, though
    they are no daemons of `multiprocessing` themselves. https://github.com/apache/airflow/issues/14896
    """
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
