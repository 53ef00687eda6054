"""Graphs for the planner's benchmark and tests: random ones with fixed seeds, and the shapes of real pipelines."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.makespan import Passed, Work, turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SCALES_S = (0.02, 0.3, 2.0, 10.0)
SLOTS = 4


def make_work(
    edges: Iterable[tuple[int, int]],
    seconds: Sequence[float],
    *,
    needs: Sequence[int] = (),
    handoff_s: Sequence[float] = (),
    costs: Costs | None = None,
    cases: Sequence[Sequence[float]] = (),
) -> Work:
    """Return the work of nodes 0, 1, 2 … with edges from lower to higher numbers.

    Args:
        edges: Pairs of nodes.
        seconds: Of each node.
        needs: What each node demands; all the same by default.
        handoff_s: For each node the price of handing its output over; 0: its output is persisted.
        costs: What tasks cost.
        cases: Instead of `seconds`: several cases.
    """
    children: list[set[int]] = [set() for _ in seconds]
    for first, second in edges:
        children[first].add(second)
    ordered = tuple(tuple(sorted(one)) for one in children)
    return Work(
        names=tuple(f"n{number}" for number in range(len(seconds))),
        children=ordered,
        parents=turned(ordered),
        needs=tuple(needs) or (0,) * len(seconds),
        cases=tuple(map(tuple, cases)) or (tuple(seconds),),
        passed=tuple(
            Passed(producer=node, readers=ordered[node], seconds=price)
            for node, price in enumerate(handoff_s)
            if price and ordered[node]
        ),
        memory_mib=(0.0,) * len(seconds),
        costs=costs or Costs(slots=SLOTS),
    )


def random_work(seed: int, size: int) -> Work:
    """Return a random graph: dense or sparse, light or heavy or mixed, with or without handoffs and needs."""
    rng = random.Random(seed)  # noqa: S311  not for secrets
    density = rng.choice((0.1, 0.25, 0.5, 0.8)) if size <= 12 else rng.choice((1.0, 2.0, 4.0)) / size
    edges = [(a, b) for b in range(size) for a in range(b) if rng.random() < density]
    scales = rng.sample(SCALES_S, rng.choice((1, 2, 4)))
    seconds = [round(rng.choice(scales) * rng.uniform(0.3, 1.7), 3) for _ in range(size)]
    priced = rng.random() < 0.5
    handoff = [round(rng.choice((0.0, 0.01, 0.5, 3.0)), 3) if priced else 0.0 for _ in range(size)]
    kinds = rng.choice((1, 1, 1, 2, 3))
    needs = [rng.randrange(kinds) for _ in range(size)]
    overhead = rng.choice((0.1, 0.4, 1.0, 4.0))
    costs = Costs(
        slots=rng.choice((1, 2, 2, 3, 4, 8)), overhead_s=overhead, latency_s=rng.choice((0.05, 0.25, 1.0)), launch_s=0.1
    )
    return make_work(edges, seconds, needs=needs, handoff_s=handoff, costs=costs)


def chain(size: int, seconds: float, costs: Costs | None = None) -> Work:
    """Return nodes one after the other."""
    return make_work([(node, node + 1) for node in range(size - 1)], [seconds] * size, costs=costs)


def fork_join(width: int, seconds: float, costs: Costs | None = None) -> Work:
    """Return a light node, `width` branches, and a light node that joins them."""
    edges = [(0, node) for node in range(1, width + 1)] + [(node, width + 1) for node in range(1, width + 1)]
    return make_work(edges, [0.1, *([seconds] * width), 0.1], costs=costs)


def branches(number: int, length: int, seconds: float, costs: Costs | None = None) -> Work:
    """Return independent chains."""
    edges = [(b * length + n, b * length + n + 1) for b in range(number) for n in range(length - 1)]
    return make_work(edges, [seconds] * (number * length), costs=costs)


def layered(layers: int, width: int, seconds: float, *, seed: int = 0, costs: Costs | None = None) -> Work:
    """Return layers in which every node reads two nodes of the layer before."""
    rng = random.Random(seed)  # noqa: S311  not for secrets
    edges = [
        ((layer - 1) * width + parent, layer * width + node)
        for layer in range(1, layers)
        for node in range(width)
        for parent in rng.sample(range(width), min(2, width))
    ]
    values = [round(seconds * rng.uniform(0.5, 1.5), 4) for _ in range(layers * width)]
    return make_work(edges, values, costs=costs)


def spaceflights(costs: Costs | None = None, *, factor: float = 1.0) -> Work:
    """Return the shape of Kedro's spaceflights starter with plots: 9 nodes, seconds as measured times `factor`."""
    edges = [(0, 2), (1, 2), (2, 6), (6, 7), (6, 8), (7, 8), (0, 3), (0, 4), (1, 5)]
    seconds = [0.1, 1.3, 0.15, 0.25, 0.2, 0.6, 0.03, 0.05, 0.02]
    edges = [(a, b) for a, b in edges if a < b]
    return make_work(edges, [round(value * factor, 4) for value in seconds], costs=costs)
