"""Mirrors: tasks that run nothing, and end as their node of a fused task ended.

A mirror never takes a worker: the scheduler starts its trigger, and the trigger's event ends it (Airflow ≥ 3.3). All
mirrors of a runner share one poller in each triggerer process. What they decide stands in `contract.mirror`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

from kedro_aloft.contract.keys import JOURNAL_KEY
from kedro_aloft.contract.mirror import MirrorTry, Showing, Sight, Verdict, has_ended, judge, may_write, read_journal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

    from airflow.sdk import Context

    from kedro_aloft.contract.journal import Journal, NodeEntry

logger = logging.getLogger(__name__)

FIGURES_KEY = "kedro_node"
"""XCom key of a mirror: its node's true times and figures. Airflow's own duration is that of the wait."""

POLL_S = 0.5
"""Shortest pause between two looks at a runner that runs, or is about to."""

PATIENCE_S = 0.05
"""What each earlier look adds to that pause, as long as there are as many mirrors that wait.

Mirrors that end together cost less: Airflow's DAG processor reads the DAG file once for all of them. A young run,
and one of which few mirrors are left, are looked at most often.
"""

IDLE_POLL_S = 2.0
"""The same while it waits for the tasks before it; and the longest pause."""

_LONGEST_PAUSE = 6
"""Power of two of the seconds between two looks from a worker, each of which is a process there."""

_SOON = frozenset({"running", "queued", "restarting"})


class RunnerLogLink(BaseOperatorLink):
    """A button on the mirror's page that leads to the task that runs its node, and so to the node's log."""

    name = "Task that runs this node"
    xcom_key = "_link_kedro_runner"

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

    def __init__(self, *, node: str, runner_id: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, **_PINNED})
        self.node = node
        self.runner_id = runner_id
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{__name__}.MirrorTrigger",
            trigger_kwargs={"node": node, "runner_id": runner_id},
            next_method="execute",
        )

    def execute(self, context: Context) -> None:
        """Show the node from a worker: what `airflow dags test` does, and Airflow when a trigger fails.

        One look at the runner; while that has not ended the mirror comes again later, with longer and longer pauses.
        """
        ti: Any = context["ti"]
        clears = getattr(context["dag_run"], "clear_number", 0) or 0
        own = MirrorTry(node=self.node, id=str(ti.id), try_number=ti.try_number, clear_number=clears)
        runner, journal = _read(ti.dag_id, ti.run_id, self.runner_id, known=False)
        if not has_ended(runner):
            self._come_again(context)
        verdict = judge(own, Sight(runner=runner, journal=journal))
        for key, value in _left(verdict, link=_runner_page(ti, self.runner_id)).items():
            ti.xcom_push(key=key, value=value)
        _tell(self.log, verdict, node=self.node, runner_id=self.runner_id)
        if verdict.showing is Showing.FAILED:
            from kedro_aloft.compat import airflow_fail_exception

            raise airflow_fail_exception(f"Node '{self.node}' {verdict.reason}.")
        if verdict.showing is Showing.SKIPPED:
            from airflow.sdk.exceptions import AirflowSkipException

            raise AirflowSkipException(f"Node '{self.node}' {verdict.reason}.")

    def _come_again(self, context: Context) -> NoReturn:
        from datetime import datetime, timedelta, timezone

        from airflow.sdk.exceptions import AirflowRescheduleException

        so_far: int = context.get("task_reschedule_count", 0)
        pause = timedelta(seconds=2 ** min(so_far, _LONGEST_PAUSE))
        raise AirflowRescheduleException(datetime.now(timezone.utc) + pause)  # type: ignore[no-untyped-call]

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:  # noqa: ARG002
        """Do as `execute`; say why there was no trigger to do it."""
        self.log.warning(
            "The triggerer could not show node '%s', so a worker does. Is kedro-aloft where the triggerer runs? %s",
            self.node,
            "".join((next_kwargs or {}).get("traceback") or ()),
        )
        return self.execute(context)


_PINNED: Mapping[str, Any] = {
    "retries": 0,
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

A pool may count tasks that wait: mirrors would fill that of their runner, and wait for it for ever.
"""


