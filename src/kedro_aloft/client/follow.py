"""Wait for Airflow: for a DAG file to be live, for a run to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kedro_aloft.client.values import RunResult, TaskState, parse_time
from kedro_aloft.errors import RemoteError, RenderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kedro_aloft.client.api import AirflowApi

# A file that is written while its former text is being parsed looks parsed already; asking again cures it.
REPARSE_AFTER_S = 3.0


def follow_run(
    api: AirflowApi,
    dag_id: str,
    run_id: str,
    *,
    on_change: Callable[[TaskState], None],
    on_look: Callable[[tuple[TaskState, ...]], None] | None = None,
    poll_s: float = 0.3,
) -> RunResult:
    """Wait until a run has ended and report every change of a task's state on the way.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        run_id: Id of its run.
        on_change: Called with a task each time its state or its number of tries differs from the last look; the
            first look reports each task that has a state. Changes between two looks are seen as one.
        on_look: Called with all tasks after each look, before `on_change`.
        poll_s: Pause between two looks, in seconds.
    """
    seen: dict[tuple[str, int], tuple[str, int]] = {}
    while True:
        # First the run, then its tasks: when the run has ended, the states of the tasks are final.
        run = api.run(dag_id, run_id)
        tasks = api.tasks(dag_id, run_id)
        if on_look is not None:
            on_look(tasks)
        _report_changes(tasks, seen, on_change)
        if run.finished:
            return RunResult(run=run, tasks=tasks)
        time.sleep(poll_s)


def _report_changes(
    tasks: tuple[TaskState, ...], seen: dict[tuple[str, int], tuple[str, int]], on_change: Callable[[TaskState], None]
) -> None:
    for task in tasks:
        now = (task.state, task.tries)
        if seen.get((task.task_id, task.map_index), ("none", 0)) != now:
            seen[task.task_id, task.map_index] = now
            on_change(task)


def wait_for_dag(
    api: AirflowApi,
    dag_id: str,
    *,
    marker: str,
    deadline_s: float,
    file: Path | None = None,
    poll_s: float = 0.15,
) -> dict[str, Any]:
    """Wait until Airflow serves the DAG with the given content and return its details.

    Airflow's `last_parsed_time` does not tell that new content is live, so we look for the content itself.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        marker: A text that only the expected content has, in a tag, the description or `doc_md`: the plan's hash.
        deadline_s: How long to wait, in seconds.
        file: The DAG file on this machine; when it does not load, the error is raised at once.
        poll_s: Pause between two looks, in seconds.

    Raises:
        RenderError: The file does not load in Airflow.
        RemoteError: The content is not live in time.
    """
    deadline, reparse_at = time.monotonic() + deadline_s, time.monotonic() + REPARSE_AFTER_S
    while True:
        details = api.dag_details(dag_id)
        if details and _carries(details, marker):
            return details
        if file:
            _raise_import_error(api, file)
        if time.monotonic() >= deadline:
            raise _not_live(dag_id, marker, details, deadline_s)
        if details and time.monotonic() >= reparse_at:
            api.reparse(details["file_token"])
            reparse_at += REPARSE_AFTER_S
        time.sleep(poll_s)


def _carries(details: dict[str, Any], marker: str) -> bool:
    tags = [tag["name"] for tag in details.get("tags") or ()]
    texts = [details.get("doc_md") or "", details.get("description") or ""]
    # Tags are updated before the serialized DAG is; `is_stale` is true while the file is new or was removed.
    return any(marker in text for text in (*tags, *texts)) and not details.get("is_stale")


def _raise_import_error(api: AirflowApi, file: Path) -> None:
    """Raise when Airflow tried to load this very content of the file and failed."""
    written = file.stat().st_mtime
    for entry in api.import_errors():
        parsed = parse_time(entry.get("timestamp"))
        if _is_file(entry.get("filename") or "", file) and parsed and parsed.timestamp() >= written:
            raise RenderError(
                "The DAG file does not load in Airflow",
                where=str(file),
                seen=str(entry.get("stack_trace", "")).strip(),
                remedy="fix the file, or what it imports, and try again",
            )


def _is_file(filename: str, file: Path) -> bool:
    """Airflow 3.0 names the absolute path, later versions the path relative to the bundle."""
    return bool(filename) and (str(file) == filename or str(file).endswith("/" + filename.lstrip("/")))


def _not_live(dag_id: str, marker: str, details: dict[str, Any] | None, deadline_s: float) -> RemoteError:
    state = "Airflow does not know this DAG" if details is None else "Airflow still serves other content"
    return RemoteError(
        f"The DAG '{dag_id}' is not live after {deadline_s:g} seconds",
        where=f"DAG '{dag_id}'",
        seen=f"{state}; expected the marker '{marker}'",
        remedy="see the log of Airflow's DAG processor",
    )
