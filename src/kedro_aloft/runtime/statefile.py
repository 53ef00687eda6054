"""The file in which a task notes what it has done, beside the datasets that it wrote down: local or remote."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.contract.resume import SavedState
from kedro_aloft.runtime.store import HandoffStore, connect, make_private, refuse_unsafe

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = "resume.jsonl"
_REMOTE_PAUSE_S = 5.0
"""A remote file is written anew for each line, so lines wait for each other."""


class StateFile:
    """Reads and writes the state of one task in one DAG run.

    Args:
        store: The task's own place in the handoff store.
    """

    def __init__(self, store: HandoffStore) -> None:
        self._uri = store.uri
        self._local = Path(store.uri) if "://" not in store.uri else None
        self._lines: list[str] = []
        self._written = self._seen = False
        self._not_before = time.monotonic() + _REMOTE_PAUSE_S

    def read(self) -> SavedState | None:
        """Return the state that is there, or None when there is none that can be used.

        Raises:
            HandoffError: If somebody else could have written it.
        """
        text = ""
        with suppress(FileNotFoundError, NotADirectoryError):
            if self._local is not None:
                text = (self._local / _NAME).read_text(encoding="utf-8", errors="replace")
                refuse_unsafe(self._local)
            else:
                file_system, root = connect(self._uri)
                text = file_system.cat_file(f"{root}/{_NAME}").decode("utf-8", "replace")
        self._seen = bool(text)
        return SavedState.from_lines(text.splitlines())

    def begin(self, lines: Iterable[str], *, now: bool) -> None:
        """Replace all that is there by these lines; a remote file some seconds later, unless it must be `now`."""
        self._lines = list(lines)
        if self._local is not None or now:
            self._write()

    def add(self, line: str, *, now: bool = False) -> None:
        """Add a line; to a remote file some seconds later, together with others, unless it must be `now`."""
        self._lines.append(line)
        if self._local is not None and self._written:
            with (self._local / _NAME).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        elif self._local is not None or now or time.monotonic() >= self._not_before:
            self._write()

    def remove(self) -> None:
        """Remove the task's place with all that is in it. A remote one is not looked for when nothing can be there."""
        if self._local is not None:
            _remove_with_empty_parents(self._local)
        elif self._written or self._seen:
            file_system, root = connect(self._uri)
            with suppress(FileNotFoundError):
                file_system.rm(root, recursive=True)
        self._written = False

    def touch(self) -> None:
        """Let the place of the run be as young as this, for who removes old ones."""
        if self._local is not None:
            with suppress(OSError):
                os.utime(self._local.parent.parent)

    def _write(self) -> None:
        text = "".join(f"{line}\n" for line in self._lines)
        if self._local is not None:
            make_private(self._local)
            aside = self._local / f".{_NAME}.tmp"
            aside.write_text(text, encoding="utf-8")
            aside.replace(self._local / _NAME)
        else:
            file_system, root = connect(self._uri)
            file_system.makedirs(root, exist_ok=True)
            file_system.pipe_file(f"{root}/{_NAME}", text.encode())
            self._not_before = time.monotonic() + _REMOTE_PAUSE_S
        self._written = True


def _remove_with_empty_parents(place: Path) -> None:
    """Remove `<dag>/<run>/.tasks/<task>`, and what is empty then of its parents."""
    if not place.is_dir():
        return
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # another task or run has its place there
        for parent in (place.parent, *place.parent.parents[:2]):
            parent.rmdir()
