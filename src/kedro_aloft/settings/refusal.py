"""How a validator refuses a value: one sentence, what is allowed, what to do."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

REFUSAL = "aloft"
"""The pydantic error type that `refusal` makes; `problems` reads its context."""


def refusal(what: str, *, allowed: str = "", remedy: str = "") -> PydanticCustomError:
    """Return the error to raise in a validator.

    Args:
        what: What is wrong with the value, without its path.
        allowed: What may stand there instead.
        remedy: What to do, when `allowed` does not say it.
    """
    return PydanticCustomError(REFUSAL, "{what}", {"what": what, "allowed": allowed, "remedy": remedy})
