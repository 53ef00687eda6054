"""What is read from a DAG file is what it was written from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.render.read import read_tasks
from render.conftest import GOLDEN
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


@pytest.mark.parametrize("name", ["kubernetes", "scheduled"])
def test_a_sensor_is_told_from_a_task_of_nodes(name: str) -> None:
    tasks = read_tasks(EVERY[name].render().source)
    sensors = [task.id for task in tasks.values() if task.is_sensor]
    assert sensors
    assert all(one.startswith("wait_for_") for one in sensors)


@pytest.mark.parametrize("text", ["", "this is no Python (", "print('hello')"])
def test_any_other_text_has_no_tasks(text: str) -> None:
    assert read_tasks(text) == {}


@pytest.mark.parametrize("mode", ["live", "static"])
def test_the_tasks_that_show_nodes_belong_to_the_one_that_runs_them(mode: str) -> None:
    tasks = read_tasks((GOLDEN / "mirrors" / f"shop_mirrors_{mode}_dag.py").read_text(encoding="utf-8"))
    fused = tasks["long.step_0__step_2"]
    assert fused.nodes == ("long.step_0", "long.step_1", "long.step_2")
    assert fused.mirrors == (
        "long.step_0__step_2.gate",
        "long.step_0",
        "long.step_1",
        "long.step_2",
        "long.step_0__step_2.done",
    )
    assert tasks["alone"].mirrors == ()
