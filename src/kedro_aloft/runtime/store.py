"""Handoff store: one place per DAG run, one file per dataset, on any file system that fsspec knows."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.files import ATOMIC_PUT
from kedro_aloft.contract.store import TASKS, dataset_file, run_uri, task_uri
from kedro_aloft.errors import HandoffError
from kedro_aloft.runtime import codec

if TYPE_CHECKING:
    from kedro_aloft.contract.request import TaskRequest

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_HOME = ".airflow"
"""The directory in which everything of Airflow's is kept in a project."""


class HandoffStore:
    """Puts and takes the datasets of one DAG run.

    Args:
        uri: Place of the run: a local path or a URI (`contract.store.run_uri`).
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._local = Path(uri) if "://" not in uri else None

    @classmethod
    def of(cls, request: TaskRequest) -> HandoffStore:
        """The store of the run that a request belongs to."""
        return cls(run_uri(request.handoff_uri, request.project_path, request.run_directory))

    @classmethod
    def of_task(cls, request: TaskRequest) -> HandoffStore:
        """A store for what only the next try of the same task needs."""
        return cls(task_uri(cls.of(request).uri, request.task_id))

    def put(self, dataset: str, value: Any) -> int:
        """Write a dataset, replacing what an earlier try wrote; readers see the old or the new, never a part.

        Returns:
            Size in bytes.

        Raises:
            HandoffError: If the value cannot be pickled.
        """
        if self._local is None:
            return self._put_remote(dataset, value)
        make_private(self._local)
        aside = self._local / f".{uuid.uuid4().hex}.tmp"
        try:
            size = codec.dump(value, aside)
            aside.replace(self._local / dataset_file(dataset))
        finally:
            aside.unlink(missing_ok=True)
        return size

    def take(self, dataset: str) -> Any:
        """Read a dataset that another task of the run put.

        Raises:
            HandoffError: If it is not there, or damaged, or somebody else could have written it.
        """
        name = dataset_file(dataset)
        if self._local is not None:
            if not (self._local / name).is_file():
                raise self._missing(dataset)
            refuse_unsafe(self._local)
            return codec.load(self._local / name)
        file_system, root = connect(self.uri)
        with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as directory:
            copy = Path(directory) / name
            try:
                file_system.get_file(f"{root}/{name}", str(copy))
            except FileNotFoundError:
                raise self._missing(dataset) from None
            return codec.load(copy)

    def has(self, dataset: str) -> bool:
        """Whether the dataset is in the store."""
        name = dataset_file(dataset)
        if self._local is not None:
            return (self._local / name).is_file()
        file_system, root = connect(self.uri)
        return bool(file_system.exists(f"{root}/{name}"))

    def stamp(self, dataset: str) -> str | None:
        """Return a text that is another one when the dataset is put again; None when it is not there."""
        name = dataset_file(dataset)
        if self._local is None:
            file_system, root = connect(self.uri)
            return stamp_of(file_system, f"{root}/{name}")
        with suppress(FileNotFoundError):
            status = (self._local / name).stat()
            return f"{status.st_size} {status.st_mtime_ns}"
        return None

    def _put_remote(self, dataset: str, value: Any) -> int:
        file_system, root = connect(self.uri)
        target = f"{root}/{dataset_file(dataset)}"
        with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as directory:
            copy = Path(directory) / "value"
            size = codec.dump(value, copy)
            file_system.makedirs(root, exist_ok=True)
            if _protocols(file_system) & ATOMIC_PUT:
                file_system.put_file(str(copy), target)
            else:
                aside = f"{root}/.{uuid.uuid4().hex}.tmp"
                file_system.put_file(str(copy), aside)
                file_system.mv(aside, target)
        return size

    def _missing(self, dataset: str) -> HandoffError:
        return HandoffError(
            f"Dataset '{dataset}' is not in the handoff store.",
            where=self.uri,
            seen="the task that writes it must have succeeded in this DAG run, on a machine that shares this place; "
            "it is removed when a run succeeds",
            remedy="clear the task that writes it together with this one, or set `handoff: uri` to a place that all "
            "workers share",
        )


def connect(uri: str) -> tuple[Any, str]:
    """Return the file system and the path of a URI."""
    import fsspec

    file_system, path = fsspec.core.url_to_fs(uri)
    return file_system, path.rstrip("/")


_STAMPS = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified", "updated", "created")


def stamp_of(file_system: Any, path: str) -> str | None:
    """Return a text that changes when a file or a folder of files is written again; None when nobody can tell."""
    try:
        info = file_system.info(path)
        if info.get("type") == "directory":
            files = file_system.find(path, detail=True)
            stamps = [f"{name} {_stamp(found)}" for name, found in sorted(files.items())]
            return hashlib.sha256("\n".join(stamps).encode()).hexdigest()
    except Exception:  # noqa: BLE001  a file system may raise anything, and nothing depends on it
        return None
    return _stamp(info)


def _stamp(info: dict[str, Any]) -> str | None:
    said = [str(info[name]) for name in _STAMPS if info.get(name) is not None]
    return f"{info.get('size')} {' '.join(said)}" if said else None


def _protocols(file_system: Any) -> set[str]:
    protocol = file_system.protocol
    return {protocol} if isinstance(protocol, str) else set(protocol)


def make_private(directory: Path) -> None:
    """Create the run's directory `<root>/<dag>/<run>` for its owner alone: a pickle executes code when it is read.

    Or a task's directory in it.
    """
    if directory.parent.name == TASKS:
        while not directory.is_dir():
            # A task that ends well removes what is empty of these, perhaps between two of the next lines.
            make_private(directory.parent.parent)
            with suppress(FileNotFoundError):
                for one in (directory.parent, directory):
                    one.mkdir(mode=0o700, exist_ok=True)
        refuse_unsafe(directory)
        return
    _make_root(directory.parent.parent)
    while not directory.is_dir():
        # The cleanup of another run may remove the DAG's empty directory between these two lines.
        directory.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            directory.mkdir(mode=0o700, exist_ok=True)
    refuse_unsafe(directory)


def refuse_unsafe(directory: Path) -> None:
    """Refuse a directory in which somebody else can write: unpickling runs code."""
    status = directory.stat()
    if status.st_uid != os.getuid():
        seen = f"its owner has user id {status.st_uid}, this task has {os.getuid()}"
    elif status.st_mode & _OTHERS_WRITE:
        seen = f"its mode is {stat.S_IMODE(status.st_mode):o}"
    else:
        return
    raise HandoffError(
        "Somebody else can write into the handoff directory, and reading their data would run their code.",
        where=str(directory),
        seen=seen,
        remedy="set `handoff: uri` to a directory of the user that runs the tasks; it is made with mode 700",
    )


def _make_root(root: Path) -> None:
    """Create the store and keep it out of the project's history: all of `.airflow` when the store is in there."""
    if root.is_dir():
        return
    home = next((folder for folder in (root, *root.parents) if folder.name == _HOME), root)
    is_new = not home.exists()
    root.mkdir(parents=True, exist_ok=True)
    if is_new:
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
