from __future__ import annotations

from typing import Any

import pytest

from kedro_aloft.errors import RenderError
from kedro_aloft.render.layout import lay_out
from kedro_aloft.render.schedule import build_schedule, uses_data_interval
from kedro_aloft.settings import DagSettings


def written(**settings: Any) -> str:
    return lay_out(build_schedule(DagSettings(**settings)))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"schedule": None}, "None"),
        ({"schedule": "@once"}, '"@once"'),
        ({"schedule": "@daily"}, '"@daily"'),
        ({"schedule": "0 6 * * *"}, '"0 6 * * *"'),
        ({"schedule": {"every": "90m"}}, 'duration("1h30m")'),
        ({"schedule": {"assets": ["a", "s3://b/c"]}}, '[Asset.ref(name="a"), Asset.ref(uri="s3://b/c")]'),
        ({"schedule": "@daily", "interval": "data"}, 'data_interval_schedule("@daily")'),
        (
            {"schedule": "@daily", "interval": "data", "timezone": "Europe/Zurich"},
            'data_interval_schedule("@daily", timezone="Europe/Zurich")',
        ),
        ({"schedule": "@once", "interval": "data"}, '"@once"'),
    ],
)
def test_a_schedule_is_written_as_airflow_wants_it(settings: dict[str, Any], expected: str) -> None:
    assert written(**settings) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"runtime_params": {"day": "{{ data_interval_start | ds }}"}},
        {"runtime_params": {"deep": {"list": ["{{ data_interval_end }}"]}}},
        {"env_vars": {"FROM": "{{ prev_data_interval_end_success }}"}},
        {"notify": {"on_failure": {"class": "a.B", "text": "{{ data_interval_end }}"}}},
        {"tasks": [{"select": "a", "env_vars": {"FROM": "{{data_interval_start}}"}}]},
        {"interval": "data"},
    ],
)
def test_who_uses_the_data_interval_gets_one(settings: dict[str, Any]) -> None:
    assert uses_data_interval(DagSettings(**settings))
    assert written(schedule="@daily", **settings) == 'data_interval_schedule("@daily")'


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"runtime_params": {"day": "{{ ds }}"}},
        {"runtime_params": {"day": "{{ data_interval_start }}"}, "interval": "trigger"},
        {"runtime_params": {"my_data_interval_start_day": 1}},
    ],
)
def test_who_does_not_use_it_gets_a_moment(settings: dict[str, Any]) -> None:
    assert written(schedule="@daily", **settings) == '"@daily"'


def test_a_schedule_by_elapsed_time_has_no_interval_and_says_so() -> None:
    with pytest.raises(RenderError) as caught:
        written(schedule={"every": "15m"}, runtime_params={"day": "{{ data_interval_start }}"})
    assert caught.value.code == "ALOFT-406"
    assert "cron" in caught.value.remedy
    assert written(schedule={"every": "15m"}, interval="trigger") == 'duration("15m")'
