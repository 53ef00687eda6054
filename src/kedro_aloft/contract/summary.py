"""What of a task's report Airflow gets to see: enough for people and the command line, never more than it likes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro_aloft.contract.report import TaskReport

MAX_BYTES = 256 * 1024
"""Airflow keeps an XCom in one cell of its database and sends it whole to whoever looks. About 1,200 nodes fit."""

MAX_LINE_BYTES = 12_000
"""Engines cut lines of a container's log at 16 KiB."""

MAX_MESSAGE = 4_000
"""Characters of a failure's message; some libraries print the data that they do not like."""


def summarise(report: TaskReport, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Return the report as JSON types, without the traceback (which the log has) and not larger than `max_bytes`.

    When it is too large, outputs are left out first, then the quickest nodes; `cut` then says so in words. Failed
    nodes stay.
    """
    content = report.to_dict()
    if content["failure"] is not None:
        content["failure"] = {**content["failure"], "traceback": "", "message": shorten(content["failure"]["message"])}
    if _size(content) <= max_bytes:
        return content
    content["cut"] = "outputs of the nodes are left out; see the task's log"
    content["nodes"] = [{**node, "outputs": []} for node in content["nodes"]]
    if _size(content) <= max_bytes:
        return content
    return _keep_slowest(content, max_bytes)


def shorten(message: str) -> str:
    """Return a message of bearable length that says how much is missing."""
    missing = len(message) - MAX_MESSAGE
    return message if missing <= 0 else f"{message[:MAX_MESSAGE]}… ({missing:,} more characters in the task's log)"


def _keep_slowest(content: dict[str, Any], max_bytes: int) -> dict[str, Any]:
    nodes = content["nodes"]
    rank = sorted(range(len(nodes)), key=lambda i: (nodes[i]["state"] == "success", -(nodes[i]["seconds"] or 0.0), i))
    room = max_bytes - _size({**content, "nodes": [], "cut": " " * 200})
    kept = set()
    for position in rank:
        room -= _size(nodes[position]) + 2
        if room < 0:
            break
        kept.add(position)
    cut = f"the {len(kept):,} slowest of {len(nodes):,} nodes, without their outputs; the task's log has all"
    return {**content, "nodes": [node for position, node in enumerate(nodes) if position in kept], "cut": cut}


def _size(value: Any) -> int:
    return len(json.dumps(value))
