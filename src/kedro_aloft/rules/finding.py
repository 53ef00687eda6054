"""What a rule is and what it finds."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kedro_aloft.graph.snapshot import Snapshot


class Severity(str, enum.Enum):
    """How much a finding matters: an error stops the command, a warning is shown, an info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that may go wrong.

    Args:
        code: Stable code, one per rule.
        severity: How much it matters.
        message: What is wrong, in one sentence.
        where: Nodes and datasets.
        remedy: What to do.
    """

    code: str
    severity: Severity
    message: str
    where: str = ""
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding in JSON types."""
        return {**asdict(self), "severity": self.severity.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A question to a snapshot.

    Args:
        code: Code of its findings.
        name: Short name, unique.
        summary: What it looks for, in one sentence.
        find: Returns what it found.
    """

    code: str
    name: str
    summary: str
    find: Callable[[Snapshot], Iterable[Finding]]
