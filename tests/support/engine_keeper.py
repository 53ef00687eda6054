"""Keeps a Docker engine as long as somebody uses it: `python -I engine_keeper.py <directory>`. Standard library only.

It inherits the lock that says that a keeper is at work; see `support.engine`.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

_STOP_DEADLINE_S = 60.0
_LOOK_S = 0.1
SYSTEM_PATH = "/usr/sbin:/sbin"
"""Where Debian has the engine; not on every user's path."""
_IMAGES_LIVE = "168h"


def keep(directory: Path) -> None:
    """Run the engine until nobody holds the users' lock, or until it ends by itself."""
    _stop_stray(directory)
    daemon = _start(directory)
    try:
        with (directory / "users").open("a") as users:
            while daemon.poll() is None:
                if _locked(users):
                    # Who comes now waits until this engine is gone and starts the next one.
                    _remove_leftovers(directory)
                    _stop(directory, daemon)
                time.sleep(_LOOK_S)
    finally:
        _stop(directory, daemon)


def _locked(users: IO[str]) -> bool:
    """Lock for ourselves alone what each user holds a share of; return whether that went."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            "dockerd",
            f"--data-root={directory / 'data'}",
            f"--exec-root={directory / 'exec'}",
            f"--pidfile={directory / 'docker.pid'}",
            f"--host=unix://{directory / 'docker.sock'}",
            # Containers use the network of the machine or none: nothing of it is changed.
            *("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--userland-proxy=false"),
        ]
    )


def _remove_leftovers(directory: Path) -> None:
    """Remove what tests left, and images that nobody has built anew for a week."""
    containers = _docker(directory, "ps", "--all", "--quiet").split()
    if containers:
        _docker(directory, "rm", "--force", "--volumes", *containers)
    _docker(directory, "volume", "prune", "--force")
    _docker(directory, "image", "prune", "--force")
    _docker(directory, "image", "prune", "--force", "--all", "--filter", f"until={_IMAGES_LIVE}")


def _docker(directory: Path, *words: str) -> str:
    host = f"unix://{directory / 'docker.sock'}"
    return subprocess.run(["docker", "--host", host, *words], check=False, stdout=subprocess.PIPE, text=True).stdout


def _stop(directory: Path, daemon: subprocess.Popen[bytes]) -> None:
    if daemon.poll() is None:
        daemon.terminate()
        try:
            daemon.wait(_STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    # The engine leaves this one mounted, and what is mounted cannot be deleted.
    subprocess.run(["umount", directory / "exec/netns/default"], check=False, stderr=subprocess.DEVNULL)


def _stop_stray(directory: Path) -> None:
    """Stop the engine of a keeper that was killed."""
    with suppress(OSError, ValueError):
        pid = int((directory / "docker.pid").read_text())
        if f"--data-root={directory / 'data'}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_DEADLINE_S
            while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.05)


def _on_signal(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    # Nobody's child and in no terminal's group: Ctrl-C is for the tests, and we hear of their end by the lock.
    if os.fork():
        os._exit(0)
    os.setsid()
    os.environ["PATH"] += f":{SYSTEM_PATH}"
    signal.signal(signal.SIGTERM, _on_signal)
    keep(Path(sys.argv[1]))
