"""The trigger of a mirror: what shows a node of a fused task in the triggerer."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from kedro_aloft.airflow.shown import left_by, runner_page, tell, tell_start
from kedro_aloft.airflow.turns import turns
from kedro_aloft.airflow.watching import sights_of
from kedro_aloft.contract.mirror import MirrorTry, Showing, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_PATIENCE_SHARE = 0.9


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
        """Yield the one event that ends the mirror. Nothing is raised: an exception would send it to a worker.

        Shortly before Airflow's patience ends, an event sends it there for a moment; else its log had an error.
        """
        try:
            verdict = await asyncio.wait_for(self._verdict(), self._patience_s())
        except asyncio.TimeoutError:
            yield TriggerEvent(None)  # type: ignore[no-untyped-call]
        else:
            await self._say(tell, verdict, runner_id=self.runner_id)
            yield _event(verdict, link=runner_page(self.task_instance, self.runner_id))

    async def _verdict(self) -> Verdict:
        """Return how the mirror ends, as soon as that is known."""
        ti: Any = self.task_instance
        own = MirrorTry(node=self.node, id=str(ti.id), try_number=ti.try_number, clear_number=_clear_number(ti))
        verdict = Verdict(showing=Showing.WAITING)
        async with contextlib.aclosing(sights_of(ti.dag_id, ti.run_id, self.runner_id)) as sights:
            async for sight in sights:
                before, verdict = verdict, judge(own, sight)
                if verdict.showing.is_end:
                    break
                if verdict.showing is Showing.RUNNING is not before.showing:
                    await self._say(tell_start, verdict)
        return verdict

    def _patience_s(self) -> float | None:
        """Return how long to look: nine tenths of the time that is left; None for ever."""
        timeout: datetime | None = getattr(self, "timeout_after", None)
        if timeout is None:
            return None
        return _PATIENCE_SHARE * (_aware(timeout) - datetime.now(timezone.utc)).total_seconds()

    async def _say(self, what: Callable[..., None], verdict: Verdict, **kwargs: str) -> None:
        """Write to the log when it is the mirror's turn; in a thread, for a full log must not stop all triggers."""
        await turns().wait()
        await asyncio.to_thread(what, self.log, verdict, node=self.node, **kwargs)


def _aware(moment: datetime) -> datetime:
    """SQLite gives moments without their time zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _clear_number(ti: Any) -> int:
    """Airflow gives the DAG run only to triggers that the scheduler started."""
    context = getattr(ti, "_ti_context_from_server", None)
    return getattr(getattr(context, "dag_run", None), "clear_number", 0) or 0


def _event(verdict: Verdict, *, link: str) -> TriggerEvent:
    kinds = {Showing.SUCCESS: TaskSuccessEvent, Showing.FAILED: TaskFailedEvent, Showing.SKIPPED: TaskSkippedEvent}
    return kinds[verdict.showing](xcoms=left_by(verdict, link=link))
