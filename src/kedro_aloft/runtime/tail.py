"""Tail: the last lines of a node that failed, for who looks at the node and not at its task's log."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LINES = 20
_MOST_CHARACTERS = 200
"""Of one line."""

_MOST_IN_ALL = 3_000
"""Characters; Airflow's triggerer reads 4,096 bytes of its triggers' logs at once."""


class Tail(logging.Handler):
    """Remembers the last lines that each running node logs, by the thread in which it runs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: dict[int, deque[str]] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what is logged."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a record of a node."""
        lines = self._lines.get(record.thread or 0)
        if lines is None:
            return
        try:
            text = f"{record.levelname} {record.name}: {record.getMessage()}"
        except Exception:  # noqa: BLE001  a record may be malformed; others complain of it
            return
        lines.extend(map(_cut, text.splitlines()[-_MOST_LINES:]))

    def begin(self) -> None:
        """A node begins in this thread: forget what was before."""
        self._lines[threading.get_ident()] = deque(maxlen=_MOST_LINES)

    def last_lines(self, error: BaseException) -> str:
        """Return the last lines of the node in this thread, which failed, and those of the traceback."""
        trace = "".join(traceback.format_exception(error)).splitlines()
        lines = self._lines.pop(threading.get_ident(), ())
        return "\n".join([*lines, *map(_cut, trace[-_MOST_LINES:])])[-_MOST_IN_ALL:]


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"
