"""The part of a DAG file that shows the nodes of fused tasks: what is said, what Airflow makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.contract.mirror import MAX_LIVE
from kedro_aloft.render.mirrors import plan_mirrors
from kedro_aloft.render.running import share_arguments
from kedro_aloft.settings import DagSettings
from render.conftest import GOLDEN
from render.samples import HOSTILE, Sample, node, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def sample(mirrors: str, **settings: Any) -> Sample:
    chain = [node(f"step_{number}", f"d{number}", f"d{number + 1}", namespace="long") for number in range(4)]
    nodes = [*chain, node("a b", "d4", "x"), node("step_3__last", "d4", "y"), node("alone", "x y", "z")]
    return Sample(
        snapshot(nodes, memory={"d1", "d2", "d4"}, pipeline=f"mirrors_{mirrors}"),
        DagSettings(group_by="memory", mirrors=mirrors, **settings),
    )


@pytest.mark.parametrize("mode", ["live", "static"])
def test_the_golden_file_of_fused_tasks_has_not_changed(mode: str, regenerate: bool) -> None:
    one = sample(mode)
    path = GOLDEN / "mirrors" / one.file_name
    if regenerate:
        path.write_text(one.render().source, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == one.render().source


def test_the_golden_files_are_as_the_formatter_and_the_linter_want_them(complaints: Callable[..., str]) -> None:
    assert complaints(GOLDEN / "mirrors") == ""


def test_off_is_the_file_without_mirrors() -> None:
    assert "fused" not in sample("off").render().source
    assert "KedroOperator(" in sample("off").render().source


def test_tasks_of_one_node_show_themselves() -> None:
    one = Sample(snapshot([node("only", "a", "b")]), DagSettings(mirrors="live"))
    assert "fused" not in one.render().source


def shown(one: Sample) -> dict[str, Any]:
    plan = one.plan()
    running = share_arguments(plan, one.settings, nodes=one.snapshot.by_name)
    groups = {task.id: task.task_group for task in plan.tasks}
    taken = {task.id for task in plan.tasks}
    return plan_mirrors(plan, one.settings, running=running, nodes=one.snapshot.by_name, groups=groups, taken=taken)


def test_the_page_of_settings_says_the_limit_of_auto() -> None:
    assert f"{MAX_LIVE} such nodes" in str(DagSettings.model_fields["mirrors"].description)


@pytest.mark.parametrize(("count", "expected"), [(MAX_LIVE, "live"), (MAX_LIVE + 1, "static")])
def test_auto_shows_large_dags_when_they_have_ended(count: int, expected: str) -> None:
    nodes = [node(f"n{number}", f"d{number}", f"d{number + 1}") for number in range(count)]
    one = Sample(snapshot(nodes), DagSettings(group_by="pipeline"))
    assert {mirrors.mode for mirrors in shown(one).values()} == {expected}


def test_tasks_in_containers_show_no_nodes() -> None:
    assert shown(sample("live", execution="docker", image="shop")) == {}


def test_ids_are_the_names_of_the_nodes_unless_they_cannot_be() -> None:
    nodes = [
        node(text, f"in {number}".replace(" ", ""), f"o{number}") for number, text in enumerate(HOSTILE) if text.strip()
    ]
    one = Sample(snapshot(nodes), DagSettings(group_by="pipeline", mirrors="live"))
    (mirrors,) = shown(one).values()
    assert len({*mirrors.task_ids, *(task.id for task in one.plan().tasks)}) == len(nodes) + 3
    assert mirrors.ids["a.b"] == "a.b"
    compile(one.render().source, "dag", "exec")


@pytest.mark.airflow
@pytest.mark.parametrize("mode", ["live", "static"])
def test_airflow_sees_a_setup_the_nodes_and_teardowns(mode: str, tmp_path: Path) -> None:
    from support.airflow import load_one

    one = sample(mode, pool="gpu")
    (tmp_path / one.file_name).write_text(one.render().source, encoding="utf-8")
    dag = load_one(tmp_path)
    runner = dag.get_task("long.step_0__step_2")
    gate, done = (dag.get_task(f"{runner.task_id}.{end}") for end in ("gate", "done"))
    assert (runner.is_setup, gate.is_teardown, done.is_teardown) == (True, True, True)
    assert (gate.on_failure_fail_dagrun, done.on_failure_fail_dagrun) == (False, True)
    assert runner.downstream_task_ids == {gate.task_id, done.task_id}
    first, second = dag.get_task("long.step_0"), dag.get_task("long.step_1")
    assert second.task_id in first.downstream_task_ids
    assert (second.upstream_task_ids == {first.task_id}) == (mode == "live")
    assert runner.mirrors == {f"long.step_{number}": f"long.step_{number}" for number in range(3)}
    assert {first.retries, gate.retries, done.retries} == {0}
    assert (runner.pool, first.pool) == ("gpu", "default_pool" if mode == "live" else "gpu")
    assert {task.task_group.group_id for task in (runner, gate, first, done)} == {"long"}
    assert dag.get_task("alone").upstream_task_ids == {"long.step_3__step_3__last.done"}
    assert done.downstream_task_ids == {"long.step_3__step_3__last", "clean_up_handoff"} - {"clean_up_handoff"}
