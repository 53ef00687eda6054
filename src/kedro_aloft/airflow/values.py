"""Values in a DAG file that are not literals: moments, durations, schedules, notifiers, sensors."""

from __future__ import annotations

import importlib
import re
from datetime import datetime, timedelta
from typing import Any

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def instant(text: str, *, timezone: str | None = None) -> datetime:
    """Return an aware datetime.

    Args:
        text: ISO 8601 with an offset (`2024-01-01T00:00:00+00:00`).
        timezone: IANA name; Airflow takes the DAG's time zone from its start date.

    Raises:
        ValueError: If the text has no offset.
    """
    import pendulum

    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = f"{text!r} has no offset from UTC"
        raise ValueError(msg)
    return pendulum.instance(moment).in_timezone(timezone or "UTC")


def duration(text: str) -> timedelta:
    """Return the duration that a text like `1d12h`, `5m` or `0.5s` means.

    Raises:
        ValueError: If the text is not made of numbers with units d, h, m, s.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        msg = f"{text!r} is no duration; write numbers with units d, h, m, s, as in '1h30m'"
        raise ValueError(msg)
    return timedelta(**{_UNITS[unit]: float(number) for number, unit in parts})


def data_interval_schedule(cron: str, *, timezone: str = "UTC") -> Any:
    """Return a timetable whose runs cover the interval between two ticks.

    Since Airflow 3 a plain cron string gives runs with an interval of no length.

    Args:
        cron: Cron expression or preset (`@daily`).
        timezone: IANA name.
    """
    from kedro_aloft.compat import cron_data_interval_timetable

    return cron_data_interval_timetable(cron, timezone)


def notifier(path: str, /, **arguments: Any) -> Any:
    """Return an instance of the notifier (or any callback class) at a dotted path.

    Args:
        path: For example `airflow.providers.slack.notifications.slack.SlackNotifier`.
        arguments: What its constructor takes.
    """
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)(**arguments)


def wait_for(
    *,
    task_id: str,
    dag_id: str,
    external_task_id: str | None = None,
    timeout: timedelta | None = None,
    execution_delta: timedelta | None = None,
) -> Any:
    """Return a deferrable sensor that waits for another DAG, or for one task of it, and fails when that one fails.

    Args:
        task_id: Id of the sensor.
        dag_id: The DAG to wait for.
        external_task_id: A task of it; None for the whole run.
        timeout: How long to wait at most.
        execution_delta: How much earlier the other DAG's logical date is.
    """
    from airflow.providers.standard.sensors.external_task import ExternalTaskSensor

    limit: dict[str, Any] = {} if timeout is None else {"timeout": timeout.total_seconds()}
    return ExternalTaskSensor(
        task_id=task_id,
        external_dag_id=dag_id,
        external_task_id=external_task_id,
        failed_states=["failed", "upstream_failed", "skipped"] if external_task_id else ["failed"],
        check_existence=True,
        deferrable=True,
        execution_delta=execution_delta,
        **limit,
    )
