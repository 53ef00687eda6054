"""Makespan: how long a graph of tasks takes on a number of slots, predicted by list scheduling.

`Work` is a pipeline reduced to numbers. A *cut* names for each node, by its position, the number of its task; the
numbers are 0, 1, 2 … in the order of the tasks' first nodes. Everything is deterministic and, but for a logarithm,
linear in nodes and edges.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from kedro_aloft.graph.algorithms import topological_order
from kedro_aloft.graph.snapshot import DatasetKind, strip_transcoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kedro_aloft.graph.costs import Costs
    from kedro_aloft.graph.snapshot import Snapshot

_BYTES_PER_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A dataset in memory that one node passes to others.

    Args:
        producer: Position of the node that writes it.
        readers: Positions of the nodes that read it, ascending.
        seconds: Price of one write into the handoff store, and of one read, when it must leave its task.
        mib: Its size.
    """

    producer: int
    readers: tuple[int, ...]
    seconds: float = 0.0
    mib: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A pipeline as numbers; nodes are positions in a topological order.

    Args:
        names: Of the nodes.
        children: For each node the positions that wait for it, ascending; all are greater than its own.
        parents: The same edges, turned round.
        needs: What each node demands of its task, as a number; nodes with different ones never share a task.
        cases: Seconds of each node, once for every case that a plan must be good for.
        passed: The datasets in memory that have readers.
        memory_mib: Peak memory of each node, 0 when unknown.
        costs: What tasks cost.
    """

    names: tuple[str, ...]
    children: tuple[tuple[int, ...], ...]
    parents: tuple[tuple[int, ...], ...]
    needs: tuple[int, ...]
    cases: tuple[tuple[float, ...], ...]
    passed: tuple[Passed, ...] = ()
    memory_mib: tuple[float, ...] = ()
    costs: Costs

    @property
    def steps(self) -> int:
        """How many small steps one evaluation of a cut takes, roughly."""
        return len(self.cases) * (len(self.names) + sum(map(len, self.children)) + 1)


@dataclass(frozen=True, slots=True)
class TaskGraph:
    """The tasks of a cut.

    Args:
        order: The tasks, topologically sorted.
        children: For each task the tasks that wait for it.
        waits: For how many tasks each task waits.
        handoff_s: Seconds that each task spends on handing over and taking over.
    """

    order: list[int]
    children: list[set[int]]
    waits: list[int]
    handoff_s: list[float]


def work_of(snapshot: Snapshot, costs: Costs, requirements: Mapping[str, str] | None = None) -> Work:
    """Return a pipeline as numbers.

    Args:
        snapshot: The pipeline.
        costs: What is known of its nodes and datasets, and what tasks cost.
        requirements: What each node demands of its task; see `grouping.group_nodes`.
    """
    # By name, so that another order of the same nodes gives the same plan.
    names = topological_order({name: snapshot.children[name] for name in sorted(snapshot.children)})
    position = {name: number for number, name in enumerate(names)}
    children = [tuple(sorted(position[child] for child in snapshot.children[name])) for name in names]
    needs = requirements or {}
    kinds: dict[str, int] = {}
    unknown = sum(name not in costs.seconds for name in names)
    return Work(
        names=names,
        children=tuple(children),
        parents=turned(children),
        needs=tuple(kinds.setdefault(needs.get(name, ""), len(kinds)) for name in names),
        cases=tuple(
            tuple(costs.seconds.get(name, guess) for name in names)
            for guess in (costs.guesses_s(unknown) if unknown else (0.0,))
        ),
        passed=tuple(_passed(snapshot, costs, position)),
        memory_mib=tuple(costs.memory_mib.get(name, 0.0) for name in names),
        costs=costs,
    )


def _passed(snapshot: Snapshot, costs: Costs, position: Mapping[str, int]) -> Iterable[Passed]:
    readers: dict[str, list[int]] = {}
    for node in snapshot.nodes:
        for dataset in node.inputs:
            if snapshot.datasets[dataset].kind is DatasetKind.MEMORY:
                readers.setdefault(strip_transcoding(dataset), []).append(position[node.name])
    for node in snapshot.nodes:
        for dataset in node.outputs:
            if found := readers.get(strip_transcoding(dataset)):
                yield Passed(
                    producer=position[node.name],
                    readers=tuple(sorted(set(found))),
                    seconds=costs.handoff_s(dataset),
                    mib=costs.size_bytes.get(dataset, 0) / _BYTES_PER_MIB,
                )


def turned(children: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Return the edges turned round, ascending."""
    parents: list[list[int]] = [[] for _ in children]
    for node, targets in enumerate(children):
        for target in targets:
            parents[target].append(node)
    return tuple(map(tuple, parents))


