"""The trigger of a mirror in an event loop, and what it asks of its surroundings."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.compat import has_workerless_tasks

if TYPE_CHECKING:
    from airflow.triggers.base import TriggerEvent

    from kedro_aloft.airflow.trigger import MirrorTrigger
    from support.supervisor import Supervisor

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not has_workerless_tasks(), reason="tasks cannot end in the triggerer before Airflow 3.3"),
]

DEADLINE_S = 120.0


@pytest.fixture
def trigger() -> MirrorTrigger:
    """That of a mirror in its first try."""
    from kedro_aloft.airflow.trigger import MirrorTrigger

    one = MirrorTrigger(node="fit", runner_id="all")
    one.task_instance = SimpleNamespace(id="1", dag_id="shop", run_id="run", task_id="fit", try_number=1)
    return one


async def event(trigger: MirrorTrigger) -> TriggerEvent:
    async for one in trigger.run():
        return one
    raise AssertionError("no event")


class _FullLog:
    """A log that nobody reads: whoever writes waits."""

    def __init__(self) -> None:
        self.writes, self.read = threading.Event(), threading.Event()

    def info(self, *_: object) -> None:
        self.writes.set()
        assert self.read.wait(DEADLINE_S)


def test_a_log_that_nobody_reads_does_not_stop_the_loop(trigger: MirrorTrigger, supervisor: Supervisor) -> None:
    log = trigger._log = _FullLog()

    async def scenario() -> TriggerEvent:
        supervisor.answers.release()
        ending = asyncio.create_task(event(trigger))
        assert await asyncio.to_thread(log.writes.wait, DEADLINE_S)
        assert not ending.done(), "the mirror waits, and this loop does not"
        log.read.set()
        return await asyncio.wait_for(ending, DEADLINE_S)

    assert type(asyncio.run(scenario())).__name__ == "TaskSkippedEvent"


@pytest.mark.parametrize("zone", [timezone.utc, None], ids=["as Postgres says it", "as SQLite says it"])
def test_when_the_patience_ends_a_mirror_leaves_without_an_end(
    trigger: MirrorTrigger, supervisor: Supervisor, zone: timezone | None
) -> None:
    supervisor.runner = "running"
    trigger.timeout_after = (datetime.now(timezone.utc) + timedelta(seconds=0.1)).replace(tzinfo=zone)
    left = asyncio.run(asyncio.wait_for(event(trigger), DEADLINE_S))
    assert (type(left).__name__, left.payload) == ("TriggerEvent", None)
