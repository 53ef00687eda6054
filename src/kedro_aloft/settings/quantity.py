"""Quantities of Kubernetes (`500m`, `4Gi`) as numbers."""

from __future__ import annotations

import re

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|[KMGTPE]i|[MGTPE])?")
_UNITS = {"": 1.0, "m": 0.001} | {step: 1000.0**power for power, step in enumerate("kMGTPE", 1)}
_UNITS |= {f"{step}i": 1024.0**power for power, step in enumerate("KMGTPE", 1)}


def is_quantity(text: str) -> bool:
    """Tell whether a text is a quantity."""
    return _QUANTITY.fullmatch(text) is not None


def amount(quantity: str) -> float:
    """Return how much a quantity is: cores or bytes.

    Args:
        quantity: A text that `is_quantity`.
    """
    match = _QUANTITY.fullmatch(quantity)
    assert match is not None, quantity
    return float(match[1]) * _UNITS[match[2] or ""]
