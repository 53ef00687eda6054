"""Every grouping keeps the laws, for every pipeline that Kedro allows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graph import oracle
from graph.strategies import GROUPINGS, LAWS, base, pipelines, reordered, requirements_for, with_a_stranger
from kedro_aloft.errors import PlanError
from kedro_aloft.graph.grouping import GroupBy, OnCycle
from kedro_aloft.graph.naming import MAX_ID_LENGTH
from kedro_aloft.graph.plan import Plan, build_plan
from kedro_aloft.graph.snapshot import DatasetKind

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import Snapshot

every_grouping = pytest.mark.parametrize("group_by", GROUPINGS, ids=lambda one: one.value)

_TASK_KEY = re.compile(r"^[\w.-]+$", re.ASCII)


def _plan(snapshot: Snapshot, group_by: GroupBy, data: st.DataObject) -> tuple[Plan, dict[str, str]]:
    """A plan under random demands; pipelines for which these leave no plan are another test's."""
    needs = data.draw(requirements_for(snapshot), label="requirements")
    task_groups = data.draw(st.booleans(), label="task_groups")
    try:
        return build_plan(snapshot, group_by=group_by, requirements=needs, task_groups=task_groups), needs
    except PlanError as error:
        assume(error.code != "ALOFT-310")
        raise


def _task_of(plan: Plan) -> dict[str, str]:
    return {name: task.id for task in plan.tasks for name in task.nodes}


def _parts(plan: Plan) -> set[frozenset[str]]:
    return {frozenset(task.nodes) for task in plan.tasks}


