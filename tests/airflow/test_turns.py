"""How many mirrors speak and end while the triggerer's other process does not listen."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk")

from airflow.sdk.execution_time import comms, task_runner

from kedro_aloft.airflow import turns as module
from kedro_aloft.compat import has_workerless_tasks

if TYPE_CHECKING:
    from airflow.triggers.base import TriggerEvent

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not has_workerless_tasks(), reason="tasks cannot end in the triggerer before Airflow 3.3"),
]

MIRRORS = 50
DEADLINE_S = 120.0


class Supervisor:
    """The other process of a triggerer, seen from the loop of all triggers: answers when it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Semaphore(0)
        self.asked = 0

    async def asend(self, message: Any) -> None:
        """Answer what mirrors ask before they speak."""
        assert isinstance(message, comms.MaskSecret)
        self.asked += 1
        await self.answers.acquire()

    def send(self, message: Any) -> Any:
        """Answer what they ask of their runner: it has ended, and left no journal."""
        if isinstance(message, comms.GetTaskStates):
            return comms.TaskStatesResult(task_states={"run": {"all": "success"}})
        return comms.XComResult(key="journal", value=None)


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """One that has not answered anything yet."""
    one = Supervisor()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", one, raising=False)
    return one


async def _settle() -> None:
    """Let everybody in the loop go as far as they can."""
    for _ in range(20 * MIRRORS):
        await asyncio.sleep(0)


def test_no_more_than_a_few_pass_for_each_answer(supervisor: Supervisor) -> None:
    passed: list[int] = []

    async def one(number: int) -> None:
        await module.turns().wait()
        passed.append(number)

    async def all_of_them() -> None:
        waiting = [asyncio.create_task(one(number)) for number in range(MIRRORS)]
        for answers in range(MIRRORS // module.AT_A_TIME):
            await _settle()
            assert (len(passed), supervisor.asked) == (answers * module.AT_A_TIME, answers + 1)
            supervisor.answers.release()
        supervisor.answers.release()
        await asyncio.wait_for(asyncio.gather(*waiting), DEADLINE_S)

    asyncio.run(all_of_them())
    assert passed == list(range(MIRRORS)), "in the order in which they asked"


def test_a_turn_that_is_given_up_is_nobody_elses_loss(supervisor: Supervisor) -> None:
    async def scenario() -> None:
        first, second = (asyncio.create_task(module.turns().wait()) for _ in range(2))
        await _settle()
        first.cancel()
        supervisor.answers.release()
        await asyncio.wait_for(second, DEADLINE_S)
        assert first.cancelled()

    asyncio.run(scenario())


class _FullLog:
    """A log that nobody reads: whoever writes waits."""

    def __init__(self) -> None:
        self.writes, self.read = threading.Event(), threading.Event()

    def info(self, *_: object) -> None:
        self.writes.set()
        assert self.read.wait(DEADLINE_S)


def test_a_log_that_nobody_reads_does_not_stop_the_loop(supervisor: Supervisor) -> None:
    from kedro_aloft.airflow.trigger import MirrorTrigger

    trigger = MirrorTrigger(node="fit", runner_id="all")
    trigger.task_instance = SimpleNamespace(id="1", dag_id="shop", run_id="run", task_id="fit", try_number=1)
    log = trigger._log = _FullLog()

    async def event() -> TriggerEvent:
        async for one in trigger.run():
            return one
        raise AssertionError("no event")

    async def scenario() -> TriggerEvent:
        supervisor.answers.release()
        ending = asyncio.create_task(event())
        assert await asyncio.to_thread(log.writes.wait, DEADLINE_S)
        await _settle()
        assert not ending.done(), "the mirror waits, and this loop does not"
        log.read.set()
        return await asyncio.wait_for(ending, DEADLINE_S)

    assert type(asyncio.run(scenario())).__name__ == "TaskSkippedEvent"
