"""What a rule finds, and what would repair it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class Severity(str, enum.Enum):
    """How much a finding matters: an error stops the command, a warning is shown, an info is for `check` alone."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What a finding is about. Where that stands is looked up for findings alone, so rules read no YAML.

    Args:
        kind: `dataset` (catalog entry), `setting` (of airflow.yml), `parameter`, `node` (its function) or `file`.
        name: Name of the dataset or node, path of the file from the project on; empty for the others.
        keys: Path of keys inside the entry, section or parameters.
        line: Line in the file, counted from 1; 0 when only the file is known.
    """

    kind: str
    name: str = ""
    keys: tuple[str | int, ...] = ()
    line: int = 0


def dataset(name: str, *keys: str | int) -> Spot:
    """Return the place of a catalog entry, or of a key inside it."""
    return Spot(kind="dataset", name=name, keys=keys)


def setting(*keys: str | int) -> Spot:
    """Return the place of a setting of airflow.yml."""
    return Spot(kind="setting", keys=keys)


def parameter(*keys: str | int) -> Spot:
    """Return the place of a parameter."""
    return Spot(kind="parameter", keys=keys)


def node(name: str) -> Spot:
    """Return the place of a node's function."""
    return Spot(kind="node", name=name)


def file(path: str, line: int = 0) -> Spot:
    """Return a line of a file of the project."""
    return Spot(kind="file", name=path, line=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetKey:
    """Give a key of a YAML file a value; the key is added when it is missing."""

    spot: Spot
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveKey:
    """Take a key out of a YAML file."""

    spot: Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceText:
    """Replace a text in one line of a file: its first occurrence there."""

    file: str
    line: int
    old: str
    new: str


Fix = SetKey | RemoveKey | ReplaceText
"""An edit that repairs a finding without a question to anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a rule yields; with the rule's code and a place it becomes a `Finding`.

    Args:
        message: What is wrong, in one sentence.
        spot: What it is about; None when it stands nowhere.
        where: Nodes and datasets, for people.
        remedy: What to do.
        fix: The edit that does it, when one is right for everybody.
        severity: Instead of the rule's own: never a higher one.
    """

    message: str
    spot: Spot | None = None
    where: str = ""
    remedy: str = ""
    fix: Fix | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that may go wrong.

    Args:
        code: Stable code, one per rule.
        severity: How much it matters.
        message: What is wrong, in one sentence.
        where: Nodes and datasets.
        remedy: What to do.
        file: File, relative to the project; empty when it stands nowhere.
        line: Line in it, counted from 1; 0 when unknown.
        fix: The edit that repairs it.
    """

    code: str
    severity: Severity
    message: str
    where: str = ""
    remedy: str = ""
    file: str = ""
    line: int = 0
    fix: Fix | None = field(default=None, compare=False)

    @property
    def place(self) -> str:
        """`file:line`, as editors open it; empty when it stands nowhere."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file

    def to_dict(self) -> dict[str, Any]:
        """Return the finding in JSON types."""
        names = ("code", "message", "where", "remedy", "file", "line")
        content = {name: getattr(self, name) for name in names}
        return {**content, "severity": self.severity.value, "fixable": self.fix is not None}
