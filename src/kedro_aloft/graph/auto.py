"""`group_by: auto`: the cut of a pipeline into tasks that is predicted to end first.

How: candidates are scored by simulation (`makespan.py`), the best few are improved by small changes, and a pipeline of
few nodes gets the best of all its cuts. So the result is never worse than one task per node, chains, or one task.

Nodes whose duration nobody knows are judged twice, as tiny and as heavy ones, and the cut is taken with the least
regret: the seconds that it may lose to the best cut of either case. A wrong border loses some overhead, a wrong fusion
a branch's time, so branches stay apart while slots are left for them. Heavy is at most 10 s a node, and a quarter of a
minute for each slot in all, so that a pipeline of more nodes than slots does not pay overhead for every one.

Other methods of the literature (edge zeroing, linear clustering, dominant sequence clustering, HEFT) are compared with
this one in `bench/planner`; see `docs/explanation/auto-grouping.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.cuts import cut_chains, cut_fewest, cut_none, cuts_by_stages
from kedro_aloft.graph.makespan import work_of
from kedro_aloft.graph.reasons import task_reasons
from kedro_aloft.graph.refine import Judge, every_cut, improve, within_memory, zero_edges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kedro_aloft.graph.makespan import Work
    from kedro_aloft.graph.snapshot import Snapshot

GOOD_ENOUGH = 1.05
"""A cut within 5 % of the aim needs no search of every cut."""
EXHAUSTIVE_SIZE = 8
"""So many nodes have 4,140 cuts, which are scored in some 30 ms."""
STARTS = 4
MOST_STEPS = 300_000
"""Simulated nodes and edges that improving may take in all: some tenths of a second."""
FEWEST_TRIES = 32
"""A start that could try fewer changes is left alone: of so many nodes they gain less than 0.1 %."""


def auto_groups(
    snapshot: Snapshot, *, costs: Costs | None = None, requirements: Mapping[str, str] | None = None
) -> dict[tuple[str, ...], str]:
    """Return the tasks of `group_by: auto`.

    Args:
        snapshot: The pipeline.
        costs: What is known of its nodes, and what tasks cost; by default nothing is known.
        requirements: What each node demands of its task; nodes with different texts never share one.

    Returns:
        For each task the names of its nodes in Kedro's order, with the reason why they share it (empty for a single
        node); sorted by first nodes. The graph of tasks is acyclic.
    """
    if not snapshot.nodes:
        return {}
    work = work_of(snapshot, costs or Costs(), requirements)
    cut = best_cut(work)
    rank = {node.name: position for position, node in enumerate(snapshot.nodes)}
    tasks: dict[int, list[str]] = {}
    for name, task in zip(work.names, cut, strict=True):
        tasks.setdefault(task, []).append(name)
    reasons = task_reasons(work, cut)
    ordered = {tuple(sorted(names, key=rank.__getitem__)): reasons[task] for task, names in tasks.items()}
    return dict(sorted(ordered.items(), key=lambda entry: rank[entry[0][0]]))


def best_cut(work: Work, *, exhaustive: int = EXHAUSTIVE_SIZE) -> tuple[int, ...]:
    """Return the best cut that was found.

    Args:
        work: The pipeline; at least one node.
        exhaustive: Up to how many nodes every cut is tried when no proof tells that this cannot help much.
    """
    starts = tuple(dict.fromkeys(candidates(work)))
    judge = Judge(work, starts)
    share = MOST_STEPS // (STARTS + 2)
    found = sorted(starts, key=judge.score)[:STARTS]
    if share < FEWEST_TRIES * work.steps:
        return found[0]
    found.append(zero_edges(judge, cut_none(work), most_steps=share))
    cut = min((improve(judge, start, most_steps=share) for start in dict.fromkeys(found)), key=judge.score)
    if len(work.names) <= exhaustive and judge.score(cut)[0] > GOOD_ENOUGH * judge.aim:
        best = judge.score(cut)
        for other in every_cut(len(work.names)):
            if judge.score(other, below=best) < best:
                cut, best = other, judge.score(other)
    return cut


def candidates(work: Work) -> Iterator[tuple[int, ...]]:
    """Yield the cuts to start from; none is circular, mixes needs or exceeds the memory of a slot."""
    yield within_memory(work, cut_fewest(work))
    yield within_memory(work, cut_chains(work))
    yield cut_none(work)
    for case in work.cases:
        for cut in cuts_by_stages(work, case):
            yield within_memory(work, cut)
