"""Quantities: `500m` of a processor, `64Mi` of memory."""

from __future__ import annotations

import re
from decimal import Decimal

_FORM = re.compile(r"(?P<number>[+-]?(\d+(\.\d*)?|\.\d+))(?P<suffix>([eE][+-]?\d+)|[EPTGMK]i|[numkMGTPE]|)")
_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}


def parse_quantity(text: object) -> Decimal:
    """Return a quantity in its base unit: processors, bytes, pieces.

    Raises:
        ValueError: It is none.
    """
    found = _FORM.fullmatch(str(text))
    if not found:
        raise ValueError(f"not a quantity: {text!r}")
    suffix = found["suffix"]
    number = Decimal(found["number"])
    return number * (_FACTORS[suffix] if suffix in _FACTORS else Decimal(f"1{suffix}"))


def format_quantity(value: Decimal) -> str:
    """Return a quantity as short as it goes without a loss."""
    if value == value.to_integral_value():
        return next(
            (f"{int(value / _FACTORS[suffix])}{suffix}" for suffix in ("Gi", "Mi", "Ki") if _divides(value, suffix)),
            str(int(value)),
        )
    return f"{(value * 1000).normalize():f}m"


def _divides(value: Decimal, suffix: str) -> bool:
    return value != 0 and value % _FACTORS[suffix] == 0
