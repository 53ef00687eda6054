"""KedroStart and KedroFinish: what is done once per DAG run, before and after the tasks that run nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.airflow.operator import KedroOperator
from kedro_aloft.contract.keys import FINISH, PER_RUN, START

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from kedro_aloft.airflow.pipeline import KedroPipeline
    from kedro_aloft.contract.request import TaskRequest


class KedroStart(KedroOperator):
    """Make the MLflow run of the DAG run; with `pipeline_hooks="per_run"` call the hooks `before_pipeline_run`.

    A setup: when it fails no node runs, and clearing any task runs it again.

    Args:
        kedro: What all tasks of the DAG share.
        nodes: The nodes of the DAG where they are not all of the pipeline's.
        kwargs: Any argument of `KedroOperator`.
    """

    ui_color = "#eeeeee"
    stage = START

    def __init__(
        self, *, kedro: KedroPipeline, task_id: str = "start_run", nodes: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(task_id=task_id, kedro=kedro, nodes=nodes, **kwargs)
        self.as_setup()  # type: ignore[no-untyped-call]


class KedroFinish(KedroOperator):
    """Give the MLflow run its final state; with `pipeline_hooks="per_run"` call the hooks for the end of the pipeline.

    A teardown: it runs however the other tasks ended, and its own result never decides that of the DAG run.

    Args:
        kedro: What all tasks of the DAG share.
        nodes: The nodes of the DAG where they are not all of the pipeline's.
        kwargs: Any argument of `KedroOperator`.
    """

    ui_color = "#eeeeee"
    stage = FINISH

    def __init__(
        self, *, kedro: KedroPipeline, task_id: str = "finish_run", nodes: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(task_id=task_id, kedro=kedro, nodes=nodes, **kwargs)
        self.as_teardown()

    def build_request(self, context: Context) -> TaskRequest:
        """Return what the runtime is asked for, with all that is known of how the run ended."""
        from kedro_aloft.contract.outcome import failed_tasks

        states = states_of(context)
        failed = failed_tasks(states) if self.kedro.pipeline_hooks == PER_RUN else ()
        errors = {task_id: _error_of(task_id, context) for task_id in failed}
        request = super().build_request(context)
        return replace(request, states=states, errors={task_id: text for task_id, text in errors.items() if text})


def states_of(context: Context) -> dict[str, str | None]:
    """Return the states of the run's tasks by id, without teardowns and without those that run nothing."""
    from kedro_aloft.contract.outcome import without

    ti: Any = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    return without(states, {ti.task_id, *(task.task_id for task in context["dag"].tasks if _says_nothing(task))})


def _says_nothing(task: Any) -> bool:
    """Gates and mirrors of fused tasks say less than their runner, and may still wait, or show an earlier try."""
    return bool(task.is_teardown or task.inherits_from_empty_operator or task.start_from_trigger)


def _error_of(task_id: str, context: Context) -> str:
    """Return what a task left of its failure; nothing when it was killed, or was no task of ours."""
    from kedro_aloft.contract.keys import REPORT_KEY

    report = context["ti"].xcom_pull(task_ids=task_id, key=REPORT_KEY)
    failure = report.get("failure") if isinstance(report, dict) else None
    return f"{failure['type'].rpartition('.')[2]}: {failure['message']}" if failure else ""
