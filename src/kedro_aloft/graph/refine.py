"""Better cuts from a good one: small changes while they pay, and for small graphs every cut there is."""

from __future__ import annotations

from math import inf
from operator import sub
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

NEVER: Score = (inf, 0)
_DIGITS = 9
_MARGIN_S = 1e-6
"""More than what sums of the same numbers in another order can differ by."""
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
        self._above: dict[tuple[int, ...], Score] = {}
        self._seconds: dict[tuple[int, ...], tuple[float, ...]] = {}
        self._aims = self._quickest(rivals)

    @property
    def aim(self) -> float:
        """The score of a cut that loses nothing in any case."""
        return max(self._aims)

    def score(self, cut: tuple[int, ...], *, below: Score = NEVER) -> Score:
        """Return the score of a numbered cut; `NEVER` when it is circular, mixes needs or takes too much memory.

        Args:
            cut: The cut.
            below: What it competes with: when it is no better, another score that is no better may be returned.
        """
        if cut in self._known:
            return self._known[cut]
        if cut not in self._above:
            self.steps += self.work.steps
        elif below <= self._above[cut]:
            return NEVER
        found = self._score(cut, below[0])
        if found == NEVER and below != NEVER:
            self._above[cut] = below
        else:
            self._known[cut] = found
        return found

    def _score(self, cut: tuple[int, ...], limit: float) -> Score:
        seconds = self._seconds.get(cut) or self._simulated(cut, limit)
        if seconds is None:
            return NEVER
        lost = max(map(sub, seconds, self._aims))
        return round(self.aim + lost, _DIGITS), max(cut) + 1

    def _simulated(self, cut: tuple[int, ...], limit: float) -> tuple[float, ...] | None:
        """Return the seconds of a cut in each case, or None when it is not allowed or surely worse than a score."""
        work = self.work
        graph = task_graph(work, cut) if allowed(work, cut) else None
        if graph is None:
            return None
        seconds = []
        for case, aim in zip(work.cases, self._aims, strict=True):
            most = limit - self.aim + aim + _MARGIN_S
            seconds.append(simulate(graph, loads(work, cut, graph, case), work.costs, limit=most))
            if seconds[-1] == inf:
                return None
        return tuple(seconds)

    def _quickest(self, rivals: Iterable[tuple[int, ...]]) -> tuple[float, ...]:
        if len(self.work.cases) > 1:
            self._seconds = {cut: found for cut in rivals if (found := makespans(self.work, cut))}
        return tuple(map(min, zip(*self._seconds.values(), strict=True))) if self._seconds else lower_bounds(self.work)


def allowed(work: Work, cut: Sequence[int]) -> bool:
    """Whether no task of a cut mixes needs or takes more memory than a slot has."""
    need_of: dict[int, int] = {}
    if any(work.needs) and any(
        need_of.setdefault(task, need) != need for task, need in zip(cut, work.needs, strict=True)
    ):
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
        score = judge.score(merged, below=best)
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
            score = judge.score(changed, below=best)
            if score < best:
                cut, best, better = changed, score, True
                break
            if judge.steps >= limit:
                break
    return cut


def _changes(work: Work, cut: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Neighbours of a cut: two tasks merged, a node moved to a task nearby, a node taken out."""
    members = members_of(cut)
    roots = list(dict.fromkeys(cut[node] for node, parents in enumerate(work.parents) if not parents))
    near: dict[int, list[int]] = {}  # of a large pipeline only the first ones are ever asked for
    for first, nodes in enumerate(members):
        near[first] = sorted(_near(work, cut, nodes, roots)) if len(members) > 1 else []
        for second in near[first]:
            if second > first:
                yield numbered(first if task == second else task for task in cut)
    for node, task in enumerate(cut):
        if len(members[task]) == 1:
            continue
        for other in (*near[task], -1):
            yield numbered((*cut[:node], other, *cut[node + 1 :]))


def _near(work: Work, cut: Sequence[int], nodes: Iterable[int], roots: Sequence[int]) -> set[int]:
    """The tasks before and after one task, and those beside it.

    Args:
        work: The pipeline.
        cut: The cut.
        nodes: The nodes of the task.
        roots: The tasks with nodes that wait for none, in the order of these.
    """
    near: set[int] = set()
    seen: set[tuple[int, ...]] = set()
    for node in nodes:
        task, parents, children = cut[node], work.parents[node], work.children[node]
        near.update(cut[one] for one in (*parents, *children))
        seen.update(work.children[parent] for parent in parents)
        seen.update(work.parents[child] for child in children)
    for beside in seen:
        near |= _beside(task, list(dict.fromkeys(cut[one] for one in beside)))
    return (near | _beside(task, roots)) - {task}


def _beside(task: int, tasks: Sequence[int]) -> set[int]:
    """Of many distinct tasks each is near a few before and after it only."""
    if task not in tasks:
        return set()
    number = tasks.index(task)
    return set(tasks[max(0, number - _MOST_NEAR) : number + 1 + _MOST_NEAR])


def every_cut(size: int) -> Iterator[tuple[int, ...]]:
    """Yield every partition of `size` nodes as a numbered cut."""

    def extend(prefix: tuple[int, ...], used: int) -> Iterator[tuple[int, ...]]:
        if len(prefix) == size:
            yield prefix
            return
        for task in range(used + 1):
            yield from extend((*prefix, task), max(used, task + 1))

    yield from extend((), 0)
