"""Telling of changes in batches: soon, but not too often, and by nobody's leave but the thread's that does it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_S = 0.5


class Batch:
    """Calls a function soon after a change, and at most every `pause_s` seconds.

    It is called in a thread, which lives only as long as there are changes: a process that forks while a node runs for
    long (Kedro's ParallelRunner, `multiprocessing` in a node) has no thread of ours.

    Args:
        send: Tells of all changes so far. What it raises goes to `threading.excepthook`.
        pause_s: Seconds between two calls.
    """

    def __init__(self, send: Callable[[], None], *, pause_s: float = PAUSE_S) -> None:
        self._send = send
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._changed = False
        self._not_before = 0.0

    def touch(self) -> None:
        """Note a change."""
        with self._lock:
            self._changed = True
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._work, name="kedro-aloft-journal", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Send no more; return when nothing is being sent. The last changes are the caller's to tell."""
        self._closing.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while self._wait():
            try:
                self._send()
            finally:
                self._not_before = time.monotonic() + self._pause_s

    def _wait(self) -> bool:
        """Wait until it is time; return whether there is something to tell, else this thread ends."""
        closing = self._closing.wait(max(0.0, self._not_before - time.monotonic()))
        with self._lock:
            goes_on = self._changed and not closing
            self._changed = False
            if not goes_on:
                self._thread = None
        return goes_on
