"""What a rule is: a question to a subject, with what people should know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from kedro_aloft.rules.finding import Hit, Severity
    from kedro_aloft.rules.subject import Subject

PREFIX = "ALOFT-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A question to a subject.

    Args:
        code: Code of its findings; never given to another rule.
        name: Short name, unique.
        family: Families are the chapters of the page on rules.
        severity: Of its findings: `ERROR` only where the run fails or leaves wrong data for sure.
        summary: What it looks for, in one sentence.
        why: What happens on Airflow otherwise, in a few sentences.
        bad: A short example that it finds.
        good: The same as it should be.
        find: Yields what it found.
    """

    code: str
    name: str
    family: str
    severity: Severity
    summary: str
    why: str
    bad: str
    good: str
    find: Callable[[Subject], Iterable[Hit]]

    def to_dict(self) -> dict[str, str]:
        """Return what a list of rules shows, in JSON types."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "family": self.family,
            "name": self.name,
            "summary": self.summary,
        }


def names_rule(names: Collection[str], rule: Rule) -> bool:
    """Whether one of the names means the rule: its code, with or without `ALOFT-`, its name, or the code's letter."""
    short = rule.code.removeprefix(PREFIX)
    return any(name in (rule.code, short, rule.name) or name in (short[0], PREFIX + short[0]) for name in names)
