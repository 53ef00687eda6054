"""`group_by: auto`: never far from the optimum, never worse than the plain ways, never wrong.

ALOFT_ALL_GRAPHS=1 makes these tests try as many graphs as `bench/planner` does.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.planner.graphs import branches, chain, fork_join, layered, make_work, random_work, spaceflights
from kedro_aloft.graph.auto import auto_groups, best_cut
from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.cuts import cut_chains, cut_fewest, cut_none, members_of
from kedro_aloft.graph.makespan import makespans, task_graph, work_of
from kedro_aloft.graph.refine import Judge, every_cut
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Snapshot

if TYPE_CHECKING:
    from types import FrameType

    from kedro_aloft.graph.makespan import Work

ALL = "ALOFT_ALL_GRAPHS" in os.environ
SMALL_GRAPHS = 3000 if ALL else 150
RANDOM_GRAPHS = 1000 if ALL else 120


def seconds_of(work: Work, cut: tuple[int, ...]) -> float:
    found = makespans(work, cut)
    assert found is not None
    return found[0]


def snapshot_of(edges: list[tuple[str, str]], names: list[str], *, kind: DatasetKind = DatasetKind.MEMORY) -> Snapshot:
    """A pipeline in which every node writes one dataset, called like the node."""
    nodes = tuple(
        NodeInfo(name=name, inputs=tuple(f"d_{one}" for one, two in edges if two == name), outputs=(f"d_{name}",))
        for name in names
    )
    datasets = {f"d_{name}": DatasetInfo(name=f"d_{name}", kind=kind) for name in names}
    return Snapshot(package="shop", pipeline="__default__", env="local", nodes=nodes, datasets=datasets)


def test_small_graphs_are_within_5_percent_of_the_best_of_all_cuts() -> None:
    for seed in range(SMALL_GRAPHS):
        size = 2 + seed % (7 if ALL else 6)
        work = random_work(seed, size)
        judge = Judge(work)
        optimum = min(judge.score(cut) for cut in every_cut(size))
        assert judge.score(best_cut(work))[0] <= 1.05 * optimum[0], seed


def test_random_graphs_are_never_worse_than_none_one_task_or_chains_nor_circular_nor_mixed() -> None:
    for seed in range(RANDOM_GRAPHS):
        work = random_work(seed, 2 + seed % 60)
        cut = best_cut(work)
        plain = min(seconds_of(work, cut) for cut in (cut_none(work), cut_fewest(work), cut_chains(work)))
        assert seconds_of(work, cut) <= plain + 1e-9, seed
        assert task_graph(work, cut) is not None, seed
        assert all(len({work.needs[node] for node in nodes}) == 1 for nodes in members_of(cut)), seed


def test_the_same_input_gives_the_same_cut() -> None:
    for seed in (3, 14, 15):
        assert best_cut(random_work(seed, 60)) == best_cut(random_work(seed, 60))


def test_two_heavy_branches_on_two_slots_stay_parallel() -> None:
    work = branches(2, 1, 10.0, Costs(slots=2))
    cut = best_cut(work)
    assert len(set(cut)) == 2
    assert seconds_of(work, cut) <= 0.6 * seconds_of(work, cut_fewest(work))


def test_heavy_branches_between_light_nodes_stay_parallel() -> None:
    work = fork_join(2, 10.0, Costs(slots=2))
    assert seconds_of(work, best_cut(work)) <= 0.72 * seconds_of(work, cut_fewest(work))


def test_a_cheap_fan_shares_a_task() -> None:
    assert len(set(best_cut(fork_join(10, 0.02)))) == 1


def test_a_hundred_small_nodes_share_a_task() -> None:
    assert len(set(best_cut(layered(10, 10, 0.002)))) == 1


def test_a_chain_is_one_task_however_heavy() -> None:
    assert len(set(best_cut(chain(12, 30.0)))) == 1


def test_spaceflights_is_one_task() -> None:
    assert len(set(best_cut(spaceflights()))) == 1


def test_a_dear_handoff_keeps_writer_and_readers_together() -> None:
    edges = [(0, 1), (0, 2)]
    apart = make_work(edges, [1.0, 5.0, 5.0], costs=Costs(slots=2))
    together = make_work(edges, [1.0, 5.0, 5.0], handoff_s=[30.0, 0.0, 0.0], costs=Costs(slots=2))
    assert len(set(best_cut(apart))) > 1
    assert len(set(best_cut(together))) == 1


def test_one_slot_gives_one_task() -> None:
    assert len(set(best_cut(branches(5, 3, 10.0, Costs(slots=1))))) == 1


def test_no_task_takes_more_memory_than_a_slot_has() -> None:
    snapshot = snapshot_of([("a", "b"), ("b", "c")], ["a", "b", "c"])
    costs = Costs(
        seconds=dict.fromkeys("abc", 0.1),
        memory_mib={"a": 500.0, "b": 500.0, "c": 500.0},
        size_bytes={"d_a": 800 << 20, "d_b": 1},
        memory_per_slot_mib=1000.0,
    )
    assert list(auto_groups(snapshot, costs=costs)) == [("a",), ("b", "c")]


@pytest.mark.parametrize("width", [10, 250])
def test_the_effort_does_not_grow_with_the_square(width: int) -> None:
    small, large = (_calls_of_planning(layered(nodes // width, width, 0.5)) for nodes in (500, 5000))
    assert large < 25 * small  # squares would be 100


def _calls_of_planning(work: Work) -> int:
    """How many functions, of Python and of C, planning calls: unlike its seconds the same on every machine."""
    calls = 0

    def count(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        best_cut(work)
    finally:
        sys.setprofile(before)
    return calls


# --- without history


def test_unknown_independent_branches_stay_parallel() -> None:
    snapshot = snapshot_of([("a", "b"), ("x", "y")], ["a", "x", "b", "y"])
    assert list(auto_groups(snapshot)) == [("a", "b"), ("x", "y")]


def test_unknown_chains_are_fused() -> None:
    snapshot = snapshot_of([("a", "b"), ("b", "c")], ["a", "b", "c"])
    assert list(auto_groups(snapshot)) == [("a", "b", "c")]


def test_unknown_branches_between_two_nodes_stay_parallel() -> None:
    names = ["a", "b", "c", "d"]
    snapshot = snapshot_of([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], names)
    assert list(auto_groups(snapshot)) == [("a",), ("b",), ("c",), ("d",)]


def test_unknown_chains_between_two_nodes_are_fused_each_and_stay_parallel() -> None:
    edges = [("a", "b1"), ("b1", "b2"), ("b2", "d"), ("a", "c1"), ("c1", "c2"), ("c2", "d")]
    snapshot = snapshot_of(edges, ["a", "b1", "b2", "c1", "c2", "d"])
    assert list(auto_groups(snapshot)) == [("a",), ("b1", "b2"), ("c1", "c2"), ("d",)]


def test_branches_known_to_be_cheap_are_fused_though_their_join_is_unknown() -> None:
    snapshot = snapshot_of([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], ["a", "b", "c", "d"])
    costs = Costs(seconds={"a": 0.1, "b": 0.1, "c": 0.1})
    assert list(auto_groups(snapshot, costs=costs)) == [("a", "b", "c", "d")]


def test_the_more_nodes_are_unknown_the_less_each_is_feared() -> None:
    assert Costs().guesses_s(1) == Costs().guesses_s(3) == (0.02, 10.0)
    assert Costs(slots=2).guesses_s(100) == (0.02, 0.3)
    assert Costs(slots=2).guesses_s(100_000) == (0.0003,)


def test_the_more_slots_there_are_the_more_unknown_nodes_are_feared() -> None:
    assert Costs(slots=16).guesses_s(100) == (0.02, 2.4)


def test_many_unknown_nodes_do_not_get_a_task_each() -> None:
    names = [f"n{number}" for number in range(40)]
    groups = auto_groups(snapshot_of([], names), costs=Costs(slots=4))
    assert len(groups) == 4


@pytest.mark.parametrize("slots", [2, 4, 16])
@pytest.mark.parametrize("width", [2, 3, 10, 16, 50, 200])
def test_unknown_nodes_side_by_side_keep_every_slot_busy(width: int, slots: int) -> None:
    names = ["a", *(f"n{number}" for number in range(width)), "z"]
    edges = [(one, other) for name in names[1:-1] for one, other in (("a", name), (name, "z"))]
    snapshot, costs = snapshot_of(edges, names), Costs(slots=slots)
    hours = replace(costs, seconds=dict.fromkeys(names, 3600.0))
    work = work_of(snapshot, hours)
    task_of = {name: number for number, names in enumerate(auto_groups(snapshot, costs=costs)) for name in names}
    assert seconds_of(work, tuple(task_of[name] for name in work.names)) <= 1.34 * seconds_of(work, cut_none(work))


@pytest.mark.parametrize(("slots", "most"), [(2, 4), (16, 90)])
def test_a_layered_graph_of_unknown_nodes_gets_few_tasks_where_few_run_side_by_side(slots: int, most: int) -> None:
    rng = random.Random(1)
    names = [f"n{layer}_{number}" for layer in range(10) for number in range(10)]
    edges = [
        (f"n{layer - 1}_{parent}", f"n{layer}_{number}")
        for layer in range(1, 10)
        for number in range(10)
        for parent in rng.sample(range(10), 2)
    ]
    assert len(auto_groups(snapshot_of(edges, names), costs=Costs(slots=slots))) <= most


def test_nodes_with_different_requirements_never_share_a_task() -> None:
    snapshot = snapshot_of([("a", "b"), ("b", "c")], ["a", "b", "c"])
    groups = auto_groups(snapshot, requirements={"b": "gpu"})
    assert list(groups) == [("a",), ("b",), ("c",)]


def test_an_empty_pipeline_has_no_groups() -> None:
    assert auto_groups(snapshot_of([], [])) == {}
