"""The server: one thread, which imports, waits, forks and tells how the forks ended."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.warm import child
from kedro_aloft.warm.home import Home, peer_of
from kedro_aloft.warm.kernel import adopt_orphans, children, descendants, kill, kill_below, set_name
from kedro_aloft.warm.packets import ClosedError, close_all, receive_line, send_line
from kedro_aloft.warm.relay import RelayHandler, apply_levels
from kedro_aloft.warm.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

GRACE_S = 5.0
"""How long a cancelled task may take to end by itself, as long as Airflow gives its own tasks."""

_READ_DEADLINE_S = 5.0


@dataclass(slots=True)
class _Task:
    """One fork: who asked for it, and until when it may go on once it is cancelled."""

    pid: int
    handle: int
    connection: socket.socket
    deadline: float | None = None


class Server:
    """Serves requests until nobody asked for a while, the code on disk is another one, or SIGTERM.

    Args:
        home: Whose socket it is.
        listener: Listens on that socket.
        idle_s: Seconds without a request after which it ends.
        refuse: Returns why an environment cannot be served, or an empty text.
        stamp: What was imported.
        relay: Where log records of the imports are.
    """

    def __init__(
        self,
        home: Home,
        listener: socket.socket,
        *,
        idle_s: float,
        refuse: Callable[[dict[str, str]], str],
        stamp: Stamp,
        relay: RelayHandler,
    ) -> None:
        self._home = home
        self._listener: socket.socket | None = listener
        self._idle_s = idle_s
        self._refuse = refuse
        self._stamp = stamp
        self._relay = relay
        self._environment = dict(os.environ)  # forks compare with it
        self._tasks: dict[int, _Task] = {}
        self._by_connection: dict[int, _Task] = {}
        self._poll = select.epoll()
        self._wake = socket.socketpair()
        self._stopping = False
        self._retiring = False

    def serve(self) -> None:
        """Serve until the end."""
        self._prepare()
        idle_since = time.monotonic()
        while self._listener is not None or self._tasks:
            for number, _ in self._poll.poll(self._pause(idle_since)):
                self._answer(number)
            if self._stopping:
                self._retire()
                self._cancel_all()
            self._kill_late()
            if self._tasks:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= self._idle_s:
                self._retire()

    def _prepare(self) -> None:
        assert self._listener is not None
        signal.signal(signal.SIGTERM, self._stop)
        for end in (self._listener, *self._wake):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake[1].fileno())
        for end in (self._listener, self._wake[0]):
            self._poll.register(end.fileno(), select.EPOLLIN)

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _pause(self, idle_since: float) -> float:
        """Seconds until something must be done even if nothing happens."""
        deadlines = [task.deadline for task in self._tasks.values() if task.deadline is not None]
        if not self._tasks:
            deadlines.append(idle_since + self._idle_s)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else -1

    def _answer(self, number: int) -> None:
        if number in self._tasks:
            self._finish(number)
        elif number in self._by_connection:
            self._cancel(self._by_connection[number])
        elif self._listener is not None and number == self._listener.fileno():
            self._accept()
        elif number == self._wake[0].fileno():
            with suppress(BlockingIOError):
                self._wake[0].recv(64)

    # Beginning

    def _accept(self) -> bool:
        """Serve who waits longest; return whether there was one."""
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return False
        self._receive(connection)
        return True

    def _receive(self, connection: socket.socket) -> None:
        files: list[int] = []
        try:
            if peer_of(connection)[1] != os.getuid():
                connection.close()
                return
            connection.settimeout(_READ_DEADLINE_S)
            request, files = receive_line(connection)
            self._begin(request, files, connection)
        except (OSError, ClosedError, ValueError, KeyError):
            connection.close()
        finally:
            close_all(files)

    def _begin(self, request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
        change = self._stamp.find_change()
        if change:
            self._retire()  # before the answer: who gets it looks for a server again
            send_line(connection, {"stale": change})
            connection.close()
            return
        refusal = self._refuse(request["environment"])
        if refusal:
            send_line(connection, {"refused": refusal})
            connection.close()
            return
        self._fork(request, files, connection)

    def _fork(self, request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))  # in the fork it must not meet our handler
        try:
            pid = os.fork()
            if pid == 0:
                try:
                    self._forget(connection)
                    child.run_child(request, files, parent=parent, relay=self._relay, environment=self._environment)
                finally:
                    os._exit(child.BROKEN)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
        task = _Task(pid, os.pidfd_open(pid), connection)
        self._tasks[task.handle] = task
        self._by_connection[connection.fileno()] = task
        self._poll.register(task.handle, select.EPOLLIN)
        self._poll.register(connection.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
        with suppress(OSError):
            send_line(connection, {"server": parent, "pid": pid})

    def _forget(self, connection: socket.socket) -> None:
        """Close in a fork what belongs to the server and to other tasks."""
        signal.set_wakeup_fd(-1)
        self._poll.close()
        if self._listener is not None:
            self._listener.close()
        for one in (connection, *self._wake, *(task.connection for task in self._tasks.values())):
            one.close()
        close_all(list(self._tasks))

    # Ending

    def _cancel(self, task: _Task) -> None:
        """Ask a task to end whose client has gone, or wants it to."""
        if self._by_connection.pop(task.connection.fileno(), None) is not None:
            self._poll.unregister(task.connection.fileno())
        if task.deadline is None:
            task.deadline = time.monotonic() + GRACE_S
            kill(task.pid, signal.SIGTERM)

    def _cancel_all(self) -> None:
        for task in self._tasks.values():
            self._cancel(task)

    def _kill_late(self) -> None:
        for task in self._tasks.values():
            if task.deadline is not None and time.monotonic() >= task.deadline:
                task.deadline = time.monotonic() + GRACE_S
                kill_below_and(task.pid)

    def _finish(self, handle: int) -> None:
        """Bury a task, end whatever it left running, and tell its client."""
        task = self._tasks.pop(handle)
        self._poll.unregister(handle)
        os.close(handle)
        _, status, usage = os.wait4(task.pid, 0)
        self._end_orphans()
        code = os.waitstatus_to_exitcode(status)
        ended = {"exit": max(code, 0), "signal": max(-code, 0), "cpu_s": usage.ru_utime + usage.ru_stime}
        with suppress(OSError):
            send_line(task.connection, {"ended": ended})
        if self._by_connection.pop(task.connection.fileno(), None) is not None:
            self._poll.unregister(task.connection.fileno())
        task.connection.close()

    def _end_orphans(self) -> None:
        """Kill and bury what an ended task left. A task adopts its own orphans, so ours are those of ended tasks."""
        running = {task.pid for task in self._tasks.values()}
        while orphans := [pid for pid in children(os.getpid()) if pid not in running]:
            for pid in orphans:
                kill_below_and(pid)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _retire(self) -> None:
        """Listen no more; answer those who came before, unless we are told to stop.

        The socket's file goes first: another server may take its place at once.
        """
        if self._listener is None or self._retiring:
            return
        self._retiring = True
        self._home.place.unlink(missing_ok=True)
        self._poll.unregister(self._listener.fileno())
        self._listener.shutdown(socket.SHUT_RDWR)  # from now on nobody can join those who wait
        while not self._stopping and self._accept():
            pass
        self._listener.close()
        self._listener = None


def kill_below_and(pid: int) -> None:
    """Kill a process and its descendants; it goes first, so that it starts no others."""
    below = descendants(pid)
    kill(pid, signal.SIGKILL)
    for one in below:
        kill(one, signal.SIGKILL)
    kill_below(pid)


def main(config: dict[str, Any]) -> None:
    """Listen, let go of who started us, import, serve.

    Args:
        config: `home` (directory, key), `request` (JSON of the first task), `levels`, `idle_s`.
    """
    home = Home(Path(config["home"][0]), config["home"][1])
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        os._exit(0 if os.read(told, 1) else 1)  # whoever started us finds the socket now, and is not our parent
    adopt_orphans()
    set_name("kedro-aloft")
    try:
        listener = home.listen()
        os.write(tell, b"!")
        close_all((told, tell))
        _warm_up(home, listener, config)
    except BaseException:
        traceback.print_exc()
        raise  # whoever comes next is refused a connection, and takes our place


def _warm_up(home: Home, listener: socket.socket, config: dict[str, Any]) -> None:
    import logging

    from kedro_aloft.warm.preload import preload

    relay = RelayHandler()
    logging.getLogger().addHandler(relay)
    apply_levels(config["levels"])
    relay.take_warnings()
    done = preload(TaskRequest.from_json(config["request"]))
    if done.doubt:
        _become_refusing(home, listener, idle_s=config["idle_s"], stamp=done.stamp, doubt=done.doubt)
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.stdout.flush()
    sys.stderr.flush()
    refuse = done.witness.find_difference
    Server(home, listener, idle_s=config["idle_s"], refuse=refuse, stamp=done.stamp, relay=relay).serve()


def _become_refusing(home: Home, listener: socket.socket, *, idle_s: float, stamp: Stamp, doubt: str) -> None:
    """Replace this process by a small one that tells why: its imports, threads and open files are gone with it."""
    kill_below(os.getpid())
    for pid in children(os.getpid()):
        os.waitpid(pid, 0)
    print(f"No warm starts: {doubt}", file=sys.stderr, flush=True)
    content = {
        "home": [str(home.directory), home.key],
        "idle_s": idle_s,
        "doubt": doubt,
        "stamp": stamp.to_json(),
        "sys_path": sys.path,
    }
    memory = os.memfd_create("config", 0)
    os.write(memory, json.dumps(content).encode())
    os.set_inheritable(memory, True)
    os.set_inheritable(listener.fileno(), True)
    code = (
        "import json, os, sys; content = json.loads(os.pread(int(sys.argv[1]), 1 << 30, 0));"
        "sys.path[:] = content['sys_path']; from kedro_aloft.warm.server import refuse_all;"
        "refuse_all(content, listener=int(sys.argv[2]))"
    )
    os.execv(sys.executable, [sys.executable, "-c", code, str(memory), str(listener.fileno())])  # noqa: S606


def refuse_all(content: dict[str, Any], *, listener: int) -> None:
    """Tell everybody why there are no warm starts, until the code changes or nobody asks any more."""
    set_name("kedro-aloft")
    Server(
        Home(Path(content["home"][0]), content["home"][1]),
        socket.socket(fileno=listener),
        idle_s=content["idle_s"],
        refuse=lambda _environment: str(content["doubt"]),
        stamp=Stamp.from_json(content["stamp"]),
        relay=RelayHandler(),
    ).serve()
