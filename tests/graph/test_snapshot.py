"""What a pipeline is: its order, its places, and what it refuses to be."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given

from graph import oracle
from graph.strategies import LAWS, chain_of, info, pipelines, snapshot_of
from kedro_aloft.errors import PlanError
from kedro_aloft.graph.snapshot import (
    DatasetKind,
    NodeInfo,
    Snapshot,
    is_parameter,
    strip_transcoding,
)


@LAWS
@given(snapshot=pipelines())
def test_children_are_readers_of_data_and_later_users_of_shared_places(snapshot: Snapshot) -> None:
    rank = {node.name: number for number, node in enumerate(snapshot.nodes)}
    assert {(a, b) for a, after in snapshot.children.items() for b in after} == oracle.all_edges(snapshot)
    assert list(snapshot.children) == list(rank)
    assert all(list(after) == sorted(after, key=rank.__getitem__) for after in snapshot.children.values())


@LAWS
@given(snapshot=pipelines())
def test_free_inputs_and_outputs_are_what_goes_in_and_comes_out(snapshot: Snapshot) -> None:
    reads = {name for node in snapshot.nodes for name in node.inputs if oracle.is_data(name)}
    writes = {name for node in snapshot.nodes for name in node.outputs}
    stems = {strip_transcoding(name) for name in reads}, {strip_transcoding(name) for name in writes}
    assert list(snapshot.free_inputs()) == sorted(name for name in reads if strip_transcoding(name) not in stems[1])
    assert list(snapshot.free_outputs()) == sorted(name for name in writes if strip_transcoding(name) not in stems[0])


def test_a_transcoded_dataset_is_one_dataset() -> None:
    write = NodeInfo(name="write", outputs=("frame@pandas",))
    read = NodeInfo(name="read", inputs=("frame@spark",))
    snapshot = snapshot_of((write, read))
    assert snapshot.children == {"write": ("read",), "read": ()}
    assert snapshot.producers() == {"frame": write}
    assert snapshot.free_inputs() == snapshot.free_outputs() == ()


def test_nodes_that_use_one_place_under_two_names_keep_their_order() -> None:
    nodes = (
        NodeInfo(name="read_old", inputs=("old",)),
        NodeInfo(name="also_read", inputs=("old",)),
        NodeInfo(name="write", outputs=("new",)),
        NodeInfo(name="read_again", inputs=("old",)),
    )
    places = {"old": info("old", location="data/model.pkl"), "new": info("new", location="data/model.pkl")}
    snapshot = snapshot_of(nodes, datasets=places)
    assert snapshot.shared_locations() == {"data/model.pkl": ("new", "old")}
    assert snapshot.children == {
        "read_old": ("write",),
        "also_read": ("write",),
        "write": ("read_again",),
        "read_again": (),
    }


def test_a_node_may_replace_what_it_reads_through_another_name() -> None:
    retrain = NodeInfo(name="retrain", inputs=("old",), outputs=("new",))
    places = {
        "old": info("old", location="model", versioned=True),
        "new": info("new", location="model", versioned=True),
    }
    snapshot = snapshot_of((retrain,), datasets=places)
    assert snapshot.children == {"retrain": ()}
    assert snapshot.free_inputs() == ("old",)


def test_a_node_does_not_wait_for_itself() -> None:
    """Kedro refuses such nodes today; were one to come through, it would be no circle of tasks."""
    assert snapshot_of([NodeInfo(name="a", inputs=("x@one",), outputs=("x@two",))]).children == {"a": ()}


def test_readers_of_one_place_do_not_wait_for_each_other() -> None:
    nodes = (NodeInfo(name="one", inputs=("a",)), NodeInfo(name="two", inputs=("b",)))
    snapshot = snapshot_of(nodes, datasets={name: info(name, location="x") for name in "ab"})
    assert snapshot.shared_locations() == {"x": ("a", "b")}
    assert snapshot.children == {"one": (), "two": ()}


def test_transcoded_names_and_data_in_memory_share_no_place() -> None:
    nodes = (NodeInfo(name="one", outputs=("a@x", "m")), NodeInfo(name="two", inputs=("a@y", "n")))
    datasets = {name: info(name, location="x") for name in ("a@x", "a@y")}
    datasets |= {name: info(name, DatasetKind.MEMORY, location="x") for name in "mn"}
    assert snapshot_of(nodes, datasets=datasets).shared_locations() == {}


def test_two_nodes_with_one_name_are_refused() -> None:
    with pytest.raises(PlanError, match="Two nodes are called 'twin'") as caught:
        snapshot_of((NodeInfo(name="twin", outputs=("a",)), NodeInfo(name="twin", outputs=("b",))))
    assert caught.value.where == "pipeline '__default__'"


@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_a_dataset_that_nobody_described_is_refused(field: str) -> None:
    node = NodeInfo(name="lost", **{field: ("known", "unknown")})
    with pytest.raises(PlanError, match=r"Node 'lost' uses datasets that the snapshot lacks: \['unknown'\]"):
        snapshot_of((node,), datasets={"known": info("known")})


def test_a_circle_is_refused_and_spelled_out() -> None:
    nodes = (
        NodeInfo(name="before", outputs=("start",)),
        NodeInfo(name="hen", inputs=("start", "egg"), outputs=("hen",)),
        NodeInfo(name="egg", inputs=("hen",), outputs=("egg",)),
        NodeInfo(name="after", inputs=("egg",)),
    )
    with pytest.raises(PlanError, match=r"Nodes wait for each other in a circle: hen → egg → hen\."):
        snapshot_of(nodes)


def test_a_circle_through_a_place_is_refused() -> None:
    """Not an order in which Kedro could run them: the reader of `b` stands before its writer."""
    nodes = (NodeInfo(name="read", inputs=("a", "b")), NodeInfo(name="write", outputs=("b", "c")))
    datasets = {"a": info("a", location="x"), "c": info("c", location="x"), "b": info("b")}
    with pytest.raises(PlanError, match="read → write → read"):
        snapshot_of(nodes, datasets=datasets)


def test_a_snapshot_cannot_be_changed() -> None:
    nodes = chain_of(2)
    datasets = {name: info(name) for name in ("d0000", "d0001")}
    snapshot = snapshot_of(nodes, datasets=datasets)
    datasets.clear()
    assert set(snapshot.datasets) == {"d0000", "d0001"}
    for mapping in (snapshot.datasets, snapshot.by_name, snapshot.children, snapshot.producers()):
        with pytest.raises(TypeError):
            mapping["d0000"] = None  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        snapshot.env = "prod"  # type: ignore[misc]
    assert replace(snapshot) == snapshot
    assert replace(snapshot, env="prod") != snapshot


def test_a_node_knows_its_name_without_the_namespace() -> None:
    assert NodeInfo(name="a.b.train", namespace="a.b").short_name == "train"
    assert NodeInfo(name="a.b.train", namespace="a").short_name == "b.train"
    assert NodeInfo(name="a.b.train").short_name == "a.b.train"
    assert NodeInfo(name="ab.train", namespace="a").short_name == "ab.train"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("parameters", True), ("params:a.b", True), ("params", False), ("parameters:a", False), ("my_params:a", False)],
)
def test_parameters_are_told_by_their_names(name: str, expected: bool) -> None:
    assert is_parameter(name) is expected


def test_transcoding_is_what_follows_the_at_sign() -> None:
    assert [strip_transcoding(name) for name in ("a@b", "a", "ns.a@b", "@b")] == ["a", "a", "ns.a", ""]
