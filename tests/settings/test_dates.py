from __future__ import annotations

import contextlib
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from kedro_aloft.settings.dates import check_zone, is_naive, parse_date

ZURICH = "Europe/Zurich"


@pytest.mark.parametrize(
    "value",
    [
        "2023-08-09",
        [2023, 8, 9],
        (2023, 8, 9),
        ["2023", "08", "09"],
        [2023, "08", 9],
        date(2023, 8, 9),
        datetime(2023, 8, 9),
    ],
)
def test_a_date_is_midnight_in_the_zone(value: object) -> None:
    parsed = parse_date(value, zone=ZURICH)
    assert parsed == datetime(2023, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    assert parsed.tzinfo == ZoneInfo(ZURICH)


@pytest.mark.parametrize(
    "value",
    [
        "2023-08-09T04:00Z",
        "2023-08-09T04:00:00.0+00:00",
        "2023-08-09 06:00:00 +0200",
        datetime(2023, 8, 9, 4, tzinfo=timezone.utc),
        "2023-08-08T22:00:00-06:00",
    ],
)
def test_an_offset_decides_the_instant_and_the_setting_the_zone(value: object) -> None:
    parsed = parse_date(value, zone=ZURICH)
    assert parsed == datetime(2023, 8, 9, 4, tzinfo=timezone.utc)
    assert parsed.tzinfo == ZoneInfo(ZURICH)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(timezone.utc)))
def test_iso_texts_mean_what_python_means_by_them(moment: datetime) -> None:
    assert parse_date(moment.isoformat(), zone="UTC") == moment
    assert parse_date(moment.replace(tzinfo=None).isoformat(" "), zone="UTC") == moment


@pytest.mark.parametrize(
    "value",
    [
        "now",
        "days_ago(2)",
        "{{ ds }}",
        "{% if x %}",
        "today",
        "TODAY",
        "datetime.utcnow()",
        "2 days ago",
        "now - timedelta(1)",
    ],
)
def test_a_date_that_moves_is_refused_with_a_remedy(value: str) -> None:
    with pytest.raises(ValueError, match="moves with the clock") as caught:
        parse_date(value, zone="UTC")
    assert "fixed date" in caught.value.context["remedy"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2023-02-30",
        "2023-8-9",
        "20230809",
        "09.08.2023",
        "2023-08-09T25:00Z",
        "2023-08-09T06:00+99:00",
        2023,
        20230809,
        1.5,
        True,
        {},
        [],
        [2023, 8],
        [2023, 13, 1],
        [2023, 8, 9.0],
        [2023, True, 1],
        [1] * 7,
        ["x"] * 3,
        "0001-01-01T00:00+14:00",
        "2023-08-09T06:00:00.1234567Z",
        "٢٠٢٣-٠٨-٠٩",
    ],
)
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="date"):
        parse_date(value, zone="UTC")


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[+Z\d:.]{0,9}", fullmatch=True))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    with contextlib.suppress(PydanticCustomError):
        assert parse_date(text, zone=ZURICH).tzinfo is not None


@pytest.mark.parametrize("value", ["2023-08-09T06:00", "2023-08-09 06:00:00", datetime(2023, 8, 9, 6), [2023, 8, 9, 6]])
def test_a_time_without_offset_is_naive(value: object) -> None:
    assert is_naive(value)


@pytest.mark.parametrize(
    "value",
    [
        "2023-08-09",
        "2023-08-09T06:00Z",
        date(2023, 8, 9),
        [2023, 8, 9],
        None,
        "x",
        datetime(2023, 8, 9, tzinfo=timezone.utc),
    ],
)
def test_a_date_or_a_time_with_offset_is_not_naive(value: object) -> None:
    assert not is_naive(value)


@pytest.mark.parametrize("name", ["UTC", ZURICH, "America/Argentina/Buenos_Aires"])
def test_known_zones_pass(name: str) -> None:
    assert check_zone(name) == name


@pytest.mark.parametrize(
    "name", ["Europe/Zürich", "CEST", "Europe", "../../etc/passwd", "/etc/localtime", "+02:00", "a\0b", ""]
)
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        check_zone(name)


@pytest.mark.parametrize(("name", "close"), [("utc", "UTC"), ("europe/zurich", ZURICH), ("Europe/Zuerich", ZURICH)])
def test_a_zone_that_is_close_is_proposed(name: str, close: str) -> None:
    with pytest.raises(ValueError, match=f"Did you mean '{close}'"):
        check_zone(name)
