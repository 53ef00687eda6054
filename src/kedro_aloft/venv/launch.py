"""The Airflow side of a task in another Python: start it, tell what it tells, end it in time."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.report import Failure, TaskReport
from kedro_aloft.errors import RunError
from kedro_aloft.warm.packets import ClosedError, PacketReader, new_channel, send_packet
from kedro_aloft.warm.relay import levels, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kedro_aloft.contract.journal import Tell
    from kedro_aloft.contract.request import TaskRequest

logger = logging.getLogger(__name__)

_GRACE_S = 5.0
_PACKAGE = Path(__file__).parents[1]
_OF_THIS_PYTHON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_BEGIN = "import sys; sys.path[0] = sys.argv[1]; from kedro_aloft.venv.child import main; main()"


def run_in_python(
    request: TaskRequest, python: Path, *, journal: Tell | None = None
) -> TaskReport:
    """Run a request in a process of another interpreter and return its report.

    The process has this one's environment (but what names this interpreter), stdout and stderr, and a process group of
    its own; it ends when this one ends, however that happens.

    Args:
        request: What to run.
        python: The interpreter.
        journal: Gets what is new in the task's journal, as of `runtime.process.run`.

    Raises:
        RunError: If the interpreter cannot be started.
        SystemExit: If a node raised it.
    """
    started = time.perf_counter()
    ours, theirs = new_channel()
    with ours, _import_path() as path:
        with theirs:
            process = _start(python, path, theirs)
        try:
            with suppress(ConnectionError):  # it ended already
                send_packet(ours, {"request": request.to_json(), "levels": levels()})
            result = _follow(ours, process, journal)
            code = process.wait()
        finally:
            _end(process, ours, journal)
    if "report" in result:
        return TaskReport.from_json(result["report"])
    if "system_exit" in result:
        raise SystemExit(result["system_exit"])
    return _broken(result, code, started)


@contextmanager
def _import_path() -> Iterator[str]:
    """A folder that has this package and none of the libraries beside it, which are of this interpreter."""
    with tempfile.TemporaryDirectory(prefix="kedro-aloft-") as directory:
        (Path(directory) / _PACKAGE.name).symlink_to(_PACKAGE, target_is_directory=True)
        yield directory


def _start(python: Path, path: str, channel: socket.socket) -> subprocess.Popen[bytes]:
    command = [str(python), "-c", _BEGIN, path, str(channel.fileno()), str(os.getpid())]
    try:
        return subprocess.Popen(  # noqa: S603  the interpreter that airflow.yml names
            command,
            env=_environment(os.environ),
            stdin=subprocess.DEVNULL,
            pass_fds=(channel.fileno(),),
            start_new_session=True,
        )
    except OSError as error:
        raise RunError(
            "The Python of `venv` cannot be started.",
            where=str(python),
            seen=str(error),
            remedy="correct `venv.python` in airflow.yml (relative to the project), or make that environment here",
        ) from None


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in _OF_THIS_PYTHON}


def _follow(
    channel: socket.socket, process: subprocess.Popen[bytes], journal: Tell | None, *, most_s: float | None = None
) -> dict[str, Any]:
    """Tell what is told until the process has said the last or ended, for `most_s` at most; return what else it said.

    Its end is looked for as well: what a node started may keep the channel open for ever.
    """
    result: dict[str, Any] = {}
    packets = PacketReader(channel)
    deadline = None if most_s is None else time.monotonic() + most_s
    ended = os.pidfd_open(process.pid)
    with suppress(ClosedError, ConnectionError, BlockingIOError), _closing(ended), selectors.DefaultSelector() as ready:
        ready.register(channel, selectors.EVENT_READ)
        ready.register(ended, selectors.EVENT_READ)
        while not result:
            rest = None if deadline is None else max(0.0, deadline - time.monotonic())
            if all(key.fileobj == ended for key, _ in ready.select(rest)):
                channel.setblocking(False)
            said = packets.read()
            if said is not None and not tell(said, journal):
                result = said
    return result


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes], channel: socket.socket, journal: Tell | None) -> None:
    """Leave nothing running: ask the process and hear its last words, then kill its whole group."""
    if process.poll() is None:
        logger.warning("The task's process is asked to stop.")
        process.terminate()
        grace_until = time.monotonic() + _GRACE_S
        with suppress(ValueError):  # the rest of what was being said when we were interrupted
            _follow(channel, process, journal, most_s=_GRACE_S)
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, grace_until - time.monotonic()))
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _broken(result: Mapping[str, Any], code: int, started: float) -> TaskReport:
    """Return the report of a process that left none. A retry may help, and only Airflow retries."""
    error = RunError(
        f"{_describe_end(result, code)}.", seen="its nodes may have run in part", remedy="read the end of the log"
    )
    return failed_before(error, seconds=time.perf_counter() - started)


def failed_before(error: RunError, *, seconds: float = 0.0) -> TaskReport:
    """Return the report of a task whose nodes had no say in its end, and tell the log why."""
    logger.error("%s", error)
    failure = Failure(type=f"{RunError.__module__}.{RunError.__qualname__}", message=str(error), deterministic=False)
    return TaskReport(seconds=seconds, failure=failure)


def _describe_end(result: Mapping[str, Any], code: int) -> str:
    if "raised" in result:
        return f"The task's process ended: {result['raised']}"
    if code < 0:
        name = signal.Signals(-code).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"The task's process was ended by {name}{hint}"
    return f"The task's process ended by itself with exit code {code}"
