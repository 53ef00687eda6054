"""What each node of a run did so far, from the journals of its tasks: in XCom, or in lines of a container's log."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.journal import Journal, NodeEntry
from kedro_aloft.contract.keys import JOURNAL_KEY, JOURNAL_MARK
from kedro_aloft.errors import RemoteError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kedro_aloft.client import AirflowApi, TaskState

_WITH_JOURNAL = frozenset({"running", "restarting", "success", "failed", "up_for_retry"})


def nodes_of_run(
    api: AirflowApi, dag_id: str, run_id: str, tasks: Iterable[TaskState]
) -> dict[str, dict[str, NodeEntry]]:
    """Return what is known of the nodes of a run, while it runs and afterwards: entries by node, by task id.

    Tasks of a single node keep no journal: what Airflow says of them says all. Tasks that have not started, and what
    the login may not read, are left out.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        run_id: Id of its run.
        tasks: The run's tasks (`AirflowApi.tasks`), or those of interest.
    """
    journals = {task.task_id: read_journal(api, dag_id, run_id, task) for task in tasks if task.state in _WITH_JOURNAL}
    return {task_id: dict(journal.nodes) for task_id, journal in journals.items() if journal is not None}


def read_journal(api: AirflowApi, dag_id: str, run_id: str, task: TaskState) -> Journal | None:
    """Return the journal of a task's last try, or None when there is none, or none that we may read."""
    with contextlib.suppress(RemoteError, RequestError):
        found = api.xcom(dag_id, run_id, task.task_id, JOURNAL_KEY)
        if found is not None:
            journal = Journal.from_json(found)
            return journal if journal.try_number >= task.tries else None  # of a try before this one
        return _from_log(api.log(dag_id, run_id, task.task_id, max(1, task.tries)), task.tries)
    return None


def _from_log(entries: list[Any], tries: int) -> Journal | None:
    journal = Journal(try_number=max(1, tries))
    for entry in entries:
        text = str(entry.get("event", "") if isinstance(entry, dict) else entry)
        _, mark, news = text.partition(JOURNAL_MARK)
        if mark:
            with contextlib.suppress(ValueError, AttributeError, RequestError):
                for name, content in json.loads(news).items():
                    journal = journal.with_node(name, NodeEntry.from_json(content))
    return journal if journal.nodes else None
