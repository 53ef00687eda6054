"""Processes on Linux: who is alive, who descends from whom, how to end a whole tree for certain."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PROC = Path("/proc")
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """One process, told apart from a later one with the same id by its start and the machine's boot.

    Args:
        pid: Its id.
        started: Its start in clock ticks since the boot.
        boot: Id of the machine's boot.
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the process that has this id now; `started` is 0 when there is none."""
        stat = _stat(pid)
        return cls(pid, stat.started if stat else 0, _boot_id())

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        stat = _stat(self.pid)
        return bool(stat and stat.started == self.started and stat.state != "Z" and self.boot == _boot_id())


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    parent: int
    started: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name is in parentheses and may hold spaces and parentheses itself.
    values = text.rpartition(")")[2].split()
    return _Stat(state=values[0], parent=int(values[1]), started=int(values[19]))


@lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def descendants(pid: int) -> list[int]:
    """Return the ids of all living descendants of a process, parents before their children."""
    children: dict[int, list[int]] = {}
    for other in _pids():
        stat = _stat(other)
        if stat and stat.state != "Z":
            children.setdefault(stat.parent, []).append(other)
    found, level = [], [pid]
    while level:
        level = sorted(child for parent in level for child in children.get(parent, ()))
        found += level
    return found


def children(pid: int) -> list[int]:
    """Return the ids of the living children of a process."""
    return [other for other in descendants(pid) if (stat := _stat(other)) and stat.parent == pid]


def marked(name: str, value: str) -> list[int]:
    """Return the ids of our user's living processes that were started with this environment variable."""
    wanted = f"{name}={value}".encode()
    return [pid for pid in _pids() if pid != os.getpid() and wanted in _environment(pid)]


def _environment(pid: int) -> list[bytes]:
    stat = _stat(pid)
    if stat is None or stat.state == "Z":
        return []
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it is gone, or it belongs to somebody else
        return []


def send(pid: int, signum: int) -> None:
    """Send a signal; a process that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signum)


def kill_all(pids_now: Callable[[], list[int]], *, deadline_s: float = 10.0) -> bool:
    """Kill until there is nothing left to kill; return whether that was reached.

    Args:
        pids_now: Called again after every round, because a process may fork before it dies.
        deadline_s: How long to go on, in seconds.
    """
    deadline = time.monotonic() + deadline_s
    while pids := pids_now():
        if time.monotonic() > deadline:
            return False
        for pid in pids:
            send(pid, signal.SIGKILL)
        time.sleep(POLL_S)
    return True


def wait_gone(process: Process, *, deadline_s: float) -> bool:
    """Wait until a process has ended; return whether it has."""
    deadline = time.monotonic() + deadline_s
    while process.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def adopt_orphans() -> None:
    """Make this process the new parent of all descendants whose parents end, so that none escapes."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent: int, signum: int) -> None:
    """Receive a signal when the parent ends, even when it is killed; at once when it is gone already.

    The thread that forked counts as the parent: only for children of a main thread.
    """
    _prctl(PR_SET_PDEATHSIG, signum)
    if os.getppid() != parent:
        send(os.getpid(), signum)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")
