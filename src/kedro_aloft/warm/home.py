"""Where the server of a project is found: a socket in a directory that belongs to its user alone."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import struct
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft import __version__
from kedro_aloft.locks import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from kedro_aloft.contract.request import TaskRequest

_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_CREDENTIALS = struct.Struct("3i")


class ForeignError(Exception):
    """A file or a process belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Home:
    """The files of one server: `<key>.sock`, `<key>.lock`, `<key>.log` in a private directory."""

    directory: Path
    key: str

    @property
    def log(self) -> Path:
        """What the server and the imports of the project print."""
        return self.directory / f"{self.key}.log"

    @property
    def place(self) -> Path:
        """Where the server listens."""
        return self.directory / f"{self.key}.sock"

    def make(self) -> None:
        """Create the directory for its user alone.

        Raises:
            ForeignError: If it is somebody else's, or open to others.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise ForeignError(f"the directory {self.directory} is not private to this user")

    def locked(self) -> AbstractContextManager[None]:
        """Let one process at a time start the server."""
        return locked(self.directory / f"{self.key}.lock")

    def connect(self) -> socket.socket:
        """Return a connection to the server.

        Raises:
            OSError: If nobody listens.
            ForeignError: If who listens is not us.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self._address() as address:
                connection.connect(address)
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: socket.socket) -> None:
        _, user, _ = peer_of(connection)
        if user != os.getuid():
            raise ForeignError(f"user {user} listens on {self.place}")

    def listen(self) -> socket.socket:
        """Return a socket that listens, for this user alone; nobody else listens, by whoever holds the lock.

        Linux tells clients the process that called `listen`, so that must be the one that stays.
        """
        self.place.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with self._address() as address:
                listener.bind(address)
        finally:
            os.umask(before)
        listener.listen(socket.SOMAXCONN)
        return listener

    @contextmanager
    def _address(self) -> Iterator[str]:
        """Address the socket through its open directory: a path in an address may have 107 bytes only."""
        descriptor = os.open(self.directory, os.O_PATH | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}/{self.place.name}"
        finally:
            os.close(descriptor)


def home_of(request: TaskRequest, *, directory: Path, python: str, sys_path: list[str] | None) -> Home:
    """Return the home of the server for a request.

    Two tasks share a server only when a fresh process would be the same to both: same user and groups, same view of
    the machine (containers may share a directory and nothing else), same Python, same project, same code of ours.
    """
    content = {
        "ours": __version__,
        "user": [os.getuid(), os.geteuid(), os.getgid(), os.getegid(), sorted(os.getgroups())],
        "namespaces": [_read_link(f"/proc/self/ns/{name}") for name in _NAMESPACES],
        "cgroup": _read("/proc/self/cgroup"),
        "python": [python, sys_path],
        "project": [request.project_path, request.package],
        "skip": sorted(request.skip_plugin_hooks),
    }
    digest = hashlib.blake2b(json.dumps(content).encode(errors="surrogatepass"), digest_size=12)
    return Home(directory, digest.hexdigest())


def default_directory() -> Path:
    """Return the directory for the servers of this user."""
    return Path(tempfile.gettempdir()) / f"kedro-aloft-{os.getuid()}"


def peer_of(connection: socket.socket) -> tuple[int, int, int]:
    """Return process, user and group of who made the other end; the process is 0 when we cannot see it."""
    found: Any = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, group = _CREDENTIALS.unpack(found)
    return process, user, group


def _read_link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
