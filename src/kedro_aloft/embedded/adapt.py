"""The two things in which the components of the embedded Airflow differ from Airflow's own.

Both replace a private attribute, in the component's own process. They hold from Airflow 3.0.6 to 3.3.2; a later Airflow
that no longer has the attribute loses the comfort, nothing else.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.embedded.database import tasks_at_work
from kedro_aloft.embedded.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY_SLEEP_S = 0.1
IDLE_SLEEP_S = 0.5
QUIET_SHARE = 0.05
"""The pause as a part of the time in which nothing has changed: who waits for a task waits hardly longer for that."""
LOOP_SHARE = 9.0
"""How many times a loop's processor time the longest pause may be: with 300 tasks that wait a loop takes 0.2 s."""
LONGEST_SLEEP_S = 1.5


def pace_scheduler() -> None:
    """Let the scheduler pause briefly between two loops while things happen, and long while nothing does.

    Airflow has one fixed pause. With 0.1 s a chain of tasks runs ten times faster than with the default of 1 s, but an
    idle scheduler then burns 11 % of a processor all day; with 0.5 s it is 2 %. The executor does not know whether
    there is work: that of Airflow 3.3.2 forgets a task when it begins to run.
    """
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    database = Layout(Path(os.environ["AIRFLOW_HOME"]).parent).database
    pace = new_pace(time.monotonic, time.process_time)
    pause = property(lambda _runner: pace(tasks_at_work(database)), lambda _runner, _configured: None)
    setattr(SchedulerJobRunner, "_scheduler_idle_sleep_time", pause)  # noqa: B010  # there is no public way


def read_local_logs_only() -> None:
    """Keep the API server from asking remote workers for the logs of running tasks: here every log is a local file.

    Their log servers would listen on all interfaces, so they are off; asking them would put "Could not read served
    logs" into every log that is looked at while its task runs.
    """
    from airflow.utils.log.file_task_handler import FileTaskHandler

    setattr(FileTaskHandler, "_read_from_logs_server", lambda *_args, **_kwargs: ([], []))  # noqa: B010


def new_pace(clock: Callable[[], float], used_s: Callable[[], float]) -> Callable[[object], float]:
    """Return a function from "what is at work" to the pause in seconds; it is called after each loop without work.

    Args:
        clock: Seconds that go on.
        used_s: Seconds of processor time so far.
    """
    known, since, used = object(), clock(), used_s()

    def pace(work: object) -> float:
        nonlocal known, since, used
        now, loop_s, used = clock(), used_s() - used, used_s()
        if work != known:
            known, since = work, now
        longest = min(max(IDLE_SLEEP_S, LOOP_SHARE * loop_s), LONGEST_SLEEP_S)
        return min(max(BUSY_SLEEP_S, QUIET_SHARE * (now - since)), longest)

    return pace
