"""Turns: how many mirrors of a triggerer may speak or end before Airflow has listened.

The triggerer of Airflow 3.3.2 is two processes: in one, all triggers share an event loop; the other, the supervisor,
answers their questions, sends them new triggers and reads what they log, 4 KiB between any two other things, and
nothing while it sends (`TriggerRunnerSupervisor`). What it sends with a new trigger is a whole DAG; if then the loop
waited for somebody to read its log, both would wait for ever. A socket holds some 280 records of a log.

So mirrors log from threads, never in the loop, and a few at a time: after each few the supervisor must have answered
something. That takes it two rounds, in which it reads more than these mirrors say, Airflow's own words at their ends
included; and while it answers nothing, the log of the triggerer has room for what other triggers say.
"""

from __future__ import annotations

import asyncio
import weakref

AT_A_TIME = 4
"""Turns for each answer. A mirror that ends makes three records of some 500 bytes, two of which are Airflow's own."""


class Turns:
    """Turns in one event loop."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._left = 0

    async def wait(self) -> None:
        """Wait for a turn; they come in the order in which they were asked for."""
        async with self._lock:
            if not self._left:
                await _answered()
                self._left = AT_A_TIME
            self._left -= 1


async def _answered() -> None:
    """Ask the supervisor what costs it least, and wait for the answer: there is nothing to hide in no text."""
    from airflow.sdk.log import amask_secret

    await amask_secret("")


_TURNS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = weakref.WeakKeyDictionary()


def turns() -> Turns:
    """Return the turns of the running event loop."""
    return _TURNS.setdefault(asyncio.get_running_loop(), Turns())
