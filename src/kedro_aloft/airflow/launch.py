"""Launchers: how a request reaches the runtime. Today one: in the Airflow task's own process.

A launcher gets a `TaskRequest` and returns a `TaskReport`; both cross as JSON even here, so that a virtual
environment, a container or a pod can stand on the other side without a change on this one.
"""

from __future__ import annotations

import importlib
import multiprocessing
from typing import TYPE_CHECKING

from kedro_aloft.contract.report import TaskReport

if TYPE_CHECKING:
    from kedro_aloft.contract.request import TaskRequest

_RUNTIME = "kedro_aloft.runtime.process"


def launch_in_process(request: TaskRequest) -> TaskReport:
    """Run the request in this process. The runtime, and Kedro with it, is imported only now."""
    _allow_child_processes()
    runtime = importlib.import_module(_RUNTIME)
    return TaskReport.from_json(runtime.run(request.to_json()))


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
