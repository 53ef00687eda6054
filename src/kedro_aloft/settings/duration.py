"""Durations as people write them: `30s`, `1h30m`, `1 day`, `PT15M`."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from kedro_aloft.settings.refusal import refusal

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_WORDS = {"week": "w", "day": "d", "hour": "h", "hr": "h", "minute": "m", "min": "m", "second": "s", "sec": "s"}
_WORDS |= {f"{word}s": unit for word, unit in _WORDS.items()}

_NUMBER = r"(\d+(?:\.\d+)?)"
_PART = re.compile(rf"{_NUMBER}\s*([a-z]+)\s*", re.ASCII)
_ISO = re.compile(
    rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII
)

ALLOWED = "a duration such as 30s, 5m, 1h30m, 2d or PT15M"


def parse_duration(value: object, *, number_unit: timedelta | None = None) -> timedelta:
    """Return the duration that a setting names; never negative.

    Args:
        value: Text in compact (`1h30m`, `2 hours`) or ISO 8601 form (weeks to seconds), or a timedelta.
        number_unit: What a bare number counts; None refuses bare numbers, whose unit one would have to guess.

    Raises:
        PydanticCustomError: If the value is none of these, negative, or too long for Python.
    """
    try:
        duration = _parse(value, number_unit)
    except OverflowError:
        raise refusal("duration is too long", allowed=ALLOWED) from None
    if duration < timedelta(0):
        raise refusal("duration is negative", allowed=ALLOWED)
    return duration


def _parse(value: object, number_unit: timedelta | None) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(value, number_unit)
    raise refusal("not a duration", allowed=ALLOWED)


def _from_number(value: float, number_unit: timedelta | None) -> timedelta:
    if number_unit is None:
        raise refusal("a duration needs a unit", allowed=ALLOWED, remedy=f"write '{value}s', '{value}m' or '{value}h'")
    if not math.isfinite(value):
        raise refusal("not a duration", allowed=ALLOWED)
    return value * number_unit


def _from_text(text: str) -> timedelta:
    if text.startswith("P"):
        return _from_iso(text)
    parts = _PART.findall(text)
    units = [_WORDS.get(word, word) for _, word in parts]
    if not parts or _PART.sub("", text) or any(unit not in _UNITS for unit in units) or len(set(units)) < len(units):
        raise refusal(f"'{text}' is not a duration", allowed=ALLOWED)
    return sum((_times(number, _UNITS[unit]) for (number, _), unit in zip(parts, units, strict=True)), timedelta(0))


def _from_iso(text: str) -> timedelta:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        raise refusal(
            f"'{text}' is not an ISO 8601 duration", allowed="PnW, PnDTnHnMnS; months and years have no fixed length"
        )
    pairs = zip(match.groups(), "wdhms", strict=True)
    return sum((_times(number, _UNITS[unit]) for number, unit in pairs if number), timedelta(0))


def _times(number: str, unit: timedelta) -> timedelta:
    return (float(number) if "." in number else int(number)) * unit


def format_duration(duration: timedelta) -> str:
    """Return the canonical text of a duration; `parse_duration` of it gives the same duration back.

    Example:
        `format_duration(timedelta(minutes=90))` is `"1h30m"`; zero is `"0s"`.
    """
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = "".join(f"{count}{unit}" for count, unit in ((duration.days, "d"), (hours, "h"), (minutes, "m")) if count)
    fraction = f".{duration.microseconds:06d}".rstrip("0") if duration.microseconds else ""
    return f"{text}{seconds}{fraction}s" if seconds or fraction or not text else text


def _minutes(value: Any) -> timedelta:
    return parse_duration(value, number_unit=_UNITS["m"])


def _positive(value: Any) -> timedelta:
    duration = parse_duration(value)
    if not duration:
        raise refusal("duration is zero", allowed=ALLOWED)
    return duration


_SERIALIZER = PlainSerializer(format_duration, return_type=str, when_used="json")
_SCHEMA = {"type": "string", "x-type": "duration"}

Duration = Annotated[timedelta, BeforeValidator(parse_duration), _SERIALIZER, WithJsonSchema(_SCHEMA)]
"""A duration of zero or more."""

PositiveDuration = Annotated[timedelta, BeforeValidator(_positive), _SERIALIZER, WithJsonSchema(_SCHEMA)]
"""A duration longer than zero."""

MinutesOrDuration = Annotated[
    timedelta,
    BeforeValidator(_minutes),
    _SERIALIZER,
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "x-type": "minutes"}, _SCHEMA]}),
]
"""A duration whose bare number counts minutes, as kedro-airflow's `retry_delay` does."""
