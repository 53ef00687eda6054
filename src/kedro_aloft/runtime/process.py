"""The door of the runtime: one request in, one report out, both as JSON text."""

from __future__ import annotations

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.runtime.execute import execute


def run(request: str) -> str:
    """Serve a `TaskRequest` given as JSON and return the `TaskReport` as JSON.

    Raises:
        RequestError: If the request is malformed. All later failures are in the report.
    """
    return execute(TaskRequest.from_json(request)).to_json()
