"""Each grouping by example: what shares a task, why, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from graph.strategies import GROUPINGS, chain_of, snapshot_of
from kedro_aloft.errors import PlanError
from kedro_aloft.graph.grouping import Group, GroupBy, OnCycle, group_nodes
from kedro_aloft.graph.snapshot import NodeInfo, Snapshot

LENGTH = 1500


def _nodes_of(groups: tuple[Group, ...]) -> list[tuple[str, ...]]:
    return [group.nodes for group in groups]


def _shop() -> Snapshot:
    """Two sources, joined, split, trained on; `x` and `y` live in memory."""
    return snapshot_of(
        (
            NodeInfo(name="load_a", outputs=("a",), namespace=None, tags=("in",), pipelines=("etl",)),
            NodeInfo(name="clean_a", inputs=("a",), outputs=("ca",), tags=("in",), pipelines=("etl",)),
            NodeInfo(name="load_b", outputs=("b",), tags=("in",), pipelines=("etl",)),
            NodeInfo(name="ds.join", inputs=("ca", "b"), outputs=("x", "y"), namespace="ds", pipelines=("ds",)),
            NodeInfo(name="ds.fit", inputs=("x",), outputs=("m",), namespace="ds", tags=("gpu",), pipelines=("ds",)),
            NodeInfo(name="ds.score", inputs=("m", "y"), namespace="ds", pipelines=("ds",)),
        ),
        memory=("x", "y"),
    )


@pytest.mark.parametrize(
    ("group_by", "wanted"),
    [
        ("none", "load_a | clean_a | load_b | ds.join | ds.fit | ds.score"),
        ("chain", "load_a clean_a | load_b | ds.join | ds.fit | ds.score"),
        ("memory", "load_a | clean_a | load_b | ds.join ds.fit ds.score"),
        ("namespace", "load_a | clean_a | load_b | ds.join ds.fit ds.score"),
        ("tag", "load_a clean_a load_b | ds.join | ds.fit | ds.score"),
        ("pipeline", "load_a clean_a load_b | ds.join ds.fit ds.score"),
    ],
)
def test_each_grouping_fuses_what_it_is_called_after(group_by: str, wanted: str) -> None:
    groups = group_nodes(_shop(), group_by=GroupBy(group_by))
    assert [" ".join(group.nodes) for group in groups] == wanted.split(" | ")
    assert {group.reason for group in groups if len(group.nodes) > 1} <= {f"group_by: {group_by}"}


@pytest.mark.parametrize(("group_by", "label"), [("namespace", "ds"), ("pipeline", "ds"), ("memory", None)])
def test_groups_are_labelled_by_what_they_share(group_by: str, label: str | None) -> None:
    assert group_nodes(_shop(), group_by=GroupBy(group_by))[-1].label == label


def test_a_chain_ends_where_it_forks_and_begins_where_it_joins() -> None:
    diamond = snapshot_of(
        (
            NodeInfo(name="a", outputs=("1",)),
            NodeInfo(name="b", inputs=("1",), outputs=("2",)),
            NodeInfo(name="c", inputs=("2",), outputs=("3",)),
            NodeInfo(name="d", inputs=("2",), outputs=("4",)),
            NodeInfo(name="e", inputs=("3", "4"), outputs=("5",)),
            NodeInfo(name="f", inputs=("5",)),
        )
    )
    assert _nodes_of(group_nodes(diamond, group_by=GroupBy.CHAIN)) == [("a", "b"), ("c",), ("d",), ("e", "f")]


@pytest.mark.parametrize("group_by", [GroupBy.CHAIN, GroupBy.MEMORY])
@pytest.mark.parametrize("on_cycle", OnCycle)
def test_another_requirement_cuts_a_chain(group_by: GroupBy, on_cycle: OnCycle) -> None:
    chain = snapshot_of(chain_of(5), memory=[f"d{i:04d}" for i in range(5)])
    groups = group_nodes(chain, group_by=group_by, on_cycle=on_cycle, requirements={"n0002": "gpu"})
    assert _nodes_of(groups) == [("n0000", "n0001"), ("n0002",), ("n0003", "n0004")]


def test_data_in_memory_is_fused_through_transcoding_too() -> None:
    nodes = (NodeInfo(name="a", outputs=("x@one",)), NodeInfo(name="b", inputs=("x@one",)))
    assert _nodes_of(group_nodes(snapshot_of(nodes, memory=["x@one"]), group_by=GroupBy.MEMORY)) == [("a", "b")]
    assert _nodes_of(group_nodes(snapshot_of(nodes), group_by=GroupBy.MEMORY)) == [("a",), ("b",)]


def test_nodes_of_one_label_with_different_requirements_are_two_tasks() -> None:
    nodes = tuple(NodeInfo(name=name, namespace="a") for name in ("a.1", "a.2", "a.3"))
    groups = group_nodes(snapshot_of(nodes), group_by=GroupBy.NAMESPACE, requirements={"a.2": "gpu"})
    assert [(group.label, group.nodes) for group in groups] == [("a", ("a.1", "a.3")), ("a", ("a.2",))]


def _sandwich(**fields: tuple[Any, Any, Any]) -> Snapshot:
    """`first` and `last` belong together; `middle` stands between them."""
    names = ("first", "middle", "last")
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    links = [{"outputs": ("1",)}, {"inputs": ("1",), "outputs": ("2",)}, {"inputs": ("2",)}]
    return snapshot_of(NodeInfo(name=name, **row, **link) for name, row, link in zip(names, rows, links, strict=True))


SANDWICHES = [
    (GroupBy.NAMESPACE, _sandwich(namespace=("a", None, "a")), "a", "a, middle", "a → middle → a"),
    (GroupBy.NAMESPACE, _sandwich(namespace=("a", "b", "a.c")), "a__b", "a, b", "a → b → a"),
    (GroupBy.TAG, _sandwich(tags=(("t",), (), ("t",))), "t", "middle, t", "t → middle → t"),
    (GroupBy.PIPELINE, _sandwich(pipelines=(("p",), ("q",), ("p",))), "p__q", "p, q", "p → q → p"),
]


@pytest.mark.parametrize(("group_by", "snapshot", "label", "titles", "circle"), SANDWICHES)
def test_a_circle_is_merged_and_said_so_or_refused_and_spelled_out(
    group_by: GroupBy, snapshot: Snapshot, label: str, titles: str, circle: str
) -> None:
    reason = f"merged: {titles} would wait for each other in a circle"
    merged = Group(label=label, nodes=("first", "middle", "last"), reason=reason)
    assert group_nodes(snapshot, group_by=group_by) == (merged,)
    with pytest.raises(PlanError) as caught:
        group_nodes(snapshot, group_by=group_by, on_cycle=OnCycle.REFUSE)
    assert caught.value.code == "ALOFT-310"
    assert caught.value.what == f"The grouping makes tasks wait for each other in a circle: {circle}."
    assert caught.value.where == "group_by"
    assert "`on_cycle: refuse` forbids merging them" in caught.value.seen
    assert "on_cycle: merge" in caught.value.remedy


def test_what_may_not_be_merged_is_refused_with_both_requirements() -> None:
    with pytest.raises(PlanError) as caught:
        group_nodes(_sandwich(tags=(("t",), (), ("t",))), group_by=GroupBy.TAG, requirements={"middle": "pool=gpu"})
    assert caught.value.code == "ALOFT-310"
    assert "t → middle → t" in caught.value.what
    assert "pool=gpu" in caught.value.seen


def test_memory_fuses_around_a_task_between_by_merging_it() -> None:
    nodes = (
        NodeInfo(name="a", outputs=("mem", "file")),
        NodeInfo(name="b", inputs=("file",), outputs=("file2",)),
        NodeInfo(name="c", inputs=("mem", "file2")),
    )
    (group,) = group_nodes(snapshot_of(nodes, memory=["mem"]), group_by=GroupBy.MEMORY)
    assert group.nodes == ("a", "b", "c")
    assert group.label is None
    assert group.reason == "merged: a, b would wait for each other in a circle"


def test_only_tags_that_name_tasks_count_when_there_are_any() -> None:
    nodes = (
        NodeInfo(name="a", tags=("airflow.group.x", "nightly", "team")),
        NodeInfo(name="b", tags=("nightly", "team")),
        NodeInfo(name="c", tags=("airflow.group.x", "nightly")),
    )
    groups = group_nodes(snapshot_of(nodes), group_by=GroupBy.TAG)
    assert [(group.label, group.nodes) for group in groups] == [("x", ("a", "c")), (None, ("b",))]


def test_tags_can_be_chosen() -> None:
    nodes = (
        NodeInfo(name="a", tags=("one", "two")),
        NodeInfo(name="b", tags=("one",)),
        NodeInfo(name="c", tags=("two",)),
    )
    groups = group_nodes(snapshot_of(nodes), group_by=GroupBy.TAG, group_tags=["two"])
    assert [(group.label, group.nodes) for group in groups] == [("two", ("a", "c")), (None, ("b",))]


def test_a_node_with_two_grouping_tags_is_refused() -> None:
    with pytest.raises(PlanError, match="Node 'a' belongs to 2 groups: one, two") as caught:
        group_nodes(snapshot_of([NodeInfo(name="a", tags=("one", "two"))]), group_by=GroupBy.TAG)
    assert caught.value.code == "ALOFT-311"
    assert "group_tags" in caught.value.remedy


def test_a_grouping_tag_that_no_node_carries_is_refused() -> None:
    with pytest.raises(PlanError, match="No node carries the grouping tag") as caught:
        group_nodes(snapshot_of([NodeInfo(name="a", tags=("one",))]), group_by=GroupBy.TAG, group_tags=["one", "tow"])
    assert caught.value.code == "ALOFT-312"
    assert "tow" in caught.value.what
    assert caught.value.seen == "tags of the pipeline: one"


def test_what_no_other_pipeline_owns_belongs_to_the_default_one() -> None:
    nodes = (NodeInfo(name="a"), NodeInfo(name="b", pipelines=("part",)), NodeInfo(name="c"))
    assert [group.nodes for group in group_nodes(snapshot_of(nodes), group_by=GroupBy.PIPELINE)] == [("a", "c"), ("b",)]


@pytest.mark.parametrize("group_by", [one for one in GROUPINGS if one is not GroupBy.PIPELINE])
def test_a_pipeline_without_labels_has_one_task_for_each_node(group_by: GroupBy) -> None:
    nodes = tuple(NodeInfo(name=name) for name in "abc")
    assert group_nodes(snapshot_of(nodes), group_by=group_by) == tuple(
        Group(label=None, nodes=(name,)) for name in "abc"
    )


@pytest.mark.parametrize("group_by", GROUPINGS)
@pytest.mark.parametrize("alternate", [False, True], ids=["one label", "two labels in turn"])
def test_a_long_chain_needs_no_deep_stack(group_by: GroupBy, alternate: bool) -> None:
    def label(position: int) -> str:
        return "ab"[position % 2] if alternate else "a"

    chain = chain_of(
        LENGTH, namespace=label, tags=lambda position: (label(position),), pipelines=lambda position: (label(position),)
    )
    groups = group_nodes(snapshot_of(chain, memory=[f"d{i:04d}" for i in range(LENGTH)]), group_by=group_by)
    assert sum(len(group.nodes) for group in groups) == LENGTH
    assert len(groups) == (LENGTH if group_by is GroupBy.NONE else 1)
    if alternate and group_by in (GroupBy.NAMESPACE, GroupBy.TAG, GroupBy.PIPELINE):
        with pytest.raises(PlanError, match="a → b → a"):
            group_nodes(snapshot_of(chain), group_by=group_by, on_cycle=OnCycle.REFUSE)
