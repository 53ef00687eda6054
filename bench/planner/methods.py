"""Other ways to cut a pipeline, from the literature on DAG clustering, fitted to tasks that start and end as a whole.

The originals let a cluster's nodes run as soon as each one's own input is there. An Airflow task starts when everything
that any of its nodes needs is there, and gives when all of them ended. So a cluster may be circular here, which
`repaired` mends, and all methods are judged by the simulation that the planner itself uses.

Source: Sarkar, Partitioning and Scheduling Parallel Programs (1989); Kim and Browne, linear clustering (1988); Yang
and Gerasoulis, DSC (1994); Topcuoglu, Hariri and Wu, HEFT (2002).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kedro_aloft.graph.algorithms import strongly_connected
from kedro_aloft.graph.auto import best_cut, candidates
from kedro_aloft.graph.cuts import cut_chains, cut_fewest, cut_none, cuts_by_stages, members_of, numbered
from kedro_aloft.graph.refine import NEVER, Judge, improve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kedro_aloft.graph.makespan import Work

Cut = tuple[int, ...]


def repaired(work: Work, cut: Sequence[int]) -> Cut:
    """Return the cut without mixed needs and circles: circles are merged, or taken apart where needs differ."""
    whole = numbered(zip(cut, work.needs, strict=True))
    targets: dict[int, dict[int, None]] = {task: {} for task in range(max(whole) + 1)}
    for node, children in enumerate(work.children):
        targets[whole[node]].update({whole[child]: None for child in children if whole[child] != whole[node]})
    members = members_of(whole)
    keys: list[tuple[int, int]] = [(task, -1) for task in whole]
    for circle in strongly_connected(targets):
        nodes = [node for task in circle for node in members[task]]
        mixed = len({work.needs[node] for node in nodes}) > 1
        for node in nodes:
            keys[node] = (circle[0], node if mixed and len(circle) > 1 else -1)
    return numbered(keys)


def edge_zeroing(work: Work) -> Cut:
    """Sarkar: walk the edges, the dearest first, and merge their ends' clusters unless that takes longer."""
    judge = Judge(work)
    cut = cut_none(work)
    best = judge.score(cut)
    price: dict[tuple[int, int], float] = defaultdict(float)
    for one in work.passed:
        for reader in one.readers:
            price[one.producer, reader] += one.seconds
    edges = [(node, child) for node, children in enumerate(work.children) for child in children]
    for first, second in sorted(edges, key=lambda edge: (-price[edge], edge)):
        if cut[first] == cut[second]:
            continue
        merged = numbered(cut[first] if task == cut[second] else task for task in cut)
        score = judge.score(merged)
        if score != NEVER and score[0] <= best[0]:
            cut, best = merged, score
    return cut


def linear_clustering(work: Work) -> Cut:
    """Kim and Browne: make the critical path a cluster, take it away, and go on with what is left."""
    border = _border_s(work)
    cluster: dict[int, int] = {}
    size = len(work.names)
    while len(cluster) < size:
        length, follower = [0.0] * size, [-1] * size
        for node in range(size - 1, -1, -1):
            if node in cluster:
                continue
            length[node] = work.cases[0][node]
            for child in work.children[node]:
                if child not in cluster and length[node] < work.cases[0][node] + border + length[child]:
                    length[node], follower[node] = work.cases[0][node] + border + length[child], child
        node = max((one for one in range(size) if one not in cluster), key=lambda one: (length[one], -one))
        number = len(cluster)
        while node != -1:
            cluster[node] = number
            node = follower[node]
    return repaired(work, [cluster[node] for node in range(size)])


def dominant_sequence(work: Work) -> Cut:
    """DSC: each node, the one on the longest path first, joins the parent's cluster in which it starts earliest."""
    border = _border_s(work)
    size = len(work.names)
    below = _below(work, border)
    starts, free_at = [0.0] * size, dict[int, float]()
    cluster: dict[int, int] = {}
    missing = [len(parents) for parents in work.parents]
    ready = [node for node in range(size) if not missing[node]]
    while ready:
        node = max(ready, key=lambda one: (_arrival(work, one, starts, border) + below[one], -one))
        ready.remove(node)
        earliest, home = _arrival(work, node, starts, border), len(cluster) + size
        for parent in work.parents[node]:
            remote = (
                starts[one] + work.cases[0][one] + (0.0 if cluster[one] == cluster[parent] else border)
                for one in work.parents[node]
            )
            start = max(*remote, free_at[cluster[parent]])
            if start < earliest:
                earliest, home = start, cluster[parent]
        cluster[node], starts[node] = home, earliest
        free_at[home] = earliest + work.cases[0][node]
        for child in work.children[node]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return repaired(work, [cluster[node] for node in range(size)])


def heft(work: Work) -> Cut:
    """HEFT on the slots; a cluster is a run of nodes of one slot until one must wait for another slot."""
    border = _border_s(work)
    below = _below(work, border)
    free, ended = [0.0] * work.costs.slots, dict[int, float]()
    slot_of: dict[int, int] = {}
    run_of: dict[int, tuple[int, int]] = {}
    runs = [0] * work.costs.slots
    for node in sorted(range(len(work.names)), key=lambda one: (-below[one], one)):
        options = []
        for slot, idle in enumerate(free):
            arrivals = [ended[one] + (0.0 if slot_of[one] == slot else border) for one in work.parents[node]]
            options.append((max(idle, *arrivals) if arrivals else idle, slot))
        start, slot = min(options)
        if any(slot_of[one] != slot for one in work.parents[node]):
            runs[slot] += 1
        slot_of[node], run_of[node] = slot, (slot, runs[slot])
        ended[node] = free[slot] = start + work.cases[0][node]
    return repaired(work, numbered(run_of[node] for node in range(len(work.names))))


def stages(work: Work) -> Cut:
    """The planner's stages alone."""
    judge = Judge(work)
    return min((cut for case in work.cases for cut in cuts_by_stages(work, case)), key=judge.score)


def hill_climbing(work: Work) -> Cut:
    """The planner's small changes alone, from one node per task."""
    return improve(Judge(work), cut_none(work), most_steps=200_000)


def best_candidate(work: Work) -> Cut:
    """The best of the planner's candidates, without small changes."""
    return min(candidates(work), key=Judge(work).score)


def search_alone(work: Work) -> Cut:
    """The planner without the search of every cut of small graphs."""
    return best_cut(work, exhaustive=0)


def _below(work: Work, border: float) -> list[float]:
    below = [0.0] * len(work.names)
    for node in range(len(below) - 1, -1, -1):
        below[node] = work.cases[0][node] + max((border + below[child] for child in work.children[node]), default=0.0)
    return below


def _arrival(work: Work, node: int, starts: Sequence[float], border: float) -> float:
    return max((starts[one] + work.cases[0][one] + border for one in work.parents[node]), default=0.0)


def _border_s(work: Work) -> float:
    return work.costs.overhead_s + work.costs.latency_s + work.costs.launch_s


METHODS: dict[str, Callable[[Work], Cut]] = {
    "none": cut_none,
    "chains": cut_chains,
    "one task": cut_fewest,
    "edge zeroing": edge_zeroing,
    "linear clustering": linear_clustering,
    "DSC": dominant_sequence,
    "HEFT runs": heft,
    "hill climbing": hill_climbing,
    "stages": stages,
    "best candidate": best_candidate,
    "auto, not exhaustive": search_alone,
    "auto": best_cut,
}
