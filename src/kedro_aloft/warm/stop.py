"""Stop servers, with the tasks that they run."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from kedro_aloft.warm.home import ForeignError, Home, peer_of
from kedro_aloft.warm.kernel import kill_below

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE_S = 10.0
"""A server gives its tasks 5 s."""


def find_servers(directory: Path) -> list[int]:
    """Return the processes of the servers that listen in a directory, sorted."""
    found = set()
    for socket in directory.glob("*.sock"):
        with suppress(OSError, ForeignError), Home(directory, socket.stem).connect() as connection:
            found.add(peer_of(connection)[0])
    return sorted(found - {0})


def stop_servers(directory: Path, *, deadline_s: float = DEADLINE_S) -> list[int]:
    """Stop every server that listens in a directory; return their processes, which have ended then.

    Args:
        directory: Where their sockets are.
        deadline_s: How long each may take before it is killed, in seconds.
    """
    stopped = find_servers(directory)
    handles = []
    for pid in stopped:
        with suppress(ProcessLookupError):
            handles.append((pid, os.pidfd_open(pid)))
            signal.pidfd_send_signal(handles[-1][1], signal.SIGTERM)
    deadline = time.monotonic() + deadline_s
    for pid, handle in handles:
        if not _has_ended(handle, deadline - time.monotonic()):
            kill_below(pid)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            _has_ended(handle, deadline_s)
        os.close(handle)
    return stopped


def _has_ended(handle: int, wait_s: float) -> bool:
    return bool(select.select([handle], [], [], max(0.0, wait_s))[0])