def _ancestors(plan: Plan) -> dict[str, set[str]]:
    """All tasks that have ended before each task starts; plans list tasks in an order in which they could run."""
    found: dict[str, set[str]] = {}
    for task in plan.tasks:
        found[task.id] = set(task.upstream).union(*(found[parent] for parent in task.upstream))
    return found


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_every_node_is_in_exactly_one_task_and_tasks_can_run_one_after_the_other(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    plan, needs = _plan(snapshot, group_by, data)
    assert sorted(name for task in plan.tasks for name in task.nodes) == sorted(snapshot.by_name)
    position = {task.id: number for number, task in enumerate(plan.tasks)}
    rank = {node.name: number for number, node in enumerate(snapshot.nodes)}
    for task in plan.tasks:
        assert task.nodes
        assert list(task.nodes) == sorted(task.nodes, key=rank.__getitem__)
        assert list(task.upstream) == sorted(set(task.upstream), key=position.__getitem__)
        assert all(position[parent] < position[task.id] for parent in task.upstream)
        assert len({needs.get(name, "") for name in task.nodes}) == 1
        assert bool(task.reason) or len(task.nodes) == 1


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_what_must_run_first_is_in_the_same_task_or_in_one_upstream_and_nothing_else_is(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    plan, _ = _plan(snapshot, group_by, data)
    task_of = _task_of(plan)
    between = {(task_of[a], task_of[b]) for a, b in oracle.all_edges(snapshot) if task_of[a] != task_of[b]}
    assert between == {(parent, task.id) for task in plan.tasks for parent in task.upstream}


@every_grouping
@LAWS
@given(snapshot=pipelines(max_nodes=7), data=st.data())
def test_the_partition_is_what_the_grouping_asks_for_merged_where_tasks_would_wait_for_each_other(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    needs = data.draw(requirements_for(snapshot), label="requirements")
    edges = oracle.all_edges(snapshot)
    asked = oracle.proposal(snapshot, group_by, needs)
    wanted = oracle.merged(asked, edges)
    if any(len({needs.get(name, "") for name in part}) > 1 for part in wanted):
        with pytest.raises(PlanError, match="tasks wait for each other in a circle") as caught:
            build_plan(snapshot, group_by=group_by, requirements=needs)
        assert caught.value.code == "ALOFT-310"
        assert "demand different things" in caught.value.seen
        return
    plan = build_plan(snapshot, group_by=group_by, requirements=needs)
    assert _parts(plan) == set(wanted)
    assert all(task.reason.startswith("merged: ") == (frozenset(task.nodes) not in asked) for task in plan.tasks)


@every_grouping
@LAWS
@given(snapshot=pipelines(max_nodes=6))
def test_no_smaller_merge_would_do(group_by: GroupBy, snapshot: Snapshot) -> None:
    edges = oracle.all_edges(snapshot)
    parts = _parts(build_plan(snapshot, group_by=group_by))
    possible = [set(one) for one in oracle.all_coarser(oracle.proposal(snapshot, group_by, {}))]
    acyclic = [one for one in possible if oracle.is_acyclic(one, edges)]
    assert parts in acyclic
    for other in acyclic:
        assert all(any(part <= whole for whole in other) for part in parts)


@every_grouping
@LAWS
@given(snapshot=pipelines(max_nodes=7), data=st.data())
def test_refusing_names_the_circle_exactly_when_there_is_something_to_merge(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    needs = data.draw(requirements_for(snapshot), label="requirements")
    edges = oracle.all_edges(snapshot)
    asked = oracle.proposal(snapshot, group_by, needs)
    if oracle.is_acyclic(asked, edges):
        refusing = build_plan(snapshot, group_by=group_by, requirements=needs, on_cycle=OnCycle.REFUSE)
        assert refusing == build_plan(snapshot, group_by=group_by, requirements=needs)
        return
    with pytest.raises(PlanError) as caught:
        build_plan(snapshot, group_by=group_by, requirements=needs, on_cycle=OnCycle.REFUSE)
    assert caught.value.code == "ALOFT-310"
    assert caught.value.seen == "`on_cycle: refuse` forbids merging them"
    circle = caught.value.what.removesuffix(".").partition("in a circle: ")[2].split(" → ")
    assert circle[0] == circle[-1]
    assert len(circle) > 2


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_what_crosses_is_what_one_task_writes_and_another_reads(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    plan, _ = _plan(snapshot, group_by, data)
    task_of = _task_of(plan)
    writer_of = {base(name): node for node in snapshot.nodes for name in node.outputs}
    wanted = {}
    for node in snapshot.nodes:
        for name in filter(oracle.is_data, node.inputs):
            writer = writer_of.get(base(name))
            if writer and task_of[writer.name] != task_of[node.name]:
                in_memory = snapshot.datasets[name].kind is DatasetKind.MEMORY and name in writer.outputs
                wanted[name, task_of[writer.name], task_of[node.name]] = in_memory
    assert {(one.dataset, one.source, one.target): one.handed_over for one in plan.crossings} == wanted
    assert len(plan.crossings) == len(wanted)
    assert all(one.location == snapshot.datasets[one.dataset].location for one in plan.crossings)
    rank = {task.id: number for number, task in enumerate(plan.tasks)}
    keys = [(rank[one.source], rank[one.target], one.dataset) for one in plan.crossings]
    assert keys == sorted(keys)


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_what_a_task_takes_an_upstream_task_has_written_and_given(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    plan, _ = _plan(snapshot, group_by, data)
    ancestors = _ancestors(plan)
    for task in plan.tasks:
        assert set(plan.gives(task.id)) <= set(task.outputs)
        assert set(plan.takes(task.id)) <= set(task.inputs)
        for name in plan.takes(task.id):
            assert [one.id for one in plan.tasks if name in plan.gives(one.id)] == [
                one.id for one in plan.tasks if name in one.outputs and one.id in ancestors[task.id]
            ]


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_a_task_knows_what_it_reads_writes_and_pins(group_by: GroupBy, snapshot: Snapshot, data: st.DataObject) -> None:
    plan, _ = _plan(snapshot, group_by, data)
    written_somewhere = {base(name) for node in snapshot.nodes for name in node.outputs}
    for task in plan.tasks:
        nodes = [snapshot.by_name[name] for name in task.nodes]
        reads = set(filter(oracle.is_data, (name for node in nodes for name in node.inputs)))
        writes = {name for node in nodes for name in node.outputs}
        versioned = {name for name in reads | writes if snapshot.datasets[name].versioned}
        assert list(task.outputs) == sorted(writes)
        assert list(task.inputs) == sorted(name for name in reads if base(name) not in set(map(base, writes)))
        assert list(task.versioned) == sorted(versioned & writes)
        assert list(task.pinned) == sorted(name for name in versioned if base(name) in written_somewhere)


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_ids_are_what_airflow_accepts_and_no_two_are_equal(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    plan, _ = _plan(snapshot, group_by, data)
    ids = [task.id for task in plan.tasks]
    groups = {".".join(task.task_group[:depth]) for task in plan.tasks for depth in range(1, len(task.task_group) + 1)}
    assert len(set(ids)) == len(ids)
    assert groups.isdisjoint(ids)
    for task in plan.tasks:
        assert _TASK_KEY.match(task.id)
        assert len(task.id) <= MAX_ID_LENGTH
        assert all(re.fullmatch(r"[\w-]+", part, re.ASCII) for part in task.task_group)
        assert not task.task_group or task.id.startswith(".".join(task.task_group) + ".")


@every_grouping
@LAWS
@given(snapshot=pipelines())
def test_task_groups_can_be_sorted_as_airflow_sorts_them(group_by: GroupBy, snapshot: Snapshot) -> None:
    plan = build_plan(snapshot, group_by=group_by)
    edges = {(parent, task.id) for task in plan.tasks for parent in task.upstream}
    for parent in {task.task_group[:depth] for task in plan.tasks for depth in range(len(task.task_group) + 1)}:
        inside = [task for task in plan.tasks if task.task_group[: len(parent)] == parent]
        boxes: dict[object, set[str]] = {}
        for task in inside:
            level = task.task_group[: len(parent) + 1]
            boxes.setdefault(level if level != parent else task.id, set()).add(task.id)
        assert oracle.is_acyclic([frozenset(one) for one in boxes.values()], edges)


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_ids_stay_when_a_node_comes_that_has_nothing_to_do_with_the_others(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    more, stranger = data.draw(with_a_stranger(snapshot))
    before = build_plan(snapshot, group_by=group_by)
    namespaces = {part for node in snapshot.nodes if node.namespace for part in node.namespace.split(".")}
    assume(stranger.name not in {task.id for task in before.tasks} | namespaces)
    after = build_plan(more, group_by=group_by)
    assert {frozenset(task.nodes): task.id for task in before.tasks}.items() <= {
        frozenset(task.nodes): task.id for task in after.tasks
    }.items()
    assert before.hash != after.hash


@pytest.mark.parametrize("group_by", [one for one in GROUPINGS if one is not GroupBy.MEMORY], ids=lambda one: one.value)
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_ids_do_not_depend_on_the_order_among_independent_nodes(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    """Groups without a label are called after their first and last node, which for chains is no matter of order."""
    other = data.draw(reordered(snapshot))
    plans = [build_plan(one, group_by=group_by) for one in (snapshot, other)]
    ids, other_ids = ({frozenset(task.nodes): task.id for task in plan.tasks} for plan in plans)
    assert ids == other_ids


@every_grouping
@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_plans_survive_json_and_equal_plans_have_equal_hashes(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    plan, needs = _plan(snapshot, group_by, data)
    read = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert read == plan
    assert read.hash == plan.hash
    assert re.fullmatch(r"[0-9a-f]{16}", plan.hash)
    assert [read.gives(task.id) for task in plan.tasks] == [plan.gives(task.id) for task in plan.tasks]
    again = build_plan(snapshot, group_by=group_by, requirements=needs)
    assert (again == plan) == (again.hash == plan.hash)


@LAWS
@given(snapshot=pipelines(), data=st.data())
def test_a_node_that_moves_to_another_task_changes_the_hash(snapshot: Snapshot, data: st.DataObject) -> None:
    """Other demands, other cut; the same demands under other words, the same cut."""
    needs = data.draw(requirements_for(snapshot), label="requirements")
    plans = []
    for one in ({}, needs, {name: f"{text}!" for name, text in needs.items()}):
        try:
            plans.append(build_plan(snapshot, group_by=GroupBy.CHAIN, requirements=one))
        except PlanError:
            assume(False)
    plain, cut, renamed = plans
    assert (plain.hash == cut.hash) == (_parts(plain) == _parts(cut))
    if len(needs) == len(snapshot.nodes):
        assert cut == renamed
