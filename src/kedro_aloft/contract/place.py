"""The place of one DAG run in the handoff store, for who removes it."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def clean_up(uri: str, *, keep: str, ttl_s: int, well: bool) -> Iterator[str]:
    """Remove a run's place when all is well, and places of older runs of the DAG whose time is over.

    Args:
        uri: The place of the run (`contract.store.run_uri`).
        keep: `on_failure`, `always` or `never`.
        ttl_s: Age in seconds at which older places go.
        well: Whether the run's tasks ended well.

    Yields:
        What is done, in words, for the log.
    """
    place = RunPlace(uri)
    if keep == "never" or (keep == "on_failure" and well):
        yield f"Removing the handed-over datasets of this run: {uri}"
        place.remove()
    else:
        yield f"Keeping the handed-over datasets of this run: {uri}"
    if keep != "always":
        for removed in place.remove_older_siblings(ttl_s):
            yield f"Removed the handed-over datasets of an older run: {removed}"


class RunPlace:
    """The directory `<root>/<dag>/<run>` of one run in the handoff store, local or remote."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._local = None if "://" in uri else Path(uri)

    def remove(self) -> None:
        """Remove the run's directory, and the DAG's when no other run has one."""
        if self._local is None:
            file_system, path = _connect(self.uri)
            _remove_remote(file_system, path)
            _remove_if_empty(file_system, path.rpartition("/")[0])
            return
        shutil.rmtree(self._local, ignore_errors=True)
        with suppress(OSError):  # another run has its place there, or there never was one
            self._local.parent.rmdir()

    def remove_older_siblings(self, ttl_s: int) -> list[str]:
        """Remove the places of other runs of this DAG that nothing was written to for `ttl_s` seconds."""
        before = time.time() - ttl_s
        removed = self._remove_older_remote(before) if self._local is None else self._remove_older(self._local, before)
        return sorted(removed)

    def _remove_older(self, own: Path, before: float) -> Iterator[str]:
        for sibling in sorted(own.parent.glob("*/")):
            with suppress(FileNotFoundError):  # the cleanup of another run was quicker
                if sibling != own and sibling.stat().st_mtime < before:
                    RunPlace(str(sibling)).remove()
                    yield str(sibling)

    def _remove_older_remote(self, before: float) -> Iterator[str]:
        file_system, path = _connect(self.uri)
        parent = path.rpartition("/")[0]
        if not file_system.exists(parent):
            return
        for sibling in file_system.ls(parent, detail=False):
            with suppress(FileNotFoundError):
                times = [file_system.modified(name).timestamp() for name in file_system.find(sibling)]
                if sibling.rstrip("/") != path and times and max(times) < before:
                    _remove_remote(file_system, sibling)
                    yield sibling
        _remove_if_empty(file_system, parent)


def _remove_remote(file_system: Any, path: str) -> None:
    with suppress(FileNotFoundError):
        file_system.rm(path, recursive=True)


def _remove_if_empty(file_system: Any, path: str) -> None:
    """On object stores there is no directory left to remove; some of them refuse to be asked."""
    with suppress(OSError, NotImplementedError):
        if file_system.isdir(path) and not file_system.ls(path):
            file_system.rmdir(path)


def _connect(uri: str) -> tuple[Any, str]:
    import fsspec

    file_system, path = fsspec.core.url_to_fs(uri)
    return file_system, path.rstrip("/")
