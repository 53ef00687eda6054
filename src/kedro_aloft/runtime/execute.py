"""Run the nodes of one task exactly as `kedro run` would run them."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kedro_aloft.contract.keys import NODES
from kedro_aloft.contract.report import TaskReport
from kedro_aloft.runtime.collector import resting
from kedro_aloft.runtime.failure import describe_failure
from kedro_aloft.runtime.logs import apply_project_levels, keep_log_handlers
from kedro_aloft.runtime.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kedro_aloft.contract.journal import NodeEntry
    from kedro_aloft.contract.request import TaskRequest

logger = logging.getLogger(__name__)


def execute(request: TaskRequest, *, tell: Callable[[str, NodeEntry], None] | None = None) -> TaskReport:
    """Run the nodes that the request names.

    Args:
        request: What to run.
        tell: Called when a node starts and when it ends, in whatever thread runs it.

    Returns:
        A report of every node that started. A failure is part of it, never an exception; only what ends the whole
        process (signals, `SystemExit`, Airflow's timeout) passes through.
    """
    started = time.perf_counter()
    meter = Meter(tell)
    failure = None
    try:
        with _working_in(request.project_path), keep_log_handlers() as logging_config, resting() as wake_collector:
            _run(request, meter, logging_config, wake_collector)
    except Exception as error:
        failure = describe_failure(error, node=meter.failed_node, started=meter.started)
        logger.exception("Task '%s' failed: %s", request.task_id, failure.message)
    seconds = time.perf_counter() - started
    return TaskReport(nodes=meter.reports(request.nodes, ok=failure is None), seconds=seconds, failure=failure)


def _run(request: TaskRequest, meter: Meter, logging_config: Path | None, wake_collector: Callable[[], None]) -> None:
    """Imports Kedro only here, after the log handlers are safe."""
    from kedro_aloft.runtime.handoff import HandoffHooks
    from kedro_aloft.runtime.mlflow import MlflowHooks
    from kedro_aloft.runtime.project import load_project
    from kedro_aloft.runtime.resume import resume_of
    from kedro_aloft.runtime.session import BeforeNodes, run_session
    from kedro_aloft.runtime.stages import run_stage
    from kedro_aloft.runtime.versions import VersionHooks

    load_project(request)
    apply_project_levels(logging_config)
    if request.stage != NODES:
        run_stage(request)
        return
    resume = resume_of(request, meter)
    versions, mlflow = VersionHooks(request, resume=resume), MlflowHooks(request)
    own = () if resume is None else (resume,)
    hooks = (HandoffHooks(request, meter), *own, versions, mlflow, BeforeNodes(wake_collector))
    with mlflow.keeping_state(), meter.watch_nodes(request.runner), versions.removing_unfinished():
        run_session(request, hooks=hooks, around=None if resume is None else resume.around)
    if resume is not None:
        resume.done()


@contextmanager
def _working_in(path: str) -> Iterator[None]:
    """Kedro makes only some paths absolute, so nodes and datasets must find the project as their working directory."""
    before = os.getcwd()  # noqa: PTH109  a Path would be resolved; the same text must come back
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
