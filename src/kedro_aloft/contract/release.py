"""Release: what a deploy uploads and a worker runs, named by its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_LENGTH = 16
NO_RELEASE = "0" * ID_LENGTH
"""Stands in a DAG file for the release whose id depends on that file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes in the store, at `blobs/<sha256><suffix>`."""

    sha256: str
    size: int
    suffix: str

    @property
    def path(self) -> str:
        """Where it is in the store."""
        return f"blobs/{self.sha256}{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one task of a DAG does, as its `KedroOperator` says it."""

    nodes: tuple[str, ...]
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    versioned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFile:
    """A DAG file of a release.

    Args:
        dag_id, pipeline: What it makes, and of which pipeline.
        fingerprint: What its DAG carries in `doc_md`.
        blob: Its text.
        tasks: What its tasks do, by task id.
    """

    dag_id: str
    pipeline: str
    fingerprint: str
    blob: Blob
    tasks: Mapping[str, Work] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """All of one release.

    Args:
        id: The first digits of the digest of everything else, with `NO_RELEASE` in the DAG files.
        package, env: Of the project.
        code, conf: Archives; None where workers load the code in another way.
        dag_files: By file name.
        plan: Digest of all plans.
        requirements: Pinned requirements, one per line.
        commit: Git commit of the project, with `+` when files differed from it; empty without Git.
        versions: Of what made it: kedro-aloft, kedro, python.
    """

    id: str
    package: str
    env: str
    code: Blob | None
    conf: Blob | None
    dag_files: Mapping[str, DagFile]
    plan: str
    requirements: tuple[str, ...] = ()
    commit: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where its manifest is in the store."""
        return f"releases/{self.id}.json"

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """All blobs that it needs, those of the workers first."""
        own = tuple(one for one in (self.code, self.conf) if one is not None)
        return (*own, *(one.blob for one in self.dag_files.values()))

    def to_json(self) -> str:
        """Return the manifest."""
        return canonical(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Release:
        """Return the release of a manifest; keys that a newer version added are left out."""
        raw = json.loads(text)
        files = {name: _dag_file(one) for name, one in raw["dag_files"].items()}
        known = {key: raw[key] for key in ("id", "package", "env", "plan", "commit", "versions")}
        code, conf = (None if raw[key] is None else Blob(**raw[key]) for key in ("code", "conf"))
        return cls(**known, code=code, conf=conf, dag_files=files, requirements=tuple(raw["requirements"]))


def _dag_file(raw: Mapping[str, Any]) -> DagFile:
    tasks = {name: Work(**{key: tuple(value) for key, value in one.items()}) for name, one in raw["tasks"].items()}
    return DagFile(**{**raw, "blob": Blob(**raw["blob"]), "tasks": tasks})


def canonical(content: Any, *, indent: int | None = None) -> str:
    """Return JSON that is the same for the same content."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, indent=indent)


def digest(content: Any) -> str:
    """Return the id of a content."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:ID_LENGTH]
