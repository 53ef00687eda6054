"""The runtime's door: JSON in, JSON out, and the process as it was before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import RequestError
from kedro_aloft.runtime import process

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import ProjectBuilder


def test_the_working_directory_is_the_projects_and_then_the_old_one(worker: Worker, builder: ProjectBuilder) -> None:
    # The worker itself compares its directory before and after.
    project = (
        builder.functions("def where(): note(os.getcwd()); return 1\ndef bad(): raise ValueError")
        .pipeline("__default__", "node(where, None, 'a', name='where'), node(bad, None, 'b', name='bad')")
        .build()
    )
    worker.task(project, "where").ok()
    assert worker.task(project, "bad").failure().node == "bad"
    assert project.notes() == [str(project.path)]


@pytest.mark.parametrize(
    "request_text",
    [
        json.dumps({"wire": 99}),
        json.dumps({"wire": 1, "surprise": 1}),
    ],
)
def test_a_request_of_another_version_is_refused(request_text: str) -> None:
    with pytest.raises(RequestError):
        process.run(request_text)


def test_a_request_without_nodes_is_refused() -> None:
    fields = ("dag_id", "run_id", "task_id", "version", "run_directory", "project_path", "package", "pipeline")
    with pytest.raises(RequestError, match="names no node"):
        process.run(json.dumps({**dict.fromkeys(fields, "x"), "nodes": []}))
