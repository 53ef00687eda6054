"""The two ways on which a warm task talks.

A *line* is the connection between client and server: JSON objects of any size, each after its length, the first one
with open files. A *channel* goes from the child, and whatever processes it starts, straight to the client: packets that
the kernel never mixes, so that log records of several processes stay whole.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = struct.Struct("!I")
_HEAD = struct.Struct("!?I")
_PIECE = 48 * 1024
MAX_FILES = 8


class ClosedError(Exception):
    """The other side hung up."""


def send_line(connection: socket.socket, message: dict[str, Any], *, files: Sequence[int] = ()) -> None:
    """Send one JSON object, with open files if any."""
    text = json.dumps(message).encode()
    data = memoryview(_LENGTH.pack(len(text)) + text)
    if files:
        sent = socket.send_fds(connection, [data], list(files))
        data = data[sent:]
    if data:  # sending nothing to somebody who has answered and gone would be an error
        connection.sendall(data)


def receive_line(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Receive one JSON object and the open files that came with it.

    Raises:
        ClosedError: If the other side hung up before its end.
    """
    head, files = _receive_head(connection)
    try:
        (length,) = _LENGTH.unpack(head)
        message: dict[str, Any] = json.loads(_receive(connection, length))
    except BaseException:
        close_all(files)
        raise
    return message, files


def _receive_head(connection: socket.socket) -> tuple[bytes, list[int]]:
    head, files, _, _ = socket.recv_fds(connection, _LENGTH.size, MAX_FILES)
    for file in files:
        os.set_inheritable(file, False)
    if not head:
        close_all(files)
        raise ClosedError
    if len(head) < _LENGTH.size:
        head += _receive(connection, _LENGTH.size - len(head))
    return head, list(files)


def _receive(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ClosedError
        data += piece
    return bytes(data)


def close_all(files: Sequence[int]) -> None:
    """Close open files."""
    for file in files:
        os.close(file)


def new_channel() -> tuple[socket.socket, socket.socket]:
    """Return the client's and the child's end of a channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_packet(channel: socket.socket, message: dict[str, Any]) -> None:
    """Send one JSON object, in pieces that are each sent whole."""
    data = json.dumps(message).encode()
    sender = os.getpid()
    for start in range(0, len(data), _PIECE):
        last = start + _PIECE >= len(data)
        channel.sendall(_HEAD.pack(last, sender) + data[start : start + _PIECE])


class PacketReader:
    """Puts the pieces of packets together, by sender."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._pieces: dict[int, bytearray] = {}

    def read(self) -> dict[str, Any] | None:
        """Take one piece; return the object that it completes, else None.

        Raises:
            ClosedError: If nobody has the other end any more.
            BlockingIOError: If the channel does not block and holds nothing.
        """
        data = self._channel.recv(_HEAD.size + _PIECE)
        if not data:
            raise ClosedError
        last, sender = _HEAD.unpack(data[: _HEAD.size])
        whole = self._pieces.setdefault(sender, bytearray())
        whole += data[_HEAD.size :]
        if not last:
            return None
        message: dict[str, Any] = json.loads(self._pieces.pop(sender))
        return message