def task_graph(work: Work, cut: Sequence[int]) -> TaskGraph | None:
    """Return the tasks of a cut, or None when they would wait for each other in a circle."""
    count = max(cut) + 1
    edges: list[set[int]] = [set() for _ in range(count)]
    for task, children in zip(cut, work.children, strict=True):
        for child in children:
            if cut[child] != task:
                edges[task].add(cut[child])
    waits = [0] * count
    for one in edges:
        for task in one:
            waits[task] += 1
    missing = waits.copy()
    order = [task for task in range(count) if not missing[task]]
    for task in order:  # grows while it is walked
        for child in edges[task]:
            missing[child] -= 1
            if not missing[child]:
                order.append(child)
    return TaskGraph(order, edges, waits, _handoff_s(work, cut, count)) if len(order) == count else None


def _handoff_s(work: Work, cut: Sequence[int], count: int) -> list[float]:
    seconds = [0.0] * count
    for one in work.passed:
        home = cut[one.producer]
        readers = {cut[reader] for reader in one.readers}
        readers.discard(home)
        if readers:
            seconds[home] += one.seconds
            for task in readers:
                seconds[task] += one.seconds
    return seconds


def makespans(work: Work, cut: Sequence[int]) -> tuple[float, ...] | None:
    """Return the predicted seconds of a cut in each case, or None when its tasks wait for each other in a circle."""
    graph = task_graph(work, cut)
    if graph is None:
        return None
    return tuple(simulate(graph, loads(work, cut, graph, case), work.costs) for case in work.cases)


def loads(work: Work, cut: Sequence[int], graph: TaskGraph, case: Sequence[float]) -> list[float]:
    """Return the seconds for which each task holds its slot."""
    seconds = [work.costs.overhead_s + handoff for handoff in graph.handoff_s]
    for task, own in zip(cut, case, strict=True):
        seconds[task] += own
    return seconds


def simulate(graph: TaskGraph, seconds: Sequence[float], costs: Costs, *, limit: float = inf) -> float:
    """Return the end of the last task when slots are given to ready tasks, those with the longest way to go first.

    The scheduler starts one task after the other (`launch_s` each) and sees after `latency_s` that a task ended.
    Ties are broken by the tasks' numbers.

    Args:
        graph: The tasks.
        seconds: For which each task holds its slot.
        costs: What tasks cost.
        limit: Infinity is returned as soon as it is sure that the end is later.
    """
    after = remaining(graph, seconds, costs)
    missing = graph.waits.copy()
    limit -= costs.launch_s
    # One heap of events: (time, 0, task) a task ends, (time, 1, task) a task is seen to be ready.
    events = [(0.0, 1, task) for task in graph.order if not missing[task]]
    heapq.heapify(events)
    ready: list[tuple[float, int]] = []
    free, now, scheduler, end = costs.slots, 0.0, 0.0, 0.0
    while events:
        now = events[0][0]
        while events and events[0][0] <= now:
            _, ready_now, task = heapq.heappop(events)
            if ready_now:
                heapq.heappush(ready, (-after[task], task))
                continue
            free += 1
            for child in graph.children[task]:
                missing[child] -= 1
                if not missing[child]:
                    heapq.heappush(events, (now + costs.latency_s, 1, child))
        while ready and free:
            way, task = heapq.heappop(ready)
            scheduler = max(now, scheduler)
            if scheduler - way > limit:
                return inf
            scheduler += costs.launch_s
            end = max(end, scheduler + seconds[task])
            heapq.heappush(events, (scheduler + seconds[task], 0, task))
            free -= 1
    return end


def remaining(graph: TaskGraph, seconds: Sequence[float], costs: Costs) -> list[float]:
    """Return for each task the seconds from its start to the end of the longest path that begins with it."""
    hop = costs.latency_s + costs.launch_s
    after = [0.0] * len(seconds)
    for task in reversed(graph.order):
        rest = 0.0
        for child in graph.children[task]:
            if hop + after[child] > rest:  # noqa: PLR1730  a call costs, in the innermost loop
                rest = hop + after[child]
        after[task] = seconds[task] + rest
    return after


def lower_bounds(work: Work) -> tuple[float, ...]:
    """Return for each case seconds below which no cut can be: the critical path, and all work on all slots.

    A border is paid for on a path only where two neighbours cannot share a task.
    """
    costs = work.costs
    start = costs.launch_s + costs.overhead_s
    bounds = []
    for case in work.cases:
        longest = [0.0] * len(case)
        for node in range(len(case) - 1, -1, -1):
            need = work.needs[node]
            rest = (
                longest[child] + (costs.latency_s + start if work.needs[child] != need else 0.0)
                for child in work.children[node]
            )
            longest[node] = case[node] + max(rest, default=0.0)
        bounds.append(start + max(*longest, sum(case) / costs.slots))
    return tuple(bounds)
