from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.client import AirflowApi, follow_run, wait_for_dag
from kedro_aloft.errors import RemoteError, RenderError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Script
    from kedro_aloft.client import TaskState

DETAILS = "GET /api/v2/dags/d/details"
ERRORS = "GET /api/v2/importErrors"


@pytest.fixture
def api(script: Script) -> AirflowApi:
    script.answer(ERRORS, (200, {"import_errors": [], "total_entries": 0}))
    return AirflowApi(script.url, username="admin", password="right")


def _run(state: str) -> tuple[int, Any]:
    return 200, {"dag_id": "d", "dag_run_id": "r", "state": state}


def _tasks(**states: tuple[str | None, int]) -> tuple[int, Any]:
    tasks = [{"task_id": name, "state": state, "try_number": tries} for name, (state, tries) in states.items()]
    return 200, {"task_instances": tasks, "total_entries": len(tasks)}


def test_each_change_of_each_task_is_reported_once_and_the_last_state_is_final(script: Script, api: AirflowApi) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/r", _run("queued"), _run("running"), _run("running"), _run("failed"))
    script.answer(
        "GET /api/v2/dags/d/dagRuns/r/taskInstances",
        _tasks(a=(None, 0), b=(None, 0)),
        _tasks(a=("running", 1), b=(None, 0)),
        _tasks(a=("running", 1), b=(None, 0)),
        _tasks(a=("failed", 2), b=("upstream_failed", 0)),
    )
    changes: list[TaskState] = []
    result = follow_run(api, "d", "r", on_change=changes.append, poll_s=0)
    assert [(task.task_id, task.state, task.tries) for task in changes] == [
        ("a", "running", 1),
        ("a", "failed", 2),
        ("b", "upstream_failed", 0),
    ]
    assert result.run.state == "failed"
    assert {task.task_id: task.state for task in result.tasks} == {"a": "failed", "b": "upstream_failed"}


def test_a_retry_in_the_same_state_is_a_change(script: Script, api: AirflowApi) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/r", _run("running"), _run("success"))
    script.answer("GET /api/v2/dags/d/dagRuns/r/taskInstances", _tasks(a=("running", 1)), _tasks(a=("running", 2)))
    changes: list[TaskState] = []
    follow_run(api, "d", "r", on_change=changes.append, poll_s=0)
    assert [task.tries for task in changes] == [1, 2]


@pytest.mark.parametrize(
    "details", [{"tags": [{"name": "plan:abc"}]}, {"doc_md": "hash abc"}, {"description": "abc", "tags": None}]
)
def test_a_dag_is_live_when_its_marker_appears(script: Script, api: AirflowApi, details: dict[str, Any]) -> None:
    script.answer(DETAILS, (404, None), (200, {"tags": [], "doc_md": "old"}), (200, details))
    assert wait_for_dag(api, "d", marker="abc", deadline_s=30, poll_s=0) == details


def test_a_stale_dag_is_not_live(script: Script, api: AirflowApi) -> None:
    live = {"doc_md": "abc", "is_stale": False}
    script.answer(DETAILS, (200, {"doc_md": "abc", "is_stale": True}), (200, live))
    assert wait_for_dag(api, "d", marker="abc", deadline_s=30, poll_s=0) == live


def test_what_is_not_live_in_time_is_named(script: Script, api: AirflowApi) -> None:
    script.answer(DETAILS, (200, {"doc_md": "old", "file_token": "x"}))
    with pytest.raises(RemoteError) as caught:
        wait_for_dag(api, "d", marker="abc", deadline_s=0)
    assert "abc" in caught.value.seen
    assert "other content" in caught.value.seen


def _error(file: Path, filename: str, seconds_after_the_file: float) -> tuple[int, Any]:
    from datetime import datetime, timezone

    moment = datetime.fromtimestamp(file.stat().st_mtime + seconds_after_the_file, timezone.utc).isoformat()
    entry = {"filename": filename, "timestamp": moment, "stack_trace": "Traceback\nNameError: x"}
    return 200, {"import_errors": [entry], "total_entries": 1}


@pytest.mark.parametrize("absolute", [True, False])
def test_a_file_that_does_not_load_is_said_with_its_traceback(
    script: Script, api: AirflowApi, tmp_path: Path, absolute: bool
) -> None:
    file = tmp_path / "d.py"
    file.write_text("x")
    script.answer(ERRORS, _error(file, str(file) if absolute else "d.py", 1))
    with pytest.raises(RenderError) as caught:
        wait_for_dag(api, "d", marker="abc", deadline_s=30, file=file, poll_s=0)
    assert "NameError: x" in caught.value.seen
    assert caught.value.where == str(file)


def test_errors_of_earlier_content_and_of_other_files_do_not_matter(
    script: Script, api: AirflowApi, tmp_path: Path
) -> None:
    file = tmp_path / "d.py"
    file.write_text("x")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    script.answer(ERRORS, _error(file, "d.py", -1), _error(file, "and.py", 1))
    script.answer(DETAILS, (404, None), (404, None), (404, None), (200, {"doc_md": "abc"}))
    assert wait_for_dag(api, "d", marker="abc", deadline_s=30, file=file, poll_s=0) == {"doc_md": "abc"}
