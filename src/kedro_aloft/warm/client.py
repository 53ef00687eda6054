"""The Airflow side: find the server of the project, or start one, and have it run a task.

connect ── request ──▶ forked ──▶ ready ── go ──▶ log records, warnings … ──▶ report ──▶ ended
           └── until here any trouble means: run fresh ──┘ └── from here on never twice ──┘
"""

from __future__ import annotations

import json
import logging
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.report import Failure, TaskReport
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.errors import RunError
from kedro_aloft.warm.home import ForeignError, Home, default_directory, home_of, peer_of
from kedro_aloft.warm.kernel import kill_below
from kedro_aloft.warm.packets import ClosedError, PacketReader, new_channel, receive_line, send_line, send_packet
from kedro_aloft.warm.relay import levels, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.contract.journal import Tell

logger = logging.getLogger(__name__)

IDLE_S = 600.0
"""Default for how long a server stays without work."""

_GRACE_S = 5.0
_MARGIN_S = 3.0
_START_DEADLINE_S = 60.0
_ANSWER_DEADLINE_S = 120.0
"""The server answers when its imports are done."""

_MOST_STARTS = 3

_START = (
    "import json, sys; config = json.load(sys.stdin);"
    "sys.path[:] = config['sys_path'] or [path for path in sys.path if path];"
    "from kedro_aloft.warm.server import main; main(config)"
)

_LIMITS = tuple(sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}))


class NotWarmError(Exception):
    """There is no warm start for this task, and nothing of it has begun."""


class _StaleError(Exception):
    """The server has imported code that is no longer on disk, and goes."""


def run_fresh(request: str, *, tell: Tell | None = None) -> str:
    """Run a request in this process."""
    from kedro_aloft.runtime import process

    return process.run(request, tell=tell)


def run_warm(
    request: str,
    *,
    python: str = sys.executable,
    directory: Path | None = None,
    idle_s: float = IDLE_S,
    fresh: Callable[..., str] = run_fresh,
    tell: Tell | None = None,
) -> str:
    """Serve a `TaskRequest` given as JSON in a fork of the project's server; return the `TaskReport` as JSON.

    The contract is that of `runtime.process.run`: log records arrive in this process's loggers, what the nodes print
    in its stdout and stderr, `SystemExit` of a node leaves as `SystemExit`.

    Args:
        request: The request.
        python: Interpreter of the project's environment.
        directory: Where servers are found; by default one per user in the directory for temporary files.
        idle_s: Seconds without work after which a server that is started here ends.
        fresh: Runs the request where there is no warm start; called as `run_fresh`.
        tell: Gets what is new in the task's journal, as of `runtime.process.run`.

    Raises:
        RequestError: If the request is malformed. All later failures are in the report.
    """
    task = TaskRequest.from_json(request)
    started = time.perf_counter()
    directory = directory or default_directory()
    try:
        with ExitStack() as ending:  # filled long before a child may begin: wherever we are stopped, it ends first
            begun = _begin(task, request, ending, python=python, directory=directory, idle_s=idle_s)
            return begun.follow(started, tell)
    except NotWarmError as reason:
        logger.info("This task starts fresh: %s.", reason)
    return fresh(request, tell=tell)


def _begin(
    task: TaskRequest, request: str, ending: ExitStack, *, python: str, directory: Path, idle_s: float
) -> _Conversation:
    """Return a conversation with a child that begins now.

    Args:
        task: The request, read.
        request: The request.
        ending: Gets what must happen at the end of conversations.
        python: Interpreter of the project's environment.
        directory: Where servers are found.
        idle_s: Seconds without work after which a server that is started here ends.

    Raises:
        NotWarmError: On any doubt.
    """
    if not (sys.platform.startswith("linux") and hasattr(os, "pidfd_open")):
        raise NotWarmError("warm starts need Linux")
    sys_path = [path for path in sys.path if path] if python == sys.executable else None
    home = home_of(task, directory=directory, python=python, sys_path=sys_path)
    config = {
        "home": [str(directory), home.key],
        "request": request,
        "levels": levels(),
        "idle_s": idle_s,
        "sys_path": sys_path,
    }
    try:
        home.make()
        for _ in range(_MOST_STARTS):
            with suppress(_StaleError):
                return _ask(_connect(home, python, config), request, ending)
    except (OSError, subprocess.SubprocessError, ForeignError, ClosedError, ValueError, KeyError) as error:
        raise NotWarmError(f"{type(error).__name__}: {error}, see {home.log}") from error
    raise NotWarmError("the project's code keeps changing")


def _connect(home: Home, python: str, config: dict[str, Any]) -> socket.socket:
    """Connect to the server; start it when nobody listens."""
    with suppress(FileNotFoundError, ConnectionRefusedError):
        return home.connect()
    with home.locked():
        with suppress(FileNotFoundError, ConnectionRefusedError):
            return home.connect()
        _start(home, python, config)
        return home.connect()


def _start(home: Home, python: str, config: dict[str, Any]) -> None:
    """Start the server; it listens when its first process has ended."""
    descriptor = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as log:
        done = subprocess.run(
            [python, "-c", _START],
            input=json.dumps(config).encode(),
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
            timeout=_START_DEADLINE_S,
        )
    if done.returncode:
        raise NotWarmError(f"the server does not start, see {home.log}")


def _ask(connection: socket.socket, request: str, ending: ExitStack) -> _Conversation:
    """Send the request; return once its child is ready and told to begin."""
    ours, theirs = new_channel()
    conversation = _Conversation(connection, ours)
    ending.callback(conversation.finish)
    connection.settimeout(_ANSWER_DEADLINE_S)
    with theirs:
        files = (_file_of(sys.stdout, 1), _file_of(sys.stderr, 2), theirs.fileno())
        send_line(connection, {"request": request, **_surroundings()}, files=files)
    answer, _ = receive_line(connection)
    _check(answer, connection)
    conversation.start(answer["pid"])
    return conversation


