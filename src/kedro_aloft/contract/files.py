"""FileStore: small files at a place that deploys and workers share, on any file system that fsspec knows.

Readers see a file whole or not at all, and of several that create one file, one succeeds.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

ATOMIC_PUT = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "memory"})
"""Protocols where an object appears whole or not at all; on others we put aside and move."""

_EXCLUSIVE_OPEN = frozenset({"sftp", "ssh"})
"""Protocols whose `open` knows the mode `x`; `pipe_file` does it on object stores."""

_ASIDE = ".aloft-"
"""How names of files begin that are not whole yet."""


class FileStore:
    """Files below one place.

    Args:
        uri: A local path, or any fsspec address. `file://` is a local path too.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri.removeprefix("file://").rstrip("/") or "/"
        self.folder = None if "://" in self.uri else Path(self.uri).expanduser().absolute()

    def __repr__(self) -> str:
        return f"FileStore({self.uri!r})"

    def at(self, folder: str) -> FileStore:
        """Return the store of a folder below this one."""
        return FileStore(f"{self.uri.rstrip('/')}/{folder}")

    def address(self, name: str) -> str:
        """Return where a file is, for people."""
        return f"{self.uri.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None when there is none."""
        try:
            if self.folder is not None:
                return (self.folder / name).read_bytes()
            file_system, root = self._connect()
            return bytes(file_system.cat_file(f"{root}/{name}"))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        if self.folder is not None:
            return (self.folder / name).is_file()
        file_system, root = self._connect()
        return bool(file_system.isfile(f"{root}/{name}"))

    def write(self, name: str, content: bytes) -> bool:
        """Write a file unless it has this content; return whether it had to be written."""
        if self.read(name) == content:
            return False
        if self.folder is not None:
            _write_local(self.folder / name, content)
            return True
        file_system, root = self._connect()
        if _protocols(file_system) & ATOMIC_PUT:
            file_system.pipe_file(f"{root}/{name}", content)
            return True
        parent = f"{root}/{name}".rpartition("/")[0]
        aside = f"{parent}/{_ASIDE}{secrets.token_hex(8)}"
        file_system.makedirs(parent, exist_ok=True)
        file_system.pipe_file(aside, content)
        file_system.mv(aside, f"{root}/{name}")
        return True

    def create(self, name: str, content: bytes) -> bool:
        """Create a file; return False when it exists, whatever is in it.

        Of several that create it at once one gets True: by the file system's own means on local disks, S3, Google
        Cloud Storage and SFTP. Elsewhere it is looked for before and read after.
        """
        if self.folder is not None:
            return _create_local(self.folder / name, content)
        file_system, root = self._connect()
        path = f"{root}/{name}"
        try:
            if _protocols(file_system) & _EXCLUSIVE_OPEN:
                file_system.makedirs(path.rpartition("/")[0], exist_ok=True)
                with file_system.open(path, "xb") as file:
                    file.write(content)
                return True
            if file_system.exists(path):
                return False
            file_system.pipe_file(path, content, mode="create")
        except (FileExistsError, PermissionError) as error:  # S3's "precondition failed" comes as one or the other
            file_system.invalidate_cache()
            if not file_system.exists(path):
                raise RunError(f"The file cannot be created: {error}", where=self.address(name)) from error
            return False
        return self.read(name) == content

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the files directly in a folder, sorted, without those that are not whole yet."""
        return tuple(sorted(name for name in self._list(folder, "file") if not name.startswith(_ASIDE)))

    def folders(self, folder: str = "") -> tuple[str, ...]:
        """Return the folders directly in a folder, sorted."""
        return tuple(sorted(self._list(folder, "directory")))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            if self.folder is not None:
                (self.folder / name).unlink()
                return
            file_system, root = self._connect()
            file_system.rm_file(f"{root}/{name}")

    def remove_folder(self) -> None:
        """Remove everything at this place."""
        if self.folder is not None:
            import shutil

            shutil.rmtree(self.folder, ignore_errors=True)
            return
        file_system, root = self._connect()
        with suppress(FileNotFoundError):
            file_system.rm(root, recursive=True)

    def _list(self, folder: str, kind: str) -> Iterator[str]:
        if self.folder is not None:
            place = self.folder / folder
            for entry in place.iterdir() if place.is_dir() else ():
                if entry.is_dir() == (kind == "directory"):
                    yield entry.name
            return
        file_system, root = self._connect()
        file_system.invalidate_cache()
        with suppress(FileNotFoundError):
            for entry in file_system.ls(f"{root}/{folder}".rstrip("/"), detail=True):
                if entry["type"] == kind:
                    yield str(entry["name"]).rstrip("/").rpartition("/")[2]

    def _connect(self) -> tuple[Any, str]:
        import fsspec

        try:
            file_system, path = fsspec.core.url_to_fs(self.uri)
        except (ImportError, ValueError) as error:
            raise RunError(
                f"No library here knows the address: {error}",
                where=self.uri,
                remedy="install the fsspec package of this file system: s3fs, gcsfs, adlfs, paramiko …",
                code="ALOFT-702",
            ) from error
        return file_system, path.rstrip("/")


def _protocols(file_system: Any) -> set[str]:
    protocol = file_system.protocol
    return {protocol} if isinstance(protocol, str) else set(protocol)


def _write_aside(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
    with aside.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return aside


def _write_local(target: Path, content: bytes) -> None:
    aside = _write_aside(target, content)
    try:
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _create_local(target: Path, content: bytes) -> bool:
    """A link cannot replace a file, and what it names is whole; disks without links open exclusively."""
    aside = _write_aside(target, content)
    try:
        os.link(aside, target)
    except FileExistsError:
        return False
    except OSError:
        try:
            with target.open("xb") as file:
                file.write(content)
        except FileExistsError:
            return False
    finally:
        aside.unlink(missing_ok=True)
    return True
