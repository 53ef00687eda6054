"""The scheduler's pause between two loops: short while there is work, long while there is none.

Airflow has one fixed pause. With 0.1 s a chain of tasks runs ten times faster than with the default of 1 s, but an idle
scheduler then burns 11 % of a processor all day; with 0.5 s it is 2 %. The pause is looked up in every loop, so it can
depend on what the executor does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY_SLEEP_S = 0.1
IDLE_SLEEP_S = 0.5
# A run may wait between its tasks: for a retry, a trigger, a sensor. So stay quick for a while.
LINGER_S = 15.0


def pace_scheduler() -> None:
    """Let this process's scheduler choose its pause.

    A later Airflow that no longer reads this private attribute (all from 3.0.6 to 3.3.2 do) keeps its fixed pause.
    """
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    pace = new_pace(time.monotonic)
    pause = property(lambda runner: pace(_working(runner)), lambda _runner, _configured: None)
    setattr(SchedulerJobRunner, "_scheduler_idle_sleep_time", pause)  # noqa: B010  # there is no public way


def new_pace(clock: Callable[[], float]) -> Callable[[bool], float]:
    """Return a function from "is there work" to the pause in seconds, quick until some time after the last work."""
    quick_until = clock() + LINGER_S

    def pace(working: bool) -> float:  # noqa: FBT001  # its only argument
        nonlocal quick_until
        if working:
            quick_until = clock() + LINGER_S
        return BUSY_SLEEP_S if clock() < quick_until else IDLE_SLEEP_S

    return pace


def _working(runner: Any) -> bool:
    """Airflow 3.3 keeps the executors in the runner, earlier versions in its job."""
    executors = getattr(runner, "executors", None) or runner.job.executors
    return any(executor.running or executor.queued_tasks for executor in executors)
