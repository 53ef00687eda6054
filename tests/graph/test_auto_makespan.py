"""Makespan prediction: numbers worked out by hand, and bounds that hold for every cut."""

from __future__ import annotations

import pytest

from bench.planner.graphs import chain, fork_join, layered, make_work, random_work
from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.cuts import cut_chains, cut_fewest, cut_none, cuts_by_stages, members_of, numbered
from kedro_aloft.graph.makespan import lower_bounds, makespans, task_graph
from kedro_aloft.graph.refine import every_cut

COSTS = Costs(overhead_s=1.0, latency_s=0.25, launch_s=0.1, slots=2)


def test_one_task_takes_launch_overhead_and_its_nodes() -> None:
    assert makespans(chain(3, 2.0, COSTS), (0, 0, 0)) == (pytest.approx(0.1 + 1.0 + 6.0),)


def test_a_chain_of_tasks_pays_start_and_latency_at_every_hop() -> None:
    assert makespans(chain(3, 2.0, COSTS), (0, 1, 2)) == (pytest.approx(3 * (0.1 + 1.0 + 2.0) + 2 * 0.25),)


def test_two_slots_run_two_tasks_and_the_scheduler_starts_one_after_the_other() -> None:
    work = make_work([], [10.0, 10.0], costs=COSTS)
    assert makespans(work, (0, 1)) == (pytest.approx(0.2 + 1.0 + 10.0),)


def test_a_third_task_waits_for_a_slot() -> None:
    work = make_work([], [10.0, 10.0, 10.0], costs=COSTS)
    assert makespans(work, (0, 1, 2)) == (pytest.approx((0.1 + 1.0 + 10.0) + (0.1 + 1.0 + 10.0)),)


def test_the_task_with_the_longest_way_to_go_starts_first() -> None:
    one_slot = Costs(overhead_s=0.0, latency_s=5.0, launch_s=0.0, slots=1)
    work = make_work([(1, 2)], [4.0, 1.0, 1.0], costs=one_slot)
    # 1, then 0 while the latency of 2 passes, then 2; the other order would take 4 + 1 + 5 + 1.
    assert makespans(work, (0, 1, 2)) == (pytest.approx(1.0 + 5.0 + 1.0),)


def test_a_dataset_in_memory_is_written_once_and_read_once_per_task() -> None:
    work = make_work([(0, 1), (0, 2), (0, 3)], [1.0] * 4, handoff_s=[3.0, 0, 0, 0], costs=COSTS)
    graph = task_graph(work, (0, 1, 1, 2))
    assert graph is not None
    assert graph.handoff_s == [3.0, 3.0, 3.0]


def test_what_stays_in_its_task_costs_no_handoff() -> None:
    work = make_work([(0, 1)], [1.0] * 2, handoff_s=[3.0, 0], costs=COSTS)
    assert makespans(work, (0, 0)) == (pytest.approx(0.1 + 1.0 + 2.0),)


def test_tasks_that_wait_for_each_other_have_no_makespan() -> None:
    assert makespans(chain(3, 1.0), (0, 1, 0)) is None


@pytest.mark.parametrize("seed", range(12))
def test_no_cut_undercuts_the_lower_bound(seed: int) -> None:
    work = random_work(seed, 6)
    (bound,) = lower_bounds(work)
    for cut in every_cut(6):
        if any(len({work.needs[node] for node in nodes}) > 1 for nodes in members_of(cut)):
            continue
        found = makespans(work, cut)
        assert found is None or found[0] >= bound - 1e-9


def test_every_cut_is_every_partition() -> None:
    cuts = list(every_cut(5))
    assert len(cuts) == len(set(cuts)) == 52
    assert all(cut == numbered(cut) for cut in cuts)


@pytest.mark.parametrize("seed", range(60))
def test_cuts_to_start_from_are_acyclic_and_respect_needs(seed: int) -> None:
    work = random_work(seed, 5 + seed)
    for cut in (cut_none(work), cut_chains(work), cut_fewest(work), *cuts_by_stages(work, work.cases[0])):
        assert task_graph(work, cut) is not None
        assert all(len({work.needs[node] for node in nodes}) == 1 for nodes in members_of(cut))
        assert cut == numbered(cut)


def test_the_fewest_tasks_are_one_when_all_need_the_same() -> None:
    assert set(cut_fewest(layered(5, 5, 1.0))) == {0}


def test_the_fewest_tasks_are_cut_where_needs_change() -> None:
    work = make_work([(0, 1), (1, 2)], [1.0] * 3, needs=[0, 1, 0])
    assert cut_fewest(work) == (0, 1, 2)


def test_chains_end_where_needs_change() -> None:
    work = make_work([(0, 1), (1, 2), (2, 3)], [1.0] * 4, needs=[0, 0, 1, 1])
    assert cut_chains(work) == (0, 0, 1, 1)


def test_stages_lay_heavy_branches_side_by_side() -> None:
    work = fork_join(4, 10.0, Costs(slots=2))
    best = min(makespans(work, cut) or (float("inf"),) for cut in cuts_by_stages(work, work.cases[0]))
    assert best[0] < 0.6 * (makespans(work, cut_fewest(work)) or (0.0,))[0]
