"""A forked task: it takes over everything of who asked for it, runs, and leaves nothing behind."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from kedro_aloft.warm.kernel import adopt_orphans, end_with_parent, kill_below
from kedro_aloft.warm.packets import ClosedError, PacketReader, send_packet
from kedro_aloft.warm.relay import apply_levels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from kedro_aloft.warm.relay import RelayHandler

TERMINATED = 143
_GRACE_S = 5
BROKEN = 70
"""Exit code when not even the beginning worked. Source: sysexits.h, EX_SOFTWARE."""

STDOUT, STDERR, CHANNEL = range(3)
"""The open files that come with a request, in this order."""


def run_child(
    request: dict[str, Any], files: list[int], *, parent: int, relay: RelayHandler, environment: Mapping[str, str]
) -> NoReturn:
    """Run one request in this freshly forked process and end it.

    Args:
        request: What the client asks for.
        files: Its open files.
        parent: Process id of the server.
        relay: Where log records of the imports are.
        environment: What `os.environ` holds now.
    """
    code = BROKEN
    try:
        channel = socket.socket(fileno=files[CHANNEL])
        if _prepare(request, files, channel, parent=parent, relay=relay, environment=environment):
            code = run_request(request["request"], channel)
    except (ClosedError, BrokenPipeError):
        pass  # who asked has gone
    except BaseException:  # noqa: BLE001  the last frame of this process: all that is left is to tell
        traceback.print_exc()
    finally:
        leave(code)


def _prepare(
    request: dict[str, Any],
    files: list[int],
    channel: socket.socket,
    *,
    parent: int,
    relay: RelayHandler,
    environment: Mapping[str, str],
) -> bool:
    """Become the process that was asked for; return whether to go on."""
    try:
        os.setsid()
        end_with_parent(parent)
        adopt_orphans()
        take_signals()
        _take_files(files)
        _take_surroundings(request, present=environment)
        _reseed()
        gc.enable()
    except Exception as error:  # noqa: BLE001  nothing has begun: who asked runs it elsewhere
        send_packet(channel, {"unfit": f"{type(error).__name__}: {error}"})
        return False
    send_packet(channel, {"ready": os.getpid()})
    while PacketReader(channel).read() is None:
        pass
    apply_levels(request["levels"])
    relay.open(channel)
    relay.take_warnings()
    return True


def take_signals() -> None:
    """Have the signals of a process that was just started, and end on SIGTERM with all that was started."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # Python's default
    signal.signal(signal.SIGTERM, _stop)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _stop(_signum: int, _frame: FrameType | None) -> None:
    """End as a task in Airflow's own process does: on the way out, half-written versions are removed.

    More signals change nothing: who asked, the server and the kernel may all send one.
    """
    if os.getsid(0) != os.getpid():  # a process that a node forked
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    signal.signal(signal.SIGTERM, lambda *_: None)  # not SIG_IGN, which programs started on the way out would inherit
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(_GRACE_S)
    for child in multiprocessing.active_children():
        child.kill()
    raise SystemExit(TERMINATED)


def _give_up(_signum: int, _frame: FrameType | None) -> None:
    """End although a node does not want to; nobody else may be left to see to it."""
    kill_below(os.getpid())
    os._exit(TERMINATED)


def _take_files(files: list[int]) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, files[STDOUT]), (2, files[STDERR])):
        os.dup2(source, target)
        os.close(source)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _take_surroundings(request: dict[str, Any], *, present: Mapping[str, str]) -> None:
    # Only what differs: to set, or to read, all of them copies half a megabyte of pages.
    wanted = request["environment"]
    for name in present:
        if name not in wanted:
            del os.environ[name]
    for name, value in wanted.items():
        if present.get(name) != value:
            os.environ[name] = value
    os.chdir(request["directory"])
    os.umask(request["umask"])
    os.sched_setaffinity(0, request["processors"])
    for number, soft, hard in request["limits"]:
        if resource.getrlimit(number) != (soft, hard):
            resource.setrlimit(number, (soft, hard))
    time.tzset()
    tempfile.tempdir = None  # of another TMPDIR
    sys.argv = list(request["argv"])


def _reseed() -> None:
    """Forks of one process would all draw the same numbers; Python's own `random` looks after itself, mostly."""
    random.seed()
    for module in ("numpy.random", "torch"):
        if module in sys.modules:
            sys.modules[module].seed()


def run_request(request: str, channel: socket.socket) -> int:
    """Serve a `TaskRequest` given as JSON, tell the channel what came of it, and return the exit code."""
    from kedro_aloft.runtime import process

    def tell(nodes: Mapping[str, Any]) -> None:
        with suppress(OSError):  # nobody listens any more: the task is being ended
            send_packet(channel, {"journal": dict(nodes)})

    try:
        send_packet(channel, {"report": process.run(request, tell=tell)})
    except SystemExit as end:
        send_packet(channel, {"system_exit": end.code if isinstance(end.code, (int, type(None))) else str(end.code)})
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:  # noqa: BLE001  an exception that nobody means to catch still ends this process
        traceback.print_exc()
        send_packet(channel, {"raised": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def leave(code: int) -> NoReturn:
    """End as Python does, but never wait for what a node left running: that ends first, even if the server is dead."""
    with suppress(BaseException):
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
        kill_below(os.getpid())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
        atexit._run_exitfuncs()  # noqa: SLF001  what `os._exit` leaves out
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)
