from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from kedro_aloft.settings.duration import format_duration, parse_duration

DURATIONS = st.timedeltas(min_value=timedelta(0), max_value=timedelta.max)


@given(DURATIONS)
def test_the_canonical_text_means_the_same_duration(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(DURATIONS)
def test_equal_durations_have_one_text(duration: timedelta) -> None:
    text = format_duration(duration)
    assert format_duration(parse_duration(text)) == text


@given(st.text(max_size=20) | st.from_regex(r"[P\d. a-zT]{0,20}", fullmatch=True))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(PydanticCustomError):
        assert parse_duration(text) >= timedelta(0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2 hours", 7200),
        ("1 day 3 hrs", 97200),
        ("15min", 900),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("1w", 604800),
        ("0s", 0),
        (" 7d ", 604800),
        ("PT15M", 900),
        ("P1DT2H3M4.5S", 93784.5),
        ("P2W", 1209600),
    ],
)
def test_people_write_durations_in_many_ways(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "30",
        "m",
        "5 parsecs",
        "1h1h",
        "1m30",
        "-5m",
        "P",
        "PT",
        "P1M",
        "P1Y",
        "1H",
        "½h",
        "٣h",
        "1h;2m",
        True,
        None,
        [],
    ],
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(value)


def test_a_bare_number_is_refused_where_its_unit_is_a_guess() -> None:
    with pytest.raises(ValueError, match="needs a unit"):
        parse_duration(30)


@pytest.mark.parametrize(("number", "seconds"), [(5, 300), (0.5, 30), (0, 0)])
def test_a_bare_number_counts_what_the_setting_says(number: float, seconds: int) -> None:
    assert parse_duration(number, number_unit=timedelta(minutes=1)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, 1e300, "99999999999999d"])
def test_numbers_that_are_no_time_are_refused(number: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(number, number_unit=timedelta(minutes=1))


def test_timedeltas_pass_unless_negative() -> None:
    assert parse_duration(timedelta(hours=1)) == timedelta(hours=1)
    with pytest.raises(ValueError, match="negative"):
        parse_duration(timedelta(hours=-1))


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=8, seconds=1), "8d1s"),
        (timedelta(milliseconds=1500), "1.5s"),
        (timedelta(microseconds=1), "0.000001s"),
    ],
)
def test_the_canonical_text_is_short(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text