def _check(answer: dict[str, Any], connection: socket.socket) -> None:
    """Raise when the answer is no fork of a server that we can see."""
    if "stale" in answer:
        raise _StaleError
    if "refused" in answer:
        raise NotWarmError(answer["refused"])
    if peer_of(connection)[0] != answer["server"]:
        raise NotWarmError("the server is in another container")


def _file_of(stream: Any, number: int) -> int:
    """The file behind stdout or stderr, after what this process still has to say."""
    with suppress(Exception):  # None, closed, or replaced by something without a file
        stream.flush()
    return number


def _surroundings() -> dict[str, Any]:
    """Everything of this process that a fresh run would find."""
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),  # noqa: PTH109  as it is written
        "umask": _umask(),
        "limits": [(number, *resource.getrlimit(number)) for number in _LIMITS],
        "processors": sorted(os.sched_getaffinity(0)),
        "argv": sys.argv,
        "levels": levels(),
    }


def _umask() -> int:
    """The umask without setting it, which would be felt by other threads."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    raise NotWarmError("Linux does not tell the umask")


class _Conversation:
    """A task in the server's fork, from its request to its end.

    Args:
        connection: To the server, which tells how the fork ends; closing it cancels the task.
        channel: To the fork.
    """

    def __init__(self, connection: socket.socket, channel: socket.socket) -> None:
        self._connection = connection
        self._channel = channel
        self._packets = PacketReader(channel)
        self._handle = -1
        self._pid = 0
        self._begun = False
        self._ended: dict[str, Any] | None = None
        self._journal: Tell | None = None
        self._result: dict[str, Any] = {}

    def finish(self) -> None:
        """Leave nothing running, whatever happens here: a timeout of Airflow's, or its wish to stop."""
        try:
            if self._begun and self._ended is None:
                self._cancel()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of everything."""
        self._connection.close()
        self._channel.close()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def start(self, pid: int) -> None:
        """Wait until the child is ready, and let it begin.

        Raises:
            NotWarmError: If it cannot become what it should.
        """
        self._pid, self._handle = pid, os.pidfd_open(pid)
        self._channel.settimeout(_ANSWER_DEADLINE_S)
        while (message := self._packets.read()) is None:
            pass
        if message.get("ready") != pid:
            raise NotWarmError(f"the fork is not what it should be: {message.get('unfit', message)}")
        self._begun = True  # first: we may be stopped at any moment
        try:
            send_packet(self._channel, {"go": True})
        except OSError:
            self._begun = False
            raise

    def follow(self, started: float, journal: Tell | None) -> str:
        """Tell what the child tells, until its end; return the report.

        Args:
            started: When the task began here, by `time.perf_counter`.
            journal: Gets what is new in the task's journal.

        Raises:
            SystemExit: If a node raised it.
        """
        self._journal = journal
        self._listen(deadline=None)
        if self._ended is None:
            self._end_without_server()
            return _failed("The server of this task's process died, and the process with it", started)
        if "report" in self._result:
            return str(self._result["report"])
        if "system_exit" in self._result:
            raise SystemExit(self._result["system_exit"])
        return _failed(_describe_end(self._result, self._ended), started)

    def _cancel(self) -> None:
        """Have the server end the child, and wait for that."""
        logger.warning("The task's process is asked to stop.")
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        self._listen(deadline=time.monotonic() + _GRACE_S + _MARGIN_S)
        if self._ended is None:
            self._end_without_server()

    def _listen(self, *, deadline: float | None) -> None:
        """Read until the server tells the end, or hangs up; then take what is left in the channel."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._connection, selectors.EVENT_READ)
            while True:
                rest = None if deadline is None else max(0.0, deadline - time.monotonic())
                ready = {key.fileobj for key, _ in selector.select(rest)}
                if not ready:
                    return
                if self._channel in ready and not self._take():
                    selector.unregister(self._channel)
                elif self._connection in ready:
                    break
        with suppress(OSError, ClosedError):
            self._ended = receive_line(self._connection)[0]["ended"]
        self._channel.setblocking(False)
        with suppress(BlockingIOError):
            while self._take():
                pass

    def _take(self) -> bool:
        """Take one piece from the channel; return whether there may be more."""
        try:
            message = self._packets.read()
        except (ClosedError, ConnectionError):
            return False
        if message is not None and not tell(message, self._journal):
            self._result |= message
        return True

    def _end_without_server(self) -> None:
        """The kernel has told the child to end, as its parent died; make sure of it, with all that it started."""
        deadline = time.monotonic() + _GRACE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._handle, selectors.EVENT_READ)
            gone = bool(selector.select(max(0.0, deadline - time.monotonic())))
            if not gone:
                kill_below(self._pid)
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)
                selector.select(_MARGIN_S)


def _describe_end(result: dict[str, Any], ended: dict[str, Any]) -> str:
    """Return how a process ended that left no report."""
    if "raised" in result:
        return f"The task's process ended: {result['raised']}"
    if ended["signal"]:
        name = signal.Signals(ended["signal"]).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"The task's process was ended by {name}{hint}"
    return f"The task's process ended by itself with exit code {ended['exit']}"


def _failed(what: str, started: float) -> str:
    """Return the report of a task whose process ended before its time. A retry may help, and only Airflow retries."""
    error = RunError(f"{what}.", seen="its nodes may have run in part", remedy="read the end of the log")
    logger.error("%s", error)
    failure = Failure(type=f"{RunError.__module__}.{RunError.__qualname__}", message=str(error), deterministic=False)
    return TaskReport(seconds=time.perf_counter() - started, failure=failure).to_json()
