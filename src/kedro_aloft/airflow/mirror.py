"""Mirrors: tasks that run nothing, and end as their node of a fused task ended.

A mirror never takes a worker: the scheduler starts its trigger, and the trigger's event ends it (Airflow ≥ 3.3). DAG
files import this module at every parse; what a mirror does stands in `trigger`, and what it decides in
`contract.mirror`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.triggers.base import StartTriggerArgs

from kedro_aloft.contract.keys import MIRROR_LINK_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Context

PATIENCE = timedelta(hours=1)
"""How long a mirror is left to a triggerer before it comes to a worker, for as long as it takes to look at its runner.

Nobody can tell it whether a triggerer serves it. Shorter runs pay nothing for that; in longer ones each mirror takes a
worker for some seconds. Each time it waits as long as all times before together: six times in a run of a day.
"""

_LONGEST_PAUSE = 6
"""Power of two of the seconds between two looks from a worker, each of which is a process there."""


class RunnerLogLink(BaseOperatorLink):
    """A button on the mirror's page that leads to the task that runs its node, and so to the node's log."""

    name = "Task that runs this node"
    xcom_key = MIRROR_LINK_KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  (Airflow reads the XCom instead)
        """Nothing: the link comes with the event that ends the mirror."""
        return ""


class KedroMirror(BaseOperator):
    """Show one node of a fused task; `fused` makes these.

    It starts with the DAG run, whatever is before it, and waits for its runner. It has no retries of its own: the
    runner's retries are those of its nodes.

    Args:
        node: The node.
        runner_id: Id of the task that runs it.
        kwargs: Any argument of Airflow's `BaseOperator`.
    """

    ui_color = "#dff3e4"
    operator_extra_links = (RunnerLogLink(),)
    start_from_trigger = True

    node: str
    runner_id: str

    def __init__(self, *, node: str, runner_id: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, **_PINNED})
        start = StartTriggerArgs(
            trigger_cls="kedro_aloft.airflow.trigger.MirrorTrigger",
            trigger_kwargs={"node": node, "runner_id": runner_id},
            next_method="execute",
            timeout=PATIENCE,
        )
        vars(self).update(node=node, runner_id=runner_id, start_trigger_args=start)  # as `KedroOperator` does it

    def execute(self, context: Context) -> None:
        """Show the node from a worker: what `airflow dags test` does, and Airflow when a trigger fails.

        One look at the runner; while that has not ended the mirror comes again later, with longer and longer pauses.
        """
        self._show(context, or_else=_come_again)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:  # noqa: ARG002
        """Show the node from a worker, or leave it to a triggerer again when the patience with the last one ended."""
        told = next_kwargs or {}
        traceback = told.get("traceback")
        if traceback is None:
            if "error" in told:
                self.log.warning("No triggerer has shown node '%s' in time. Does one live?", self.node)
            return self._show(context, or_else=self._wait_on)
        self.log.warning(
            "The triggerer could not show node '%s', so a worker does. Is kedro-aloft where the triggerer runs? %s",
            self.node,
            "".join(traceback),
        )
        return self.execute(context)

    def _show(self, context: Context, *, or_else: Callable[[Context], NoReturn]) -> None:
        """End as the node ended, if its runner has ended."""
        from kedro_aloft.airflow.shown import left_by, runner_page, tell
        from kedro_aloft.airflow.watching import look_at
        from kedro_aloft.contract.mirror import MirrorTry, Showing, Sight, has_ended, judge

        ti: Any = context["ti"]
        clears = getattr(context["dag_run"], "clear_number", 0) or 0
        own = MirrorTry(node=self.node, id=str(ti.id), try_number=ti.try_number, clear_number=clears)
        runner, journal = look_at(ti.dag_id, ti.run_id, self.runner_id, known=False)
        if not has_ended(runner):
            or_else(context)
        verdict = judge(own, Sight(runner=runner, journal=journal))
        for key, value in left_by(verdict, link=runner_page(ti, self.runner_id)).items():
            ti.xcom_push(key=key, value=value)
        tell(self.log, verdict, node=self.node, runner_id=self.runner_id)
        if verdict.showing is Showing.FAILED:
            from kedro_aloft.compat import airflow_fail_exception

            raise airflow_fail_exception(f"Node '{self.node}' {verdict.reason}.")
        if verdict.showing is Showing.SKIPPED:
            from airflow.sdk.exceptions import AirflowSkipException

            raise AirflowSkipException(f"Node '{self.node}' {verdict.reason}.")

    def _wait_on(self, context: Context) -> NoReturn:
        """Wait in a triggerer as long again as since the beginning: the start is that of the first wait."""
        from datetime import datetime, timezone

        from kedro_aloft.airflow.trigger import MirrorTrigger

        waited = datetime.now(timezone.utc) - context["ti"].start_date
        trigger = MirrorTrigger(node=self.node, runner_id=self.runner_id)
        self.log.info("Node '%s' is left to the triggerer again.", self.node)
        self.defer(trigger=trigger, method_name="execute", timeout=max(waited, PATIENCE))


def _come_again(context: Context) -> NoReturn:
    from datetime import datetime, timezone

    from airflow.sdk.exceptions import AirflowRescheduleException

    so_far: int = context.get("task_reschedule_count", 0)
    pause = timedelta(seconds=2 ** min(so_far, _LONGEST_PAUSE))
    raise AirflowRescheduleException(datetime.now(timezone.utc) + pause)  # type: ignore[no-untyped-call]


_PINNED: Mapping[str, Any] = {
    "retries": 0,
    "retry_delay": timedelta(minutes=5),
    "trigger_rule": "always",
    "execution_timeout": None,
    "depends_on_past": False,
    "email_on_failure": False,
    "email_on_retry": False,
    "on_failure_callback": None,
    "on_retry_callback": None,
    "on_success_callback": None,
    "on_skipped_callback": None,
    "on_execute_callback": None,
    "pool": "default_pool",
    "pool_slots": 1,
}
"""What a DAG's `default_args` must not change: they speak of tasks that run something.

A pool may count tasks that wait: mirrors would fill that of their runner, and wait for it for ever. Where nothing is
retried the delay is Airflow's own, which its serialised DAGs leave out.
"""