class MirrorTrigger(BaseTrigger):
    """Wait for a node of a fused task and end the mirror as the node ended.

    Args:
        node: The node.
        runner_id: Id of the task that runs it.
    """

    def __init__(self, *, node: str, runner_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.node = node
        self.runner_id = runner_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes this trigger again in another process."""
        return f"{__name__}.{type(self).__name__}", {"node": self.node, "runner_id": self.runner_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event that ends the mirror. Nothing is raised: an exception would send it to a worker."""
        ti: Any = self.task_instance
        own = MirrorTry(node=self.node, id=str(ti.id), try_number=ti.try_number, clear_number=_clear_number(ti))
        verdict = Verdict(showing=Showing.WAITING)
        async with contextlib.aclosing(_look(ti.dag_id, ti.run_id, self.runner_id)) as sights:
            async for sight in sights:
                before, verdict = verdict, judge(own, sight)
                if verdict.showing.is_end:
                    break
                if verdict.showing is Showing.RUNNING is not before.showing:
                    self.log.info("Node '%s' is running since %s.", self.node, _started(verdict))
        _tell(self.log, verdict, node=self.node, runner_id=self.runner_id)
        yield _event(verdict, link=_runner_page(ti, self.runner_id))


def _clear_number(ti: Any) -> int:
    """Airflow gives the DAG run only to triggers that the scheduler started."""
    context = getattr(ti, "_ti_context_from_server", None)
    return getattr(getattr(context, "dag_run", None), "clear_number", 0) or 0


def _tell(log: Any, verdict: Verdict, *, node: str, runner_id: str) -> None:
    """Leave in the mirror's log what Airflow's page of it cannot show, in one record.

    Airflow 3.3.2 drops what it has not read of a trigger's log when the trigger ends; and while it sends a trigger to
    its process it reads no log of the others, so that some 280 records at once make both wait for ever.
    """
    what, where = ", ".join(_words(verdict)), f"What it printed stands in the log of task '{runner_id}'."
    if verdict.showing is Showing.SUCCESS:
        log.info("Node '%s' succeeded: %s. %s", node, what, where)
    elif verdict.showing is Showing.FAILED:
        entry = verdict.entry
        message, tail = ("", "") if entry is None else (entry.message, entry.tail)
        log.error("Node '%s' %s (%s). %s\n%s\n%s", node, verdict.reason, what, message, tail, where)
    else:
        log.info("Node '%s' %s. %s", node, verdict.reason, where)


def _event(verdict: Verdict, *, link: str) -> TriggerEvent:
    kinds = {Showing.SUCCESS: TaskSuccessEvent, Showing.FAILED: TaskFailedEvent, Showing.SKIPPED: TaskSkippedEvent}
    return kinds[verdict.showing](xcoms=_left(verdict, link=link))


def _left(verdict: Verdict, *, link: str) -> dict[str, Any]:
    """Return what a mirror leaves in XCom, by key."""
    figures = {} if verdict.entry is None else {FIGURES_KEY: _figures(verdict.entry)}
    return {RunnerLogLink.xcom_key: link, **figures}


def _figures(entry: NodeEntry) -> dict[str, Any]:
    """Return what is known of a node, for people who look at the mirror's XCom."""
    state, start, end, figures = entry.to_json()
    times = {"start": _clock(start), "end": _clock(end), "seconds": entry.seconds}
    return {"state": state, **{key: value for key, value in times.items() if value is not None}, **figures}


def _words(verdict: Verdict) -> Iterator[str]:
    entry = verdict.entry
    if entry is None or entry.start is None:
        yield verdict.reason or "nothing more is known"
        return
    yield (
        f"from {_clock(entry.start)}" if entry.seconds is None else f"{entry.seconds:.2f} s from {_clock(entry.start)}"
    )
    for name, value in (("rows", entry.rows), ("bytes", entry.bytes), ("MiB at most", entry.peak)):
        if value is not None:
            yield f"{value:,} {name}"


def _started(verdict: Verdict) -> str:
    start = None if verdict.entry is None else _clock(verdict.entry.start)
    return start or "a while"


def _clock(seconds: float | None) -> str | None:
    from datetime import datetime, timezone

    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def _runner_page(ti: Any, runner_id: str) -> str:
    from urllib.parse import quote

    return f"/dags/{quote(ti.dag_id)}/runs/{quote(ti.run_id, safe='')}/tasks/{quote(runner_id)}"


# ------------------------------------------------------------------------------------------------ looking at a runner


class _Poller:
    """Looks at one runner as long as some mirror of this process wants to know."""

    def __init__(self, dag_id: str, run_id: str, runner_id: str) -> None:
        self.key = (dag_id, run_id, runner_id)
        self.sight = Sight()
        self.began = 0
        self.ended = 0
        self.looked = asyncio.Condition()
        self.watchers = 0
        self.task: asyncio.Task[None] | None = None

    async def sights(self) -> AsyncGenerator[Sight, None]:
        """Yield what is seen, at first and at each change; only looks that begin from now on count.

        An older one may have seen the runner as it was before the mirror that asks now was cleared.
        """
        wanted, known = self.began + 1, None
        while True:
            async with self.looked:
                await self.looked.wait_for(partial(self._has_news, wanted, known))
                known = self.sight
            yield known

    def _has_news(self, wanted: int, known: Sight | None) -> bool:
        return self.ended >= wanted and self.sight is not known

    async def poll(self) -> None:
        """Look again and again. A look that fails is no news: the API server may be away for a while."""
        failures = 0
        while True:
            try:
                await self._look()
                failures = 0
            except Exception:  # whatever it is, the mirrors wait for the next look
                failures += 1
                logger.warning("Cannot look at %s (%d times).", self.key, failures, exc_info=True)
            await asyncio.sleep(self._pause_s() if not failures else IDLE_POLL_S)

    def _pause_s(self) -> float:
        if self.sight.runner not in _SOON:
            return IDLE_POLL_S
        return min(POLL_S + PATIENCE_S * min(self.watchers, self.ended), IDLE_POLL_S)

    async def _look(self) -> None:
        from asgiref.sync import sync_to_async

        self.began += 1
        known = self.sight.journal is not None or not self.ended
        seen = await sync_to_async(_read)(*self.key, known=known)
        async with self.looked:
            sight = self.sight.followed_by(*seen)
            self.ended = self.began
            if sight != self.sight:
                self.sight = sight
            self.looked.notify_all()


_POLLERS: dict[tuple[Any, ...], _Poller] = {}


async def _look(dag_id: str, run_id: str, runner_id: str) -> AsyncGenerator[Sight, None]:
    """Yield what is seen of a runner, each time that something changed."""
    key = (asyncio.get_running_loop(), dag_id, run_id, runner_id)
    poller = _POLLERS.setdefault(key, _Poller(dag_id, run_id, runner_id))
    poller.watchers += 1
    if poller.task is None:
        poller.task = asyncio.create_task(poller.poll())
    try:
        async with contextlib.aclosing(poller.sights()) as sights:
            async for sight in sights:
                yield sight
    finally:
        poller.watchers -= 1
        if not poller.watchers:
            poller.task.cancel()
            _POLLERS.pop(key, None)


def _read(dag_id: str, run_id: str, runner_id: str, *, known: bool) -> tuple[str | None, Journal | None]:
    """Return the state of a runner, and the journal as it was after that.

    Args:
        dag_id, run_id, runner_id: The runner.
        known: Whether there may be a journal while no try runs; Airflow logs an error for each one that is not there.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from airflow.sdk.execution_time.xcom import XCom

    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, task_ids=[runner_id], run_ids=[run_id])
    found = states.get(run_id, {}).get(runner_id)
    state = None if found is None else str(getattr(found, "value", found))
    if not known and not may_write(state):
        return state, None
    journal = XCom.get_one(run_id=run_id, key=JOURNAL_KEY, task_id=runner_id, dag_id=dag_id, map_index=-1)
    return state, read_journal(journal)
