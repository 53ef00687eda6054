"""What is read from a DAG file is what it was written from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.render.read import read_tasks
from render.container_samples import CONTAINER_SAMPLES
from render.samples import SAMPLES

if TYPE_CHECKING:
    from render.samples import Sample

EVERY = {**SAMPLES, **CONTAINER_SAMPLES}


@pytest.mark.parametrize("sample", EVERY.values(), ids=EVERY.keys())
def test_nodes_and_datasets_of_every_task_are_read_back(sample: Sample) -> None:
    read = {task.id: task for task in read_tasks(sample.render().source).values() if task.nodes}
    plan = sample.plan()
    planned = plan.tasks
    assert {task.id: task.nodes for task in planned} == {one.id: one.nodes for one in read.values()}
    if sample is not EVERY["hostile"]:  # its datasets have characters that a page shows in another form
        assert {task.id: tuple(task.inputs) for task in planned} == {one.id: one.reads for one in read.values()}
        assert {task.id: tuple(task.outputs) for task in planned} == {one.id: one.writes for one in read.values()}
    handed = {(one.dataset, one.source, one.target) for one in plan.handed_over}
    takes = {(name, task.id) for task in read.values() for name in task.takes}
    gives = {(name, task.id) for task in read.values() for name in task.gives}
    assert takes == {(dataset, target) for dataset, _, target in handed}
    assert gives == {(dataset, source) for dataset, source, _ in handed}


def test_a_sensor_is_told_from_a_task_of_nodes() -> None:
    tasks = read_tasks(EVERY["kubernetes"].render().source)
    assert [task.id for task in tasks.values() if task.is_sensor] == ["wait_for_ingest_orders"]


@pytest.mark.parametrize("text", ["", "this is no Python (", "print('hello')"])
def test_any_other_text_has_no_tasks(text: str) -> None:
    assert read_tasks(text) == {}
