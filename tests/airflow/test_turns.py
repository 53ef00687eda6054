"""How many mirrors speak and end while the triggerer's other process does not listen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.airflow.turns import AT_A_TIME, turns
from kedro_aloft.compat import has_workerless_tasks

if TYPE_CHECKING:
    from support.supervisor import Supervisor

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not has_workerless_tasks(), reason="tasks cannot end in the triggerer before Airflow 3.3"),
]

MIRRORS = 50
DEADLINE_S = 120.0


async def _settle() -> None:
    """Let everybody in the loop go as far as they can."""
    for _ in range(20 * MIRRORS):
        await asyncio.sleep(0)


def test_no_more_than_a_few_pass_for_each_answer(supervisor: Supervisor) -> None:
    passed: list[int] = []

    async def one(number: int) -> None:
        await turns().wait()
        passed.append(number)

    async def all_of_them() -> None:
        waiting = [asyncio.create_task(one(number)) for number in range(MIRRORS)]
        for answers in range(MIRRORS // AT_A_TIME):
            await _settle()
            assert (len(passed), supervisor.asked) == (answers * AT_A_TIME, answers + 1)
            supervisor.answers.release()
        supervisor.answers.release()
        await asyncio.wait_for(asyncio.gather(*waiting), DEADLINE_S)

    asyncio.run(all_of_them())
    assert passed == list(range(MIRRORS)), "in the order in which they asked"


def test_a_turn_that_is_given_up_is_nobody_elses_loss(supervisor: Supervisor) -> None:
    async def scenario() -> None:
        first, second = (asyncio.create_task(turns().wait()) for _ in range(2))
        await _settle()
        first.cancel()
        supervisor.answers.release()
        await asyncio.wait_for(second, DEADLINE_S)
        assert first.cancelled()

    asyncio.run(scenario())
