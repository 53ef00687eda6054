"""Release: what a deploy uploads and a worker runs, named by its content.

Below `<store>/<package>/`:

- `blobs/<sha256>.tar.gz`, `blobs/<sha256>.dag`: archives and DAG files, named by what they hold
- `releases/<id>.json`: manifests
- `deployments/<env>/<serial>.json`: which release was put in whose place, one after the other
"""

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
    """Bytes in the store.

    Args:
        sha256: Digest of what it holds; of an archive before it is compressed, which no two machines do alike.
        size: Bytes of that.
        suffix: `.tar.gz` or `.dag`.
    """

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
        blank: Its fingerprint with `NO_RELEASE` in it.
        fingerprint: What its DAG carries in `doc_md`.
        blob: Its text.
        tasks: What its tasks do, by task id.
    """

    dag_id: str
    pipeline: str
    blank: str
    fingerprint: str
    blob: Blob
    tasks: Mapping[str, Work] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> DagFile:
        """Return what `asdict` gave."""
        tasks = {name: Work(**{key: tuple(value) for key, value in one.items()}) for name, one in raw["tasks"].items()}
        return cls(**{**raw, "blob": Blob(**raw["blob"]), "tasks": tasks})


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """All of one release: the same project gives the same release, wherever and whenever it is made.

    Args:
        id: The first digits of the digest of everything else, with `NO_RELEASE` in the DAG files.
        package, env: Of the project.
        code, conf: Archives.
        dag_files: By file name.
        requirements: What the project's requirements say, one per line.
        data: Archive of raw data, where somebody asked for it to go along; workers put it into their own folder.
    """

    id: str
    package: str
    env: str
    code: Blob
    conf: Blob
    dag_files: Mapping[str, DagFile]
    requirements: tuple[str, ...] = ()
    data: Blob | None = None

    @property
    def path(self) -> str:
        """Where its manifest is in the store."""
        return manifest_path(self.id)

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """All blobs that it needs, those of the workers first."""
        return (*self.archives, *(one.blob for one in self.dag_files.values()))

    @property
    def archives(self) -> tuple[Blob, ...]:
        """What workers unpack."""
        return (self.code, self.conf) if self.data is None else (self.code, self.conf, self.data)

    @property
    def is_whole(self) -> bool:
        """Whether its id is that of its content."""
        blank = {name: one.blank for name, one in self.dag_files.items()}
        return self.id == release_id(
            self.package, self.env, archives=self.archives, dag_files=blank, requirements=self.requirements
        )

    def to_json(self) -> str:
        """Return the manifest."""
        return canonical(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Release:
        """Return the release of a manifest."""
        raw = json.loads(text)
        return cls(
            id=raw["id"],
            package=raw["package"],
            env=raw["env"],
            code=Blob(**raw["code"]),
            conf=Blob(**raw["conf"]),
            dag_files={name: DagFile.from_dict(one) for name, one in raw["dag_files"].items()},
            requirements=tuple(raw["requirements"]),
            data=None if raw.get("data") is None else Blob(**raw["data"]),
        )


def manifest_path(release_id: str) -> str:
    """Return where the manifest of a release is in the store."""
    return f"releases/{release_id}.json"


def release_id(
    package: str,
    env: str,
    *,
    archives: tuple[Blob, ...],
    dag_files: Mapping[str, str],
    requirements: tuple[str, ...],
) -> str:
    """Return the id of what a release holds; DAG files by their fingerprint with `NO_RELEASE`."""
    content = [package, env, [one.sha256 for one in archives], dict(dag_files), list(requirements)]
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:ID_LENGTH]


def canonical(content: Any, *, indent: int | None = None) -> str:
    """Return JSON that is the same for the same content."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, indent=indent)
