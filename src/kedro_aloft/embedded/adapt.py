"""The two things in which the components of the embedded Airflow differ from Airflow's own.

Both replace a private attribute, in the component's own process. They hold from Airflow 3.0.6 to 3.3.2; a later Airflow
that no longer has the attribute loses the comfort, nothing else.
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
    """Let the scheduler pause briefly between two loops while there is work, and long while there is none.

    Airflow has one fixed pause. With 0.1 s a chain of tasks runs ten times faster than with the default of 1 s, but an
    idle scheduler then burns 11 % of a processor all day; with 0.5 s it is 2 %.
    """
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    pace = new_pace(time.monotonic)
    pause = property(lambda runner: pace(_working(runner)), lambda _runner, _configured: None)
    setattr(SchedulerJobRunner, "_scheduler_idle_sleep_time", pause)  # noqa: B010  # there is no public way


def read_local_logs_only() -> None:
    """Keep the API server from asking remote workers for the logs of running tasks: here every log is a local file.

    Their log servers would listen on all interfaces, so they are off; asking them would put "Could not read served
    logs" into every log that is looked at while its task runs.
    """
    from airflow.utils.log.file_task_handler import FileTaskHandler

    setattr(FileTaskHandler, "_read_from_logs_server", lambda *_args, **_kwargs: ([], []))  # noqa: B010


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
