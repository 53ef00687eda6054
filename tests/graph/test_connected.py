"""Nodes that stay together whatever the grouping: those that need Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graph import oracle
from graph.strategies import GROUPINGS, LAWS, pipelines, requirements_for, snapshot_of
from kedro_aloft.errors import PlanError
from kedro_aloft.graph.grouping import GroupBy, OnCycle, group_connected, group_nodes
from kedro_aloft.graph.plan import build_plan
from kedro_aloft.graph.snapshot import NodeInfo

if TYPE_CHECKING:
    from kedro_aloft.graph.grouping import Group
    from kedro_aloft.graph.snapshot import Snapshot

every_grouping = pytest.mark.parametrize("group_by", [*GROUPINGS, GroupBy.AUTO], ids=lambda one: one.value)


def node(name: str, inputs: str, outputs: str, **more: object) -> NodeInfo:
    return NodeInfo(name=name, inputs=tuple(inputs.split()), outputs=tuple(outputs.split()), **more)  # type: ignore[arg-type]


def spark(snapshot: Snapshot, on_cycle: OnCycle = OnCycle.MERGE, needs: dict[str, str] | None = None) -> list[Group]:
    """Group the nodes whose names begin with s."""
    chosen = {one: "by name" for one in snapshot.by_name if one.startswith("s")}
    return list(group_connected(snapshot, chosen, title="spark", on_cycle=on_cycle, requirements=needs))


CASES = {
    "empty": ([], []),
    "only spark": ([node("s1", "a", "b"), node("s2", "b", "c")], [("s1", "s2")]),
    "only others": ([node("d1", "a", "b"), node("d2", "b", "c")], []),
    "frames in between": (
        [node("s1", "a", "b"), node("s2", "b", "c d"), node("s3", "c", "e"), node("s4", "d e", "f")],
        [("s1", "s2", "s3", "s4")],
    ),
    "mixed": ([node("d1", "a", "b"), node("s1", "b", "c"), node("d2", "c", "d")], [("s1",)]),
    "interleaved": (
        [node("s1", "a", "b"), node("d1", "b", "c"), node("s2", "c", "d"), node("d2", "d", "e")],
        [("s1",), ("s2",)],
    ),
    "several parts": (
        [
            node("s1", "a", "b"),
            node("s2", "b", "c"),
            node("s3", "x", "y"),
            node("d1", "c y", "z"),
            node("s4", "y", "w"),
        ],
        [("s1", "s2"), ("s3", "s4")],
    ),
    "sandwiched": (
        [node("s1", "a", "b c"), node("d1", "b", "d"), node("s2", "c d", "e")],
        [("s1", "d1", "s2")],
    ),
    "sandwiched by two": (
        [node("s1", "a", "b c"), node("d1", "b", "d"), node("d2", "d", "e"), node("s2", "c e", "f")],
        [("s1", "d1", "d2", "s2")],
    ),
    "beside and not between": (
        [node("s1", "a", "b"), node("d1", "b", "d"), node("s2", "b", "e"), node("d2", "d e", "f")],
        [("s1", "s2")],
    ),
    "two blocks around others": (
        [
            *(node("s1", "a", "a1 a2"), node("s2", "a2 y", "a3"), node("s3", "b", "b1 b2"), node("s4", "b2 x", "b3")),
            *(node("d1", "a1", "x"), node("d2", "b1", "y")),
        ],
        [("s1", "s3", "d1", "d2", "s2", "s4")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_connected_ones_share_a_task_and_others_join_only_to_repair_a_circle(case: str) -> None:
    nodes, wanted = CASES[case]
    snapshot = snapshot_of(nodes)
    found = spark(snapshot)
    assert sorted(tuple(sorted(group.nodes)) for group in found) == sorted(tuple(sorted(one)) for one in wanted)
    assert [bool(group.reason) for group in found] == [len(group.nodes) > 1 for group in found]


def test_a_reason_names_who_is_spark_and_who_lies_between() -> None:
    (group,) = spark(snapshot_of(CASES["sandwiched"][0]))
    assert group.reason == "spark: s1 (by name), s2 (by name); d1 lies between them"


def test_a_circle_is_refused_where_it_may_not_or_cannot_be_repaired() -> None:
    snapshot = snapshot_of(CASES["sandwiched"][0])
    with pytest.raises(PlanError, match="circle") as caught:
        spark(snapshot, OnCycle.REFUSE)
    assert (caught.value.code, caught.value.where) == ("ALOFT-310", "spark")
    with pytest.raises(PlanError, match="circle"):
        spark(snapshot, needs={"d1": "other pool"})


def test_different_demands_divide_what_is_connected() -> None:
    snapshot = snapshot_of([node("s1", "a", "b"), node("s2", "b", "c"), node("s3", "c", "d")])
    assert [group.nodes for group in spark(snapshot, needs={"s3": "large"})] == [("s1", "s2"), ("s3",)]


def test_what_is_whole_leaves_its_namespaces_and_stays_in_one_that_has_all_of_it() -> None:
    nodes = [
        node("a.d0", "raw", "x", namespace="a"),
        node("s.1", "x", "y", namespace="a"),
        node("s.2", "y", "z", namespace="b"),
        node("b.d3", "z", "w", namespace="b"),
    ]
    snapshot = snapshot_of(nodes)
    apart = group_nodes(snapshot, group_by=GroupBy.NAMESPACE, together=spark(snapshot))
    assert [group.nodes for group in apart] == [("a.d0",), ("s.1", "s.2"), ("b.d3",)]
    assert apart[1].reason.startswith("spark: s.1")
    snapshot = snapshot_of([replace(one, namespace="a") for one in nodes])
    (whole,) = group_nodes(snapshot, group_by=GroupBy.NAMESPACE, together=spark(snapshot))
    assert whole.reason.startswith("group_by: namespace; spark: ")


def test_tags_that_say_something_else_name_no_task() -> None:
    nodes = [node("s1", "a", "b", tags=("airflow.spark", "red")), node("d1", "b", "c", tags=("red",))]
    (group,) = group_nodes(snapshot_of(nodes), group_by=GroupBy.TAG)
    assert (group.label, group.nodes) == ("red", ("s1", "d1"))


@every_grouping
@LAWS
@given(snapshot=pipelines(max_nodes=9), data=st.data())
def test_every_grouping_keeps_them_whole_and_all_other_laws(
    group_by: GroupBy, snapshot: Snapshot, data: st.DataObject
) -> None:
    chosen = dict.fromkeys(data.draw(st.sets(st.sampled_from(sorted(snapshot.by_name)))), "drawn")
    others = data.draw(requirements_for(snapshot))
    as_spark = {name: f"spark {others.get(name, '')}" for name in snapshot.by_name}
    try:
        together = group_connected(snapshot, chosen, title="spark", requirements=as_spark)
    except PlanError as error:
        assume(error.code != "ALOFT-310")
        raise
    marked = {name for group in together for name in group.nodes}
    needs = {name: as_spark[name] if name in marked else others.get(name, "") for name in snapshot.by_name}
    assert chosen.keys() <= marked
    edges = oracle.all_edges(snapshot)
    for one, other in edges:
        if {one, other} <= chosen.keys() and needs[one] == needs[other]:
            assert any({one, other} <= set(group.nodes) for group in together)
    try:
        plan = build_plan(snapshot, group_by=group_by, requirements=needs, together=together)  # refuses circles
    except PlanError as error:
        assume(error.code != "ALOFT-310" or group_by is GroupBy.AUTO)  # `auto` always finds a way
        raise
    parts = [set(task.nodes) for task in plan.tasks]
    assert sorted(name for part in parts for name in part) == sorted(snapshot.by_name)
    assert all(len({needs[name] for name in part}) == 1 for part in parts)
    assert all(any(set(group.nodes) <= part for part in parts) for group in together)
    assert all(bool(task.reason) or len(task.nodes) == 1 for task in plan.tasks)


@LAWS
@given(snapshot=pipelines(max_nodes=7), data=st.data())
def test_no_smaller_merge_keeps_the_connected_ones_together(snapshot: Snapshot, data: st.DataObject) -> None:
    chosen = dict.fromkeys(data.draw(st.sets(st.sampled_from(sorted(snapshot.by_name)))), "drawn")
    edges = oracle.all_edges(snapshot)
    linked = {(one, other) for one, other in edges if {one, other} <= chosen.keys()}
    asked = oracle.joined(snapshot, linked)
    wanted = {part for part in oracle.merged(asked, edges) if part & chosen.keys()}
    assert {frozenset(group.nodes) for group in group_connected(snapshot, chosen, title="spark")} == wanted
