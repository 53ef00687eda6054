"""The journal of a container: what is new goes into its log, a line for each batch."""

from __future__ import annotations

import json
import threading
from typing import IO, TYPE_CHECKING, Any

from kedro_aloft.contract.batch import Batch
from kedro_aloft.contract.keys import JOURNAL_MARK
from kedro_aloft.contract.summary import MAX_LINE_BYTES

if TYPE_CHECKING:
    from kedro_aloft.contract.journal import NodeEntry

_MANY = ("outputs", "tail")


class JournalLines:
    """Writes what is new in a journal as lines that no engine cuts.

    Args:
        stream: The container's log.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._news: dict[str, NodeEntry] = {}
        self._batch = Batch(self._write)

    def add(self, node: str, entry: NodeEntry) -> None:
        """Note an entry; what the same node had before and nobody has read yet is left out."""
        with self._lock:
            self._news[node] = entry
        self._batch.touch()

    def close(self) -> None:
        """Write what is left."""
        self._batch.close()
        self._write()

    def _write(self) -> None:
        with self._lock:
            news, self._news = self._news, {}
            for line in _lines(news):
                self._stream.write(f"{JOURNAL_MARK}{line}\n")
            self._stream.flush()


def _lines(news: dict[str, NodeEntry]) -> list[str]:
    lines: list[str] = []
    content: dict[str, Any] = {}
    size = 0
    for name, entry in news.items():
        value = _short(entry)
        length = len(json.dumps([name, value]))
        if content and size + length > MAX_LINE_BYTES:
            lines.append(json.dumps(content))
            content, size = {}, 0
        content[name] = value
        size += length
    return [*lines, json.dumps(content)] if content else lines


def _short(entry: NodeEntry) -> list[Any]:
    """The entry; without what may be long when it is very long."""
    whole = entry.to_json()
    return whole if len(json.dumps(whole)) <= MAX_LINE_BYTES // 2 else entry.to_json(without=_MANY)
