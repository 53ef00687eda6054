"""What the Airflow REST API tells about runs and tasks, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FINISHED_TASK_STATES = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
FINISHED_RUN_STATES = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """One DAG run as Airflow sees it.

    Args:
        dag_id: Id of the DAG.
        run_id: Id of the run within its DAG.
        state: `queued`, `running`, `success` or `failed`.
        start_date: When it started, with a time zone; None while it is queued.
        end_date: When it ended; None until then.
        seconds: Its own duration; None until it has ended.
    """

    dag_id: str
    run_id: str
    state: str
    start_date: datetime | None = None
    end_date: datetime | None = None
    seconds: float | None = None

    @property
    def finished(self) -> bool:
        """Whether its state is final."""
        return self.state in FINISHED_RUN_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """One task instance as Airflow sees it.

    Args:
        task_id: Id of the task, task groups included.
        state: Airflow's task state; `none` before it is scheduled.
        start: When its latest try started; None before.
        end: When its latest try ended; None before.
        seconds: Duration of the latest try; None until it has ended.
        tries: How many tries have started.
        map_index: Index of a mapped task; -1 when it is not mapped.
        operator: Name of its class.
    """

    task_id: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    seconds: float | None = None
    tries: int = 0
    map_index: int = -1
    operator: str = ""

    @property
    def finished(self) -> bool:
        """Whether its latest try has ended for good."""
        return self.state in FINISHED_TASK_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run with the final state of all its tasks, in the order of their starts."""

    run: RunState
    tasks: tuple[TaskState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A period in the past for which a DAG is to run.

    Args:
        dag_id: Id of the DAG, which must have a schedule.
        first: Begin of the period, with a time zone.
        last: Its end, which belongs to it.
        conf: Configuration of each run.
        again: Which dates that have a run already get another one: `none`, `failed` or `completed` (failed or not).
        at_once: How many runs at the same time.
        backwards: Whether the newest date comes first.
    """

    dag_id: str
    first: datetime
    last: datetime
    conf: Mapping[str, Any] = field(default_factory=dict)
    again: str = "none"
    at_once: int = 1
    backwards: bool = False

    def to_body(self) -> dict[str, Any]:
        """Return it as Airflow's API takes it."""
        return {
            "dag_id": self.dag_id,
            "from_date": self.first.isoformat(),
            "to_date": self.last.isoformat(),
            "dag_run_conf": dict(self.conf),
            "reprocess_behavior": self.again,
            "max_active_runs": self.at_once,
            "run_backwards": self.backwards,
        }


def to_run_state(raw: dict[str, Any]) -> RunState:
    """Return the RunState of one `DAGRunResponse` (Airflow 3.0.6 to 3.3)."""
    start, end = parse_time(raw.get("start_date")), parse_time(raw.get("end_date"))
    return RunState(
        dag_id=raw["dag_id"],
        run_id=raw["dag_run_id"],
        state=raw["state"],
        start_date=start,
        end_date=end,
        seconds=_seconds(start, end),
    )


def to_task_state(raw: dict[str, Any]) -> TaskState:
    """Return the TaskState of one `TaskInstanceResponse` (Airflow 3.0.6 to 3.3)."""
    start, end = parse_time(raw.get("start_date")), parse_time(raw.get("end_date"))
    return TaskState(
        task_id=raw["task_id"],
        state=raw.get("state") or "none",
        start=start,
        end=end,
        seconds=_seconds(start, end),
        tries=raw.get("try_number") or 0,
        map_index=raw.get("map_index", -1),
        operator=raw.get("operator") or "",
    )


def parse_time(text: str | None) -> datetime | None:
    """Return the aware datetime of an ISO 8601 text; `Z` and any number of decimals are fine.

    Python 3.10's `fromisoformat` knows neither `Z` nor anything but three or six decimals.
    """
    if not text:
        return None
    head, dot, rest = text.replace("Z", "+00:00").partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        head = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"
    moment = datetime.fromisoformat(head)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    """From start to end; None when the end is that of an earlier try, which Airflow keeps when a task waits again."""
    return (end - start).total_seconds() if start and end and end >= start else None
