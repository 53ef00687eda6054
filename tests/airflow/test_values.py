"""What a DAG file says in words becomes what Airflow wants."""

from __future__ import annotations

from datetime import timedelta

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.airflow import data_interval_schedule, duration, instant, notifier, wait_for

pytestmark = pytest.mark.airflow


def test_an_instant_keeps_its_moment_and_takes_the_time_zone() -> None:
    berlin = instant("2024-07-01T00:00:00+00:00", timezone="Europe/Berlin")
    assert berlin.isoformat() == "2024-07-01T02:00:00+02:00"
    assert berlin.timezone_name == "Europe/Berlin"  # type: ignore[attr-defined]
    assert instant("2024-07-01T02:00:00+02:00").isoformat() == "2024-07-01T00:00:00+00:00"


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="has no offset"):
        instant("2024-07-01")


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("5m", 300), ("1d12h", 129_600), ("0.5s", 0.5), ("1h30m", 5400), ("1h1h", 3600)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5w", "5m6", "1.2.3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


def test_a_schedule_with_data_intervals_is_a_timetable() -> None:
    timetable = data_interval_schedule("@daily", timezone="Europe/Berlin")
    assert type(timetable).__name__ == "CronDataIntervalTimetable"


def test_a_notifier_is_made_from_its_path() -> None:
    assert notifier("datetime.timedelta", days=2) == timedelta(days=2)


def test_a_sensor_waits_for_a_run_and_fails_with_it() -> None:
    sensor = wait_for(
        task_id="wait", dag_id="upstream", timeout=timedelta(hours=1), execution_delta=timedelta(minutes=5)
    )
    assert (sensor.task_id, sensor.external_dag_id, sensor.external_task_id) == ("wait", "upstream", None)
    assert (sensor.timeout, sensor.execution_delta, sensor.deferrable) == (3600, timedelta(minutes=5), True)
    assert list(sensor.failed_states) == ["failed"]
    one_task = wait_for(task_id="wait", dag_id="upstream", external_task_id="last")
    assert set(one_task.failed_states) == {"failed", "upstream_failed", "skipped"}
