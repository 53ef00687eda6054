"""The door of the runtime: one request in, one report out, both as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.runtime.execute import execute

if TYPE_CHECKING:
    from kedro_aloft.contract.journal import NodeEntry, Tell


def run(request: str, *, tell: Tell | None = None) -> str:
    """Serve a `TaskRequest` given as JSON and return the `TaskReport` as JSON.

    Args:
        request: The request.
        tell: Called with what is new in the task's journal: entries by node, as JSON types. It may be called in several
            threads at once, and what it raises fails the node.

    Raises:
        RequestError: If the request is malformed. All later failures are in the report.
    """

    def tell_entry(node: str, entry: NodeEntry) -> None:
        if tell is not None:
            tell({node: entry.to_json()})

    return execute(TaskRequest.from_json(request), tell=tell_entry).to_json()
