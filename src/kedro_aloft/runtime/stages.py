"""What is done once per DAG run, before and after the tasks that run nodes: a Kedro session without any node."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kedro.runner import AbstractRunner

from kedro_aloft.contract.keys import FINISH, PER_RUN
from kedro_aloft.contract.outcome import SUCCESS, failed_tasks, outcome
from kedro_aloft.runtime.mlflow import MlflowHooks
from kedro_aloft.runtime.session import open_session, run_session

if TYPE_CHECKING:
    from kedro_aloft.contract.request import TaskRequest


class DagRunError(Exception):
    """The DAG run failed; what Kedro's hooks `on_pipeline_error` are given. Its text says which tasks, and why."""


class _NoNodes(AbstractRunner):
    """A runner that runs nothing, and ends as the DAG run did.

    Args:
        name: What Kedro's `run_params` say of the runner.
        error: Why the DAG run failed; None when it did not.
    """

    def __init__(self, name: str, error: DagRunError | None) -> None:
        super().__init__()
        self.__name__ = name
        self._error = error

    def run(self, *_args: Any, **_kwargs: Any) -> dict[str, Any]:
        if self._error is not None:
            raise self._error
        return {}

    def _get_executor(self, max_workers: int) -> None:
        raise NotImplementedError

    def _run(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError


def run_stage(request: TaskRequest) -> None:
    """Serve a request of the stage `start` or `finish`."""
    hooks = MlflowHooks(request)
    with hooks.keeping_state():
        if request.pipeline_hooks != PER_RUN:
            with open_session(request, hooks=(hooks,)) as session:
                session.load_context()
            return
        error = _error(request) if request.stage == FINISH else None
        with suppress(DagRunError):  # the hooks have heard of it; this task has nothing to complain about
            run_session(request, hooks=(hooks,), runner=_NoNodes(request.runner, error))


def _error(request: TaskRequest) -> DagRunError | None:
    """Return how the DAG run failed, in words; None when it did not."""
    if outcome(request.states) == SUCCESS:
        return None
    failed = [
        f"Task '{task_id}' failed: {request.errors.get(task_id) or 'see its log'}"
        for task_id in failed_tasks(request.states)
    ]
    return DagRunError("\n".join(failed) or "The run was stopped before all tasks had run.")
