"""The schedule of a DAG as an expression of its file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RenderError
from kedro_aloft.render.layout import Call
from kedro_aloft.settings.duration import format_duration
from kedro_aloft.settings.schedule import Every, OnAssets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from kedro_aloft.settings.models import DagSettings

_WITHOUT_INTERVAL = ("@once", "@continuous")
_ASKS_FOR_INTERVAL = re.compile(r"\b(data_interval_(start|end)|prev_(data_interval|start_date|end_date)_\w+)\b")


def build_schedule(settings: DagSettings) -> Any:
    """Return None, a text, or the call that makes the schedule.

    Since Airflow 3 a cron text gives runs whose data interval has no length; who needs the interval gets a timetable.
    """
    schedule = settings.schedule
    if isinstance(schedule, Every):
        _refuse_interval(settings)
        return duration_call(schedule.every)
    if isinstance(schedule, OnAssets):
        return [_asset(name) for name in schedule.assets]
    if schedule is None or schedule in _WITHOUT_INTERVAL or not uses_data_interval(settings):
        return schedule
    zone = () if settings.timezone == "UTC" else (("timezone", settings.timezone),)
    return Call("data_interval_schedule", (schedule,), zone)


def uses_data_interval(settings: DagSettings) -> bool:
    """Whether runs are to cover the period before them: said by `interval`, or asked for by a template."""
    if settings.interval != "auto":
        return settings.interval == "data"
    values = (
        settings.runtime_params,
        settings.env_vars,
        settings.notify.model_dump(),
        *(task.env_vars for task in settings.tasks),
    )
    return any(_ASKS_FOR_INTERVAL.search(text) for value in values for text in _texts(value))


def _refuse_interval(settings: DagSettings) -> None:
    """Since Airflow 3 runs by elapsed time cover no period: a template would see two equal moments."""
    if uses_data_interval(settings):
        raise RenderError(
            "A schedule by elapsed time has no data interval.",
            where="airflow.yml: schedule",
            seen="`interval: data`, or a template that uses the data interval",
            remedy="write the schedule as cron (`*/15 * * * *`), or set `interval: trigger`",
            code="ALOFT-406",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _asset(name: str) -> Call:
    """Refer to an asset that another DAG defines: to define it here, with a guess at its other half, would clash."""
    return Call("Asset.ref", kwargs=(("uri" if "://" in name else "name", name),))


def duration_call(length: timedelta) -> Call:
    """Return `duration("1h30m")`."""
    return Call("duration", (format_duration(length),))


def instant_call(moment: datetime, timezone: str) -> Call:
    """Return `instant("2024-01-01T00:00:00+01:00", timezone="Europe/Zurich")`; without the zone when it is UTC."""
    zone = () if timezone == "UTC" else (("timezone", timezone),)
    return Call("instant", (moment.isoformat(),), zone)
