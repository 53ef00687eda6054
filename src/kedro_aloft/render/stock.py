"""A DAG file without us: where all tasks are containers, Airflow needs no package of ours to read it.

The calls of `kedro_aloft.airflow` that only make values have an equal in Airflow or in Python; this room knows which.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kedro_aloft.render.layout import Call
from kedro_aloft.settings.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STOCK_MODULES: Mapping[str, str] = {
    "CronDataIntervalTimetable": "airflow.timetables.interval",
    "ExternalTaskSensor": "airflow.providers.standard.sensors.external_task",
    "pendulum": "",
    "timedelta": "datetime",
}
"""Name → module that has it; `""` when the name is a module itself."""


def without_us(expression: Any) -> Any:
    """Return an expression in which none of our own functions is called; `Stock.modules` has what it imports."""
    if isinstance(expression, Call):
        inner = replace(
            expression,
            args=tuple(without_us(one) for one in expression.args),
            kwargs=tuple((name, without_us(value)) for name, value in expression.kwargs),
        )
        return _EQUALS[inner.function](inner) if inner.function in _EQUALS else inner
    if isinstance(expression, (list, tuple)):
        return type(expression)(without_us(one) for one in expression)
    if isinstance(expression, dict):
        return {key: without_us(value) for key, value in expression.items()}
    return expression


def notifier_module(path: str) -> tuple[str, str]:
    """Return module and class of a notifier's dotted path."""
    module, _, name = path.rpartition(".")
    return module, name


def _instant(call: Call) -> Call:
    zone = dict(call.kwargs).get("timezone", "UTC")
    moment = datetime.fromisoformat(call.args[0]).astimezone(ZoneInfo(zone))
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
    while len(parts) > 3 and parts[-1] == 0:
        parts.pop()
    return Call("pendulum.datetime", tuple(parts), (("tz", zone),))


def _duration(call: Call) -> Call:
    length = parse_duration(call.args[0])
    units = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))
    parts: dict[str, Any] = {}
    for name, unit in units:
        count, length = divmod(length, unit)
        parts[name] = count
    seconds = length.total_seconds()
    parts["seconds"] = int(seconds) if seconds.is_integer() else seconds
    return Call("timedelta", kwargs=tuple((name, count) for name, count in parts.items() if count) or (("seconds", 0),))


def _data_interval_schedule(call: Call) -> Call:
    return Call("CronDataIntervalTimetable", call.args, call.kwargs or (("timezone", "UTC"),))


def _notifier(call: Call) -> Call:
    return Call(notifier_module(call.args[0])[1], kwargs=call.kwargs)


def _wait_for(call: Call) -> Call:
    """As `kedro_aloft.airflow.wait_for`: it fails when what it waits for fails, and takes no worker meanwhile."""
    given = dict(call.kwargs)
    one_task = given.get("external_task_id")
    arguments: dict[str, Any] = {
        "task_id": given["task_id"],
        "external_dag_id": given["dag_id"],
        **({"external_task_id": one_task} if one_task else {}),
        "failed_states": ["failed", "upstream_failed", "skipped"] if one_task else ["failed"],
        "check_existence": True,
        "deferrable": True,
        **{name: given[name] for name in ("timeout", "execution_delta") if name in given},
    }
    return Call("ExternalTaskSensor", kwargs=tuple(arguments.items()), open=True)


_EQUALS: Mapping[str, Callable[[Call], Call]] = {
    "instant": _instant,
    "duration": _duration,
    "data_interval_schedule": _data_interval_schedule,
    "notifier": _notifier,
    "wait_for": _wait_for,
}
