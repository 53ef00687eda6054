"""What a check is: a question to the environment with its reason, and the answer."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Facts = TypeVar("Facts")


class State(str, enum.Enum):
    """How an answer is to be taken; only `bad` makes the command fail."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


class Family(str, enum.Enum):
    """When a check is asked."""

    ALWAYS = "always"
    SECURITY = "security"
    PRODUCTION = "production"
    REMOTE = "remote"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer.

    Args:
        state: How to take it.
        seen: What was found, without secrets.
        remedy: What to do, as a command or a setting to paste; empty when there is nothing to do.
    """

    state: State
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[Facts]):
    """A question.

    Args:
        code: Stable name.
        title: What is looked at.
        why: Why it matters, with its source: a measurement, or the documentation that says so.
        family: When it is asked.
        ask: Facts → answer; pure.
    """

    code: str
    title: str
    why: str
    family: Family
    ask: Callable[[Facts], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question with its answer, as commands show them."""

    code: str
    title: str
    why: str
    result: Result

    def to_dict(self) -> dict[str, str]:
        """Return the public JSON form."""
        return {
            "code": self.code,
            "title": self.title,
            "state": self.result.state.value,
            "seen": self.result.seen,
            "remedy": self.result.remedy,
            "why": self.why,
        }


def ask(checks: Iterable[Check[Facts]], facts: Facts) -> tuple[Answer, ...]:
    """Return the answers to all questions, in their order."""
    return tuple(Answer(code=check.code, title=check.title, why=check.why, result=check.ask(facts)) for check in checks)


def ok(seen: str) -> Result:
    """All is well."""
    return Result(state=State.OK, seen=seen)


def warn(seen: str, remedy: str) -> Result:
    """It works, and costs time or surprises somebody."""
    return Result(state=State.WARN, seen=seen, remedy=remedy)


def bad(seen: str, remedy: str) -> Result:
    """It does not work, or is not safe."""
    return Result(state=State.BAD, seen=seen, remedy=remedy)


def unknown(seen: str, remedy: str = "") -> Result:
    """The question could not be answered."""
    return Result(state=State.UNKNOWN, seen=seen, remedy=remedy)
