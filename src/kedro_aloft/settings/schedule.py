"""When a DAG runs: never by itself, by cron or preset, every so often, or after assets."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kedro_aloft.errors import close_match
from kedro_aloft.settings.duration import PositiveDuration, parse_duration
from kedro_aloft.settings.refusal import refusal
from kedro_aloft.settings.values import TextTuple

PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
"""The presets of Airflow 3 (airflow/utils/dates.py and `_create_timetable` of the Task SDK)."""

ALLOWED = f"null, a cron expression ('0 6 * * *'), a preset ({' '.join(PRESETS)}), {{every: 15m}} or {{assets: [name]}}"
_ALIASES = {"@annually": "@yearly", "@midnight": "@daily"}
_PRESET_CRON = {"@quarterly": "0 0 1 */3 *"}
_RANDOM_CRON = re.compile(r"\b[HR]\b|\b[HR]\(")
_ANY_DAY = datetime(2023, 1, 1)


class Every(BaseModel):
    """A schedule by elapsed time."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    every: PositiveDuration = Field(description="Time from one run to the next.", examples=["15m"])


class OnAssets(BaseModel):
    """A schedule by data: runs once all these assets have news."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    assets: TextTuple = Field(
        min_length=1,
        description="Names or URIs of Airflow assets; all must have news.",
        examples=[["s3://shop/orders"]],
    )


def parse_schedule(value: object) -> str | Every | OnAssets | None:
    """Return the schedule that a setting names.

    Raises:
        PydanticCustomError: If it is no schedule, or a cron expression that is wrong or never fires.
    """
    if value is None or isinstance(value, (Every, OnAssets)):
        return value
    if isinstance(value, str):
        return _from_text(" ".join(value.split()))
    if isinstance(value, dict):
        return _from_mapping(value)
    raise refusal("not a schedule", allowed=ALLOWED)


def _from_mapping(value: dict[Any, Any]) -> Every | OnAssets:
    if set(value) not in ({"every"}, {"assets"}):
        raise refusal("a schedule mapping has one key, `every` or `assets`", allowed=ALLOWED)
    model = Every if "every" in value else OnAssets
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        allowed = "a list of asset names or URIs" if model is OnAssets else first.get("ctx", {}).get("allowed", "")
        raise refusal(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", allowed=allowed) from None


def _from_text(text: str) -> str:
    text = _ALIASES.get(text, text)
    if text in PRESETS:
        return text
    if text.startswith("@"):
        raise refusal(f"unknown preset '{text}'. {close_match(text, PRESETS)}".strip(), allowed=ALLOWED)
    if _RANDOM_CRON.search(text):
        raise refusal("a cron field of H or R is random, so the DAG would change at each parse", allowed=ALLOWED)
    _check_cron(text)
    return text


def _check_cron(text: str) -> None:
    if len(text.split()) > 5:
        five = " ".join(text.split()[:5])
        raise refusal(
            f"cron expression '{text}' has more than five fields",
            allowed="minute, hour, day, month, weekday; Airflow reads a sixth field as seconds without a word",
            remedy=f"write '{five}', or '{' '.join(text.split()[1:6])}' if the first field was meant as seconds",
        )
    from croniter import CroniterBadDateError, croniter

    try:
        croniter(text, _ANY_DAY).get_next(datetime)
    except CroniterBadDateError:
        raise refusal(f"cron expression '{text}' never fires", allowed=ALLOWED) from None
    except (ValueError, AttributeError) as error:
        detail = str(error).rstrip(".") or type(error).__name__
        raise refusal(f"bad cron expression '{text}': {detail}", allowed=ALLOWED, remedy=_hint(text)) from None


def cron_gaps(text: str) -> tuple[float, float]:
    """Return the shortest and the longest pause between two runs of a cron expression or preset, in seconds.

    Looks at 64 runs: more than a round of the clock for hours and minutes, and five years of months.
    """
    from croniter import croniter

    moments = croniter(_PRESET_CRON.get(text, text), _ANY_DAY)
    times = [moments.get_next(datetime) for _ in range(64)]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return min(gaps), max(gaps)


def _hint(text: str) -> str:
    if text.casefold() in ("none", "null", "manual", ""):
        return "write `schedule: null` (without quotes) for a DAG that only runs when triggered"
    try:
        parse_duration(text)
    except ValueError:
        return ""
    return f"write {{every: {text}}}"


Schedule = Annotated[
    str | Every | OnAssets | None,
    BeforeValidator(parse_schedule, json_schema_input_type=str | Every | OnAssets | None),
]
