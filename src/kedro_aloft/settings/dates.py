"""Start and end dates: fixed points in time, in a named time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic_core import PydanticCustomError

from kedro_aloft.errors import close_match
from kedro_aloft.settings.refusal import refusal

ALLOWED = "an ISO date (2023-08-09), an ISO datetime with offset (2023-08-09T06:00:00+02:00) or a list [2023, 8, 9]"

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?P<time>[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?)?"
    r"\s*(?P<offset>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_DYNAMIC = re.compile(r"\{\{|\{%|\b(now|utcnow|today|yesterday|tomorrow|days_ago|timedelta|ago)\b", re.IGNORECASE)
_DATE_ONLY = 3


def parse_date(value: object, *, zone: str) -> datetime:
    """Return an aware datetime in `zone`.

    Args:
        value: ISO date or datetime, a date or datetime object, or kedro-airflow's list of numbers. What has no
            offset is a time of `zone`; a date is its midnight.
        zone: IANA name of a known time zone.

    Raises:
        PydanticCustomError: If the value is no date, or moves with the clock.
    """
    try:
        moment = _parse(value)
        tzinfo = ZoneInfo(zone)
        return moment.replace(tzinfo=tzinfo) if moment.tzinfo is None else moment.astimezone(tzinfo)
    except PydanticCustomError:
        raise
    except (ValueError, OverflowError) as error:
        raise refusal(f"not a date: {error}", allowed=ALLOWED) from None


def is_naive(value: object) -> bool:
    """Tell whether a value has a time of day but no offset, so that its meaning depends on a time zone."""
    if isinstance(value, datetime):
        return value.tzinfo is None
    if isinstance(value, str):
        match = _ISO.fullmatch(value.strip())
        return bool(match and match["time"] and not match["offset"])
    return isinstance(value, (list, tuple)) and len(value) > _DATE_ONLY


def _parse(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, (list, tuple)):
        return _from_list(value)
    if isinstance(value, str):
        return _from_text(value.strip())
    raise refusal("not a date", allowed=ALLOWED)


def _from_list(value: list[Any] | tuple[Any, ...]) -> datetime:
    # YAML 1.1 reads `08` as text, so digits in quotes count as well.
    digits = all(str(part).isdecimal() and not isinstance(part, (bool, float)) for part in value)
    if not digits or not _DATE_ONLY <= len(value) <= _DATE_ONLY + 3:
        raise refusal("not a date", allowed=ALLOWED)
    year, month, day, hour, minute, second = (*(int(part) for part in value), 0, 0, 0)[:6]
    return datetime(year, month, day, hour, minute, second)


def _from_text(text: str) -> datetime:
    if _DYNAMIC.search(text):
        raise refusal(
            f"'{text}' moves with the clock, so Airflow would see another DAG at each parse",
            allowed=ALLOWED,
            remedy="write a fixed date; what a run needs to know about its own time is in its data interval",
        )
    match = _ISO.fullmatch(text)
    if match is None:
        raise refusal(f"'{text}' is not a date", allowed=ALLOWED)
    parts = match.groupdict(default="0")
    year, month, day, hour, minute, second = (int(parts[name]) for name in _PARTS)
    microsecond = int(parts["fraction"].ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_offset(match["offset"]))


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return timezone.utc
    digits = text[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if text[0] == "-" else delta)


def check_zone(name: str) -> str:
    """Return the name of a time zone if the IANA database knows it.

    Raises:
        PydanticCustomError: If it does not.
    """
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise refusal(
            f"unknown time zone '{name}'. {_similar(name)}".strip(),
            allowed="an IANA name such as UTC or Europe/Zurich",
        ) from None
    return name


def _similar(name: str) -> str:
    zones = available_timezones()
    same = [zone for zone in sorted(zones) if zone.casefold() == name.casefold()]
    return f"Did you mean '{same[0]}'?" if same else close_match(name, zones)
