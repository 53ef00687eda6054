"""The guard: the small outer process of the embedded Airflow, which makes sure that nothing stays behind.

    guard ── nursery ─┬─ api-server
     (no Airflow)     ├─ scheduler ── workers ── tasks
                      ├─ dag-processor ── parsers
                      └─ triggerer

The guard and the nursery each adopt every orphan below them, and each ends the whole tree when the other one dies,
even by `kill -9`. A guard that is bound ends when nobody holds the users' lock any more: the kernel releases it when
a user ends in whatever way. It imports the standard library only, so it costs 10 MiB and no processor time.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.embedded.layout import Layout
from kedro_aloft.embedded.processes import Process, adopt_orphans, descendants, kill_all, wait_gone

if TYPE_CHECKING:
    from types import FrameType

# The nursery needs up to its own grace for running tasks; then we end everything.
GRACE_S = 15.0


class StopRequested(BaseException):
    """Raised in the main thread by SIGTERM; no `except Exception` may swallow it."""


def command(module: str, *args: str) -> list[str]:
    """Return the command that runs `main` of one of our modules in a new interpreter.

    `python -m` would put the working directory, which is the user's project, in front of all modules.
    """
    code = f"import sys; sys.path[:] = [p for p in sys.path if p]; from {module} import main; main(sys.argv[1:])"
    return [sys.executable, "-c", code, *args]


def main(argv: list[str]) -> None:
    """Run the nursery until it ends, or we are told to stop, or nobody uses us any more.

    Args:
        argv: The `.airflow` directory and the port of the API server.
    """
    layout, port = Layout(Path(argv[0])), argv[1]
    stop_on_sigterm()
    adopt_orphans()
    nursery = subprocess.Popen(
        command("kedro_aloft.embedded.nursery", str(layout.root), port, str(os.getpid())), stdin=subprocess.DEVNULL
    )
    threading.Thread(target=_stop_without_users, args=(layout,), daemon=True).start()
    try:
        wait_for_child({nursery.pid})
    except StopRequested:
        nursery.send_signal(signal.SIGTERM)
        wait_gone(Process.of(nursery.pid), deadline_s=GRACE_S)
    finally:
        kill_all(lambda: descendants(os.getpid()))


def stop_on_sigterm() -> None:
    """Raise StopRequested in the main thread at the first SIGTERM; hang-ups and Ctrl-C are for our user, not for us."""

    def stop(_signum: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise StopRequested

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def wait_for_child(pids: set[int]) -> tuple[int, int]:
    """Wait until one of these children ends and return its id and exit code; adopted orphans are buried silently."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid in pids:
            return pid, os.waitstatus_to_exitcode(status)


def _stop_without_users(layout: Layout) -> None:
    """Stop when the last user has gone, unless `kedro airflow up` asked to stay."""
    with layout.users_lock.open("w", encoding="utf-8") as lock:
        # A user holds the lock before it looks for us, so between its look and our end there is no gap.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not layout.keep.exists():
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait()  # keep the lock until this process has ended
