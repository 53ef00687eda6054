"""Looking at runners: all mirrors of a runner share one poller in each triggerer process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import JOURNAL_KEY
from kedro_aloft.contract.mirror import Sight, may_write, read_journal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from kedro_aloft.contract.journal import Journal

logger = logging.getLogger(__name__)

POLL_S = 0.5
"""Shortest pause between two looks at a runner that runs, or is about to."""

PATIENCE_S = 0.05
"""What each earlier look adds to that pause, as long as there are as many mirrors that wait.

Mirrors that end together cost less: Airflow's DAG processor reads the DAG file once for all of them. A young run,
and one of which few mirrors are left, are looked at most often.
"""

IDLE_POLL_S = 2.0
"""The same while it waits for the tasks before it; and the longest pause."""

_SOON = frozenset({"running", "queued", "restarting"})


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
            except Exception as error:  # noqa: BLE001  (whatever it is, the mirrors wait for the next look)
                failures += 1
                words = "Cannot look at %s (%d times)."
                await asyncio.to_thread(logger.warning, words, self.key, failures, exc_info=error)
            await asyncio.sleep(self._pause_s() if not failures else IDLE_POLL_S)

    def _pause_s(self) -> float:
        if self.sight.runner not in _SOON:
            return IDLE_POLL_S
        return min(POLL_S + PATIENCE_S * min(self.watchers, self.ended), IDLE_POLL_S)

    async def _look(self) -> None:
        from asgiref.sync import sync_to_async

        self.began += 1
        known = self.sight.journal is not None or not self.ended
        seen = await sync_to_async(look_at)(*self.key, known=known)
        async with self.looked:
            sight = self.sight.followed_by(*seen)
            self.ended = self.began
            if sight != self.sight:
                self.sight = sight
            self.looked.notify_all()


_POLLERS: dict[tuple[Any, ...], _Poller] = {}


async def sights_of(dag_id: str, run_id: str, runner_id: str) -> AsyncGenerator[Sight, None]:
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


def look_at(dag_id: str, run_id: str, runner_id: str, *, known: bool) -> tuple[str | None, Journal | None]:
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
