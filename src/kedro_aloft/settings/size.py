"""Amounts of memory as people write them: `4GiB`, `512 MB`, and `4Gi` as Kubernetes does."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from kedro_aloft.settings.refusal import refusal

_STEPS = "KMGTP"
_UNITS: dict[str, float] = {
    f"{step}{suffix}".casefold(): 1024**power for power, step in enumerate(_STEPS, 1) for suffix in ("i", "iB")
}
_UNITS |= {f"{step}B".casefold(): 1000**power for power, step in enumerate(_STEPS, 1)}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII | re.IGNORECASE)
_MIB = 1024**2

ALLOWED = "an amount of memory such as 512MiB, 4GiB or 16GB"


def parse_memory(value: object) -> float:
    """Return the amount of memory that a setting names, in MiB; always more than zero.

    Args:
        value: Text, a number with a unit. `M` and `G` alone are refused: they mean one thing in Kubernetes and another
            in Docker.

    Raises:
        PydanticCustomError: If the value is something else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise refusal("memory needs a unit", allowed=ALLOWED, remedy=f"write '{value}MiB' or '{value}GiB'")
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = _UNITS.get(match[2].casefold()) if match else None
    if match is None or unit is None:
        raise refusal(f"'{value}' is not an amount of memory", allowed=ALLOWED)
    mib = float(match[1]) * unit / _MIB
    if not 0 < mib < float("inf"):
        raise refusal("memory is zero or beyond counting", allowed=ALLOWED)
    return mib


def format_memory(mib: float) -> str:
    """Return the canonical text of an amount of memory."""
    return f"{mib:.12g}MiB"


Memory = Annotated[
    float,
    BeforeValidator(parse_memory),
    PlainSerializer(format_memory, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "x-type": "memory"}),
]
"""An amount of memory in MiB."""
