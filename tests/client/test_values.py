from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.client.values import parse_time, to_run_state, to_task_state


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)))
def test_every_moment_is_read_back_in_the_spelling_of_pydantic_and_of_python(moment: datetime) -> None:
    aware = moment.replace(tzinfo=timezone.utc)
    assert parse_time(aware.isoformat()) == aware
    assert parse_time(aware.isoformat().replace("+00:00", "Z")) == aware


@pytest.mark.parametrize("decimals", ["5", "50", "500", "5000", "500000", "500000000"])
def test_any_number_of_decimals_is_a_fraction_of_a_second(decimals: str) -> None:
    expected = datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=timezone.utc)
    assert parse_time(f"2026-01-02T03:04:05.{decimals}Z") == expected


def test_other_offsets_and_missing_ones_are_aware() -> None:
    assert parse_time("2026-01-02T03:04:05+02:00") == datetime(2026, 1, 2, 1, 4, 5, tzinfo=timezone.utc)
    assert parse_time("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert parse_time(None) is None
    assert parse_time("") is None


def test_a_run_that_has_not_ended_has_no_seconds() -> None:
    raw = {"dag_id": "d", "dag_run_id": "r", "state": "running", "start_date": "2026-01-02T03:04:05Z", "end_date": None}
    running = to_run_state(raw)
    assert (running.seconds, running.finished) == (None, False)
    ended = to_run_state({**raw, "state": "failed", "end_date": "2026-01-02T03:04:07.25Z"})
    assert (ended.seconds, ended.finished) == (2.25, True)
    assert ended.end_date - ended.start_date == timedelta(seconds=2.25)


def test_a_task_without_a_state_is_called_none_and_has_no_tries() -> None:
    task = to_task_state({"task_id": "t", "state": None, "try_number": None, "map_index": -1, "operator": None})
    assert (task.state, task.tries, task.seconds, task.operator) == ("none", 0, None, "")


def test_a_task_that_waits_again_has_no_seconds_although_airflow_keeps_its_old_end() -> None:
    dates = {"start_date": "2026-01-01T00:10:00Z", "end_date": "2026-01-01T00:01:00Z"}
    assert to_task_state({"task_id": "t", "state": "deferred", "try_number": 2, **dates}).seconds is None
