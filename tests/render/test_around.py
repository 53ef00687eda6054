"""The setup and the teardown of a run: where they stand, and when the teardown may begin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.graph.plan import Plan, Task
from kedro_aloft.render import Around
from kedro_aloft.render.around import before_finish
from kedro_aloft.settings import DagSettings
from render.samples import Sample, node, snapshot
from support.airflow import load_one

if TYPE_CHECKING:
    from pathlib import Path

MLFLOW = Around(mlflow=True)


def sample(*names: str, around: Around, **settings: Any) -> Sample:
    chain = [node(name, f"in_{name}", f"out_{name}") for name in names]
    return Sample(snapshot(chain), DagSettings.model_validate(settings), around=around)


def loaded(one: Sample, folder: Path) -> Any:
    (folder / "dag.py").write_text(one.render().source, encoding="utf-8")
    return load_one(folder)


@pytest.mark.airflow
def test_every_task_is_between_setup_and_teardown(tmp_path: Path) -> None:
    dag = loaded(sample("a", "b", around=MLFLOW, wait_for="other"), tmp_path)
    start, finish = dag.get_task("start_run"), dag.get_task("finish_run")
    assert start.is_setup
    assert finish.is_teardown
    assert start.upstream_task_ids == {"wait_for_other"}
    assert start.downstream_task_ids == {"a", "b", "finish_run"}
    assert finish.upstream_task_ids == {"a", "b", "start_run"}
    assert dag.get_task("a").kedro.mlflow
    assert dag.get_task("a").kedro.pipeline_hooks == "per_task"


@pytest.mark.airflow
def test_a_task_may_be_called_as_the_setup_is_by_default(tmp_path: Path) -> None:
    dag = loaded(sample("start_run", "finish_run", around=MLFLOW), tmp_path)
    assert dag.get_task("start_run_2").is_setup
    assert dag.get_task("finish_run_2").is_teardown
    assert dag.get_task("start_run").nodes == ["start_run"]


@pytest.mark.airflow
@pytest.mark.parametrize(("filtered", "nodes"), [(True, ["a", "b"]), (False, [])])
def test_the_nodes_are_named_where_the_pipeline_is_filtered(tmp_path: Path, filtered: bool, nodes: list[str]) -> None:
    dag = loaded(sample("a", "b", around=Around(filtered=filtered), pipeline_hooks="per_run", retries=3), tmp_path)
    for name in ("start_run", "finish_run"):
        task = dag.get_task(name)
        assert (task.nodes, task.retries, task.kedro.pipeline_hooks) == (nodes, 0, "per_run")
        assert not task.kedro.mlflow


def test_nothing_is_added_where_there_is_nothing_to_do() -> None:
    plain = sample("a", "b", around=Around(filtered=True))
    assert replace(plain, around=Around()).render() == plain.render()
    assert "start_run" not in plain.render().source


@st.composite
def runs(draw: st.DrawFn) -> tuple[Plan, dict[str, int], frozenset[str]]:
    """A plan, how long each task takes, and which tasks fail."""
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 8))):
        upstream = draw(st.sets(st.sampled_from([task.id for task in tasks]), max_size=3)) if tasks else set()
        tasks.append(Task(id=f"t{number}", nodes=(f"n{number}",), upstream=tuple(sorted(upstream))))
    ids = [task.id for task in tasks]
    plan = Plan(package="p", pipeline="q", env="local", group_by="none", tasks=tuple(tasks))
    lengths = {one: draw(st.integers(1, 20)) for one in ids}
    return plan, lengths, frozenset(draw(st.sets(st.sampled_from(ids))))


@given(runs())
def test_the_teardown_begins_when_no_task_can_run_any_more(run: tuple[Plan, dict[str, int], frozenset[str]]) -> None:
    plan, lengths, failing = run
    ends: dict[str, int] = {}
    bad: set[str] = set()
    for task in plan.tasks:
        failed = [ends[one] for one in task.upstream if one in bad]
        ends[task.id] = min(failed) if failed else max((ends[o] for o in task.upstream), default=0) + lengths[task.id]
        bad |= {task.id} if failed or task.id in failing else set()
    assert max(ends[one] for one in before_finish(plan)) == max(ends.values())
