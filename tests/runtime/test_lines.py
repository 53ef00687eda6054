"""The journal of a container is in its log: whole lines of bounded length, the newest entry of each node."""

from __future__ import annotations

import io
import json
from typing import Any

from kedro_aloft.contract.journal import NodeEntry
from kedro_aloft.contract.keys import JOURNAL_MARK
from kedro_aloft.contract.summary import MAX_LINE_BYTES
from kedro_aloft.runtime.lines import JournalLines


def read(stream: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in stream.getvalue().splitlines():
        assert line.startswith(JOURNAL_MARK)
        assert len(line) <= MAX_LINE_BYTES + len(JOURNAL_MARK) + 2
        found |= json.loads(line.removeprefix(JOURNAL_MARK))
    return found


def test_the_newest_entry_of_each_node_is_there() -> None:
    stream = io.StringIO()
    lines = JournalLines(stream)
    for number in range(500):
        lines.add(f"node_{number}", NodeEntry(state="running", start=float(number)))
        lines.add(f"node_{number}", NodeEntry(state="ok", start=float(number), end=number + 1.0))
    lines.close()
    found = read(stream)
    assert {name: entry[0] for name, entry in found.items()} == {f"node_{number}": "ok" for number in range(500)}


def test_an_entry_that_is_too_long_loses_the_names_of_its_outputs() -> None:
    stream = io.StringIO()
    lines = JournalLines(stream)
    lines.add("a", NodeEntry(state="ok", rows=3, outputs={f"dataset_{number}": "memory" for number in range(2000)}))
    lines.close()
    assert read(stream) == {"a": ["ok", None, None, {"rows": 3}]}
