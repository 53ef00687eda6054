"""`group_by: auto` keeps the laws of every grouping, for every pipeline that Kedro allows and any history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from graph.strategies import LAWS, pipelines, reordered, requirements_for
from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.forecast import build_forecast
from kedro_aloft.graph.grouping import GroupBy
from kedro_aloft.graph.plan import Plan, build_plan
from kedro_aloft.graph.reasons import border_reasons, explain_tasks

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import Snapshot

_SECONDS = st.sampled_from((0.0, 0.01, 0.4, 3.0, 60.0))


def _costs(snapshot: Snapshot, data: st.DataObject) -> Costs:
    names, datasets = st.sampled_from(sorted(snapshot.by_name)), st.sampled_from(sorted(snapshot.datasets) or ["none"])
    return Costs(
        seconds=data.draw(st.dictionaries(names, _SECONDS)),
        memory_mib=data.draw(st.dictionaries(names, st.sampled_from((10.0, 600.0)))),
        size_bytes=data.draw(st.dictionaries(datasets, st.sampled_from((10, 10**9, 10**11)))),
        slots=data.draw(st.integers(1, 4)),
        memory_per_slot_mib=data.draw(st.sampled_from((None, 100.0, 1000.0))),
        overhead_s=data.draw(_SECONDS),
        latency_s=data.draw(_SECONDS),
        launch_s=data.draw(st.sampled_from((0.0, 0.1))),
    )


def _plan(snapshot: Snapshot, costs: Costs, needs: dict[str, str]) -> Plan:
    return build_plan(snapshot, group_by=GroupBy.AUTO, costs=costs, requirements=needs)


@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_every_node_has_one_task_no_task_mixes_requirements_and_each_fusion_and_border_has_a_reason(
    snapshot: Snapshot, data: st.DataObject
) -> None:
    needs, costs = data.draw(requirements_for(snapshot)), _costs(snapshot, data)
    plan = _plan(snapshot, costs, needs)  # refuses what is circular
    assert sorted(name for task in plan.tasks for name in task.nodes) == sorted(snapshot.by_name)
    assert all(len({needs.get(name, "") for name in task.nodes}) == 1 for task in plan.tasks)
    assert all(bool(task.reason) == (len(task.nodes) > 1) for task in plan.tasks)
    tasks = [task.nodes for task in plan.tasks]
    borders = border_reasons(snapshot, tasks, costs=costs, requirements=needs)
    ids = [task.id for task in plan.tasks]
    assert {(ids[one.source], ids[one.target]) for one in borders} == {
        (parent, task.id) for task in plan.tasks for parent in task.upstream
    }
    assert all(one.reason for one in borders)
    explained = explain_tasks(snapshot, tasks, costs=costs, requirements=needs)
    assert [bool(one) for one in explained] == [len(nodes) > 1 for nodes in tasks]


@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_another_order_of_the_same_nodes_gives_the_same_tasks(snapshot: Snapshot, data: st.DataObject) -> None:
    needs, costs = data.draw(requirements_for(snapshot)), _costs(snapshot, data)
    other = data.draw(reordered(snapshot))
    if {name: set(after) for name, after in other.children.items()} != {
        name: set(after) for name, after in snapshot.children.items()
    }:
        return  # nodes that share a place run in the order in which they stand
    first, second = (_plan(one, costs, needs) for one in (snapshot, other))
    assert {frozenset(task.nodes) for task in first.tasks} == {frozenset(task.nodes) for task in second.tasks}


@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_with_all_durations_known_the_plan_is_forecast_to_be_the_best(snapshot: Snapshot, data: st.DataObject) -> None:
    needs, costs = data.draw(requirements_for(snapshot)), _costs(snapshot, data)
    known = Costs(
        seconds={name: costs.seconds.get(name, 1.0) for name in snapshot.by_name}, slots=costs.slots, overhead_s=0.5
    )
    tasks = [task.nodes for task in _plan(snapshot, known, needs).tasks]
    (case,) = build_forecast(snapshot, tasks, costs=known, requirements=needs).cases
    assert case.planned_s == case.auto_s
    assert case.bound_s <= case.auto_s <= min(case.none_s, case.one_s)
