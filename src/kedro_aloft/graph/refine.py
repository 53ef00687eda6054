"""Better cuts from a good one: small changes while they pay, and for small graphs every cut there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.graph.cuts import members_of, numbered
from kedro_aloft.graph.makespan import loads, lower_bounds, makespans, simulate, task_graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kedro_aloft.graph.makespan import Work

Score = tuple[float, int]
"""Seconds of a cut in the case in which it loses most, and its number of tasks: less is better.

Cases are made comparable by what is lost in them: to each as many seconds are added as its aim is below the highest.
"""

NEVER: Score = (float("inf"), 0)
_DIGITS = 9
_MOST_NEAR = 8


class Judge:
    """Scores cuts of one pipeline, each only once, and counts the steps that this takes.

    Args:
        work: The pipeline.
        rivals: Cuts of which the quickest is the aim in each case; without them, or with one case, it is the bound
            that no cut is below.
    """

    def __init__(self, work: Work, rivals: Iterable[tuple[int, ...]] = ()) -> None:
        self.work = work
        self.steps = 0
        self._known: dict[tuple[int, ...], Score] = {}
        self._aims = _aims(work, rivals)

    @property
    def aim(self) -> float:
        """The score of a cut that loses nothing in any case."""
        return max(self._aims)

    def score(self, cut: tuple[int, ...]) -> Score:
        """Return the score of a numbered cut; `NEVER` when it is circular, mixes needs or takes too much memory."""
        known = self._known.get(cut)
        if known is None:
            self.steps += self.work.steps
            known = self._known[cut] = self._score(cut)
        return known

    def _score(self, cut: tuple[int, ...]) -> Score:
        work = self.work
        if not allowed(work, cut):
            return NEVER
        graph = task_graph(work, cut)
        if graph is None:
            return NEVER
        lost = max(
            simulate(graph, loads(work, cut, graph, case), work.costs) - aim
            for case, aim in zip(work.cases, self._aims, strict=True)
        )
        return round(self.aim + lost, _DIGITS), len(graph.order)


def _aims(work: Work, rivals: Iterable[tuple[int, ...]]) -> tuple[float, ...]:
    seconds = [found for cut in rivals if (found := makespans(work, cut))] if len(work.cases) > 1 else []
    return tuple(map(min, zip(*seconds, strict=True))) if seconds else lower_bounds(work)


def allowed(work: Work, cut: Sequence[int]) -> bool:
    """Whether no task of a cut mixes needs or takes more memory than a slot has."""
    need_of: dict[int, int] = {}
    if any(need_of.setdefault(task, need) != need for task, need in zip(cut, work.needs, strict=True)):
        return False
    limit = work.costs.memory_per_slot_mib
    return limit is None or not any(_too_big(work, cut, limit))


def _too_big(work: Work, cut: Sequence[int], limit: float) -> list[bool]:
    """For each task whether its nodes and the data between them exceed the limit; a single node never does."""
    members = members_of(cut)
    mib = [max(work.memory_mib[node] for node in nodes) for nodes in members]
    for one in work.passed:
        if any(cut[reader] == cut[one.producer] for reader in one.readers):
            mib[cut[one.producer]] += one.mib
    return [len(nodes) > 1 and size > limit for nodes, size in zip(members, mib, strict=True)]


def within_memory(work: Work, cut: tuple[int, ...]) -> tuple[int, ...]:
    """Return the cut with every task that exceeds a slot's memory taken apart into its nodes; never circular."""
    limit = work.costs.memory_per_slot_mib
    if limit is None:
        return cut
    apart = _too_big(work, cut, limit)
    return numbered((task, node if apart[task] else -1) for node, task in enumerate(cut))


def zero_edges(judge: Judge, cut: tuple[int, ...], *, most_steps: int) -> tuple[int, ...]:
    """Return the cut after merging the ends of edges, the dearest handoffs first, wherever that does not take longer.

    Source: Sarkar, Partitioning and Scheduling Parallel Programs for Multiprocessors (1989), edge zeroing.
    """
    best = judge.score(cut)
    limit = judge.steps + most_steps
    for first, second in _dearest_edges(judge.work):
        if cut[first] == cut[second]:
            continue
        if judge.steps >= limit:
            break
        merged = numbered(cut[first] if task == cut[second] else task for task in cut)
        score = judge.score(merged)
        if score < best:
            cut, best = merged, score
    return cut


def _dearest_edges(work: Work) -> list[tuple[int, int]]:
    price = {(node, child): 0.0 for node, children in enumerate(work.children) for child in children}
    for one in work.passed:
        for reader in one.readers:
            price[one.producer, reader] += one.seconds
    return sorted(price, key=lambda edge: (-price[edge], edge))


def improve(judge: Judge, cut: tuple[int, ...], *, most_steps: int) -> tuple[int, ...]:
    """Return the cut after changes that each make it better, tried in turn until none does or the steps are used up."""
    best = judge.score(cut)
    limit = judge.steps + most_steps
    better = True
    while better and judge.steps < limit:
        better = False
        for changed in _changes(judge.work, cut):
            score = judge.score(changed)
            if score < best:
                cut, best, better = changed, score, True
                break
            if judge.steps >= limit:
                break
    return cut


def _changes(work: Work, cut: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Neighbours of a cut: two tasks merged, a node moved to a task nearby, a node taken out."""
    near = _near(work, cut)
    for first, others in enumerate(near):
        for second in sorted(others):
            if second > first:
                yield numbered(first if task == second else task for task in cut)
    sizes = list(map(len, members_of(cut)))
    for node, task in enumerate(cut):
        if sizes[task] == 1:
            continue
        for other in (*sorted(near[task]), -1):
            yield numbered((*cut[:node], other, *cut[node + 1 :]))


def _near(work: Work, cut: Sequence[int]) -> list[set[int]]:
    """For each task the tasks before and after it, and those beside it."""
    count = max(cut) + 1
    near: list[set[int]] = [set() for _ in range(count)]
    for node, children in enumerate(work.children):
        for child in children:
            _link(near, (cut[node], cut[child]))
        _link(near, [cut[child] for child in children])
        _link(near, [cut[parent] for parent in work.parents[node]])
    _link(near, [cut[node] for node, parents in enumerate(work.parents) if not parents])
    return near


def _link(near: list[set[int]], tasks: Sequence[int]) -> None:
    """Note that tasks are near each other; of many tasks each is near the next few only."""
    distinct = list(dict.fromkeys(tasks))
    for number, first in enumerate(distinct):
        for second in distinct[number + 1 : number + 1 + _MOST_NEAR]:
            near[first].add(second)
            near[second].add(first)


def every_cut(size: int) -> Iterator[tuple[int, ...]]:
    """Yield every partition of `size` nodes as a numbered cut."""

    def extend(prefix: tuple[int, ...], used: int) -> Iterator[tuple[int, ...]]:
        if len(prefix) == size:
            yield prefix
            return
        for task in range(used + 1):
            yield from extend((*prefix, task), max(used, task + 1))

    yield from extend((), 0)
