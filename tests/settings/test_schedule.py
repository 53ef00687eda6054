from __future__ import annotations

from datetime import timedelta

import pytest

from kedro_aloft.settings.schedule import PRESETS, Every, OnAssets, parse_schedule


@pytest.mark.parametrize("text", [*PRESETS, "0 6 * * *", "*/15 8-18 * * MON-FRI", "0 0 L * *", "0 0 * * 1#1"])
def test_cron_and_presets_stay_as_they_are(text: str) -> None:
    assert parse_schedule(text) == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [("  0   6 * * *\n", "0 6 * * *"), ("@annually", "@yearly"), ("@midnight", "@daily"), (None, None)],
)
def test_other_spellings_become_airflows(written: str | None, meant: str | None) -> None:
    assert parse_schedule(written) == meant


def test_a_mapping_is_elapsed_time_or_assets() -> None:
    assert parse_schedule({"every": "15m"}) == Every(every=timedelta(minutes=15))
    assert parse_schedule({"assets": ["a", "b"]}) == OnAssets(assets=("a", "b"))
    assert parse_schedule({"assets": "a"}) == OnAssets(assets=("a",))


def test_a_schedule_that_was_parsed_passes() -> None:
    every = Every(every=timedelta(minutes=15))
    assert parse_schedule(every) is every


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("99 * * * *", "out of range"),
        ("* * *", "5, 6 or 7 columns"),
        ("0 0 30 2 *", "never fires"),
        ("0 6 * * * 30", "more than five fields"),
        ("*/0 * * * *", "bad cron"),
        ("H H * * *", "random"),
        ("R * * * *", "random"),
        ("R(0-10) * * * *", "random"),
        ("@reboot", "unknown preset"),
        ("@dayly", "Did you mean '@daily'"),
        ("", "bad cron"),
        ("every day", "bad cron"),
        (5, "not a schedule"),
        (True, "not a schedule"),
        (["@daily"], "not a schedule"),
        ({}, "one key"),
        ({"every": "15m", "assets": ["a"]}, "one key"),
        ({"cron": "* * * * *"}, "one key"),
        ({"every": 15}, "every: a duration needs a unit"),
        ({"every": "0s"}, "zero"),
        ({"assets": []}, "assets"),
        ({"assets": [1]}, "assets"),
    ],
)
def test_what_is_no_schedule_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace("*", r"\*")):
        parse_schedule(value)


@pytest.mark.parametrize(
    ("text", "hint"), [("None", "schedule: null"), ("null", "schedule: null"), ("15m", "{every: 15m}")]
)
def test_a_near_miss_gets_the_right_spelling(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match="bad cron") as caught:
        parse_schedule(text)
    assert hint in caught.value.context["remedy"]  # type: ignore[attr-defined]
