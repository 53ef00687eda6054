"""What we ask Linux for: signals at a parent's death, adoption of orphans, who descends from whom."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.01

_LIBC = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the new parent of all descendants whose own parents end, so that none escapes."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent: int) -> None:
    """Receive SIGTERM when the parent ends, however it ends; leave at once when it is gone already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGTERM)


def set_name(name: str) -> None:
    """Set the name of this thread's process in `ps` and `top`; at most 15 characters."""
    _LIBC.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")


def children(pid: int) -> list[int]:
    """Return the ids of a process's children; none when it is gone."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  half the time of a Path, with every request
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii").split())
    return found


def descendants(pid: int) -> list[int]:
    """Return the ids of all descendants of a process, parents before their children."""
    found: list[int] = []
    level = children(pid)
    while level:
        found += level
        level = [child for parent in level for child in children(parent)]
    return found


def kill(pid: int, signum: int) -> None:
    """Send a signal; a process that is gone is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signum)


def kill_below(pid: int, *, deadline_s: float = 5.0) -> None:
    """Kill every descendant of a process, again and again until none is left: they may fork before they die.

    Zombies of children of this process are buried; those of others by their parents.
    """
    deadline = time.monotonic() + deadline_s
    while living := [one for one in descendants(pid) if is_alive(one)]:
        for one in living:
            kill(one, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(POLL_S)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"
