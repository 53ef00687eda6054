"""What is found in an old project, and what becomes of each part of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Fate(str, enum.Enum):
    """What becomes of something old."""

    KEPT = "kept"
    MAPPED = "mapped"
    DEFAULT = "default differs"
    OBSOLETE = "obsolete"
    BY_HAND = "by hand"

    def __str__(self) -> str:
        return self.value


class Kind(str, enum.Enum):
    """Whose conventions a project follows."""

    KEDRO_AIRFLOW = "kedro-airflow"
    K8S = "kedro-airflow-k8s"
    COMPOSER = "composer example"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the report.

    Args:
        fate: What becomes of it.
        where: File and key, or file and line.
        old: What stands there now.
        new: What stands in the new airflow.yml instead, or what to write by hand; empty when nothing does.
        why: The reason, or what to know.
    """

    fate: Fate
    where: str
    old: str = ""
    new: str = ""
    why: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the public JSON form."""
        return {"fate": self.fate.value, "where": self.where, "old": self.old, "new": self.new, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFile:
    """A configuration file of an old plugin.

    Args:
        path: Relative to the project.
        kind: Whose it is.
        content: What YAML makes of it.
        comments: `(section, key)` → the comment lines that stand directly above the key.
    """

    path: str
    kind: Kind
    content: Mapping[str, Any]
    comments: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagUse:
    """A tag in the source of a pipeline that Kedro 1 refuses; `line` counts from 1, `node` may be unknown."""

    tag: str
    path: str
    line: int
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A Jinja template that makes DAG files."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldProject:
    """A project as its files tell it; nothing of it was imported.

    Args:
        path: Its directory.
        files: Configuration of old plugins, `base` first, then by path.
        tags: Tags with a colon, by path and line.
        templates: Custom templates, by path.
        hints: What else the project's files say about its age: lines of the report, ready made.
    """

    path: Path
    files: tuple[OldFile, ...]
    tags: tuple[TagUse, ...]
    templates: tuple[Template, ...]
    hints: tuple[Line, ...]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Whose conventions it follows, each once."""
        return tuple(dict.fromkeys(file.kind for file in self.files))


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What is to be written, and why.

    Args:
        files: Path relative to the project → new content; only files that change.
        retired: Files that must not be read any more, as Kedro would; they are kept under `<name>.old`.
        lines: The report, in the order of the files.
    """

    files: Mapping[str, str]
    retired: tuple[str, ...]
    lines: tuple[Line, ...]
