"""What a task reported of its nodes, wherever it left it: in XCom, or as the last line of a container's log."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from kedro_aloft.client import AirflowApi, TaskState

_LAST_ENTRIES = 200
"""A container's report is near the end of its log; what the operator says after it is short."""


def read_report(api: AirflowApi, dag_id: str, run_id: str, task: TaskState) -> dict[str, Any] | None:
    """Return the report of a task's last try, or None when there is none, or none that we may read."""
    from kedro_aloft.contract.keys import REPORT_KEY

    with contextlib.suppress(RemoteError):  # durations may be read by roles that may not read XComs or logs
        found = api.xcom(dag_id, run_id, task.task_id, REPORT_KEY)
        if isinstance(found, dict):
            return found
        return _from_log(api.log(dag_id, run_id, task.task_id, max(1, task.tries)))
    return None


def _from_log(entries: list[Any]) -> dict[str, Any] | None:
    from kedro_aloft.contract.keys import REPORT_MARK

    for entry in reversed(entries[-_LAST_ENTRIES:]):
        text = str(entry.get("event", "") if isinstance(entry, dict) else entry)
        _, mark, report = text.partition(REPORT_MARK)
        if mark:
            with contextlib.suppress(ValueError):
                found = json.loads(report)
                return found if isinstance(found, dict) else None
    return None
