"""Cuts that the planner starts from: no fusion, chains, the fewest tasks, stages. None of them can be circular.

See `makespan.py` for what a cut is.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, MutableSequence, Sequence

    from kedro_aloft.graph.makespan import Work

LIGHT_BLOCK = 0.5
"""Levels are taken together while their work is less than this part of what a stage costs by itself."""
LONG_STAGE = 16.0
"""A stage that takes so many times what it costs by itself is long enough: cutting it again costs little."""
COARSE_BLOCKS = 32
"""A second search takes levels together until about so many blocks are left, and sees long stages too."""
MOST_BLOCKS = 32
"""No stage is tried beyond so many blocks: this keeps the search linear in the nodes."""


def numbered(keys: Iterable[Hashable]) -> tuple[int, ...]:
    """Return the cut in which nodes with equal keys share a task."""
    every = list(keys)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(every))}
    return tuple([numbers[key] for key in every])


def members_of(cut: Sequence[int]) -> list[list[int]]:
    """Return the nodes of each task, ascending."""
    members: list[list[int]] = [[] for _ in range(max(cut) + 1)]
    for node, task in enumerate(cut):
        members[task].append(node)
    return members


def cut_none(work: Work) -> tuple[int, ...]:
    """Return the cut with one node per task."""
    return tuple(range(len(work.names)))


def cut_chains(work: Work) -> tuple[int, ...]:
    """Return the cut that fuses an only child with its only parent."""
    task = list(range(len(work.names)))
    for node, children in enumerate(work.children):
        if len(children) == 1 and len(work.parents[children[0]]) == 1 and work.needs[node] == work.needs[children[0]]:
            task[children[0]] = task[node]
    return numbered(task)


def cut_fewest(work: Work) -> tuple[int, ...]:
    """Return the cut into one task, or into as few as different needs allow."""
    return numbered(zip(_rounds(work), work.needs, strict=True))


def _rounds(work: Work) -> list[int]:
    """How often needs change, at most, on the way to each node: between two rounds lies every border of needs."""
    rounds = [0] * len(work.names)
    for node, parents in enumerate(work.parents if any(work.needs) else ()):  # else all needs are the same, number 0
        rounds[node] = max((rounds[one] + (work.needs[one] != work.needs[node]) for one in parents), default=0)
    return rounds


def cuts_by_stages(work: Work, case: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Yield cuts into stages, one after the other, with the independent parts of a stage side by side.

    Nodes are laid into levels, once as early and once as late as possible. Where a stage begins is chosen so that the
    sum of the stages' predicted seconds is the least. The parts of a stage are then packed, the longest first, into as
    many tasks as pay for themselves; a second cut leaves every part a task of its own.

    Args:
        work: The pipeline.
        case: Seconds of each node.
    """
    fine = LIGHT_BLOCK * _fixed_s(work)
    coarse = max(fine, sum(case) / COARSE_BLOCKS)
    levels = (_early_levels(work), _late_levels(work))
    for light, keys in product(dict.fromkeys((fine, coarse)), levels):
        blocks = _blocks(keys, case, light=light)
        stages = _stages(work, case, blocks, longest=LONG_STAGE * light / LIGHT_BLOCK)
        parts = _parts(work, stages)
        yield numbered(parts)
        yield _packed(work, case, stages, parts)


def _blocks(keys: Sequence[tuple[int, int]], case: Sequence[float], *, light: float) -> list[tuple[int, list[int]]]:
    """Levels of nodes, light ones together: (round, nodes). No edge leads back, nor inside a block to other needs."""
    levels: dict[tuple[int, int], list[int]] = defaultdict(list)
    for node, key in enumerate(keys):
        levels[key].append(node)
    blocks: list[tuple[int, list[int]]] = []
    seconds = 0.0
    for key in sorted(levels):
        more = sum(case[node] for node in levels[key])
        if not blocks or blocks[-1][0] != key[0] or seconds + more > light:
            blocks.append((key[0], []))
            seconds = 0.0
        blocks[-1][1].extend(levels[key])
        seconds += more
    return [(number, sorted(nodes)) for number, nodes in blocks]


def _fixed_s(work: Work) -> float:
    return work.costs.latency_s + work.costs.overhead_s + work.costs.launch_s


def _early_levels(work: Work) -> list[tuple[int, int]]:
    rounds = _rounds(work)
    depth = [0] * len(rounds)
    for node, parents in enumerate(work.parents):
        depth[node] = max([depth[one] for one in parents], default=-1) + 1
    return list(zip(rounds, depth, strict=True))


def _late_levels(work: Work) -> list[tuple[int, int]]:
    left = [0] * len(work.names)
    depth = [0] * len(work.names)
    for node in range(len(work.names) - 1, -1, -1):
        for child in work.children[node]:
            left[node] = max(left[node], left[child] + (work.needs[child] != work.needs[node]))
            depth[node] = max(depth[node], depth[child] + 1)
    return [(-one, -two) for one, two in zip(left, depth, strict=True)]


def _stages(work: Work, case: Sequence[float], blocks: Sequence[tuple[int, list[int]]], *, longest: float) -> list[int]:
    """The stage of each node: the best way to cut the sequence of blocks, by dynamic programming from its end."""
    block_of = [0] * len(case)
    for number, (_, nodes) in enumerate(blocks):
        for node in nodes:
            block_of[node] = number
    clumps = _clumps(work, case, blocks, block_of)
    best = [0.0] * (len(blocks) + 1)
    following = [len(blocks)] * len(blocks)
    for first in range(len(blocks) - 1, -1, -1):
        best[first] = float("inf")
        for last, seconds in _stage_seconds(work, blocks, clumps, first):
            if seconds > longest and last > first:
                break
            if seconds + best[last + 1] < best[first]:
                best[first], following[first] = seconds + best[last + 1], last + 1
    stage = [0] * len(case)
    first, number = 0, 0
    while first < len(blocks):
        for _, nodes in blocks[first : following[first]]:
            for node in nodes:
                stage[node] = number
        first, number = following[first], number + 1
    return stage


@dataclass(frozen=True, slots=True)
class _Clumps:
    """The connected parts of each block; they are numbered in the blocks' order. A stage takes them in as they are.

    Args:
        first: The first clump of each block, and behind them how many there are.
        seconds: Of their nodes.
        above: Clumps of earlier blocks that each waits for.
        received: What each reads from memory of earlier blocks: (block of the writer, seconds of a handoff).
    """

    first: list[int]
    seconds: list[float]
    above: list[set[int]]
    received: list[list[tuple[int, float]]]


def _clumps(
    work: Work, case: Sequence[float], blocks: Sequence[tuple[int, list[int]]], block_of: Sequence[int]
) -> _Clumps:
    part_of = _parts(work, block_of)
    numbers: dict[int, int] = {}
    first = [0]
    for _, nodes in blocks:
        for node in nodes:
            numbers.setdefault(part_of[node], len(numbers))
        first.append(len(numbers))
    clump_of = [numbers[part] for part in part_of]
    found = _Clumps(first, [0.0] * len(numbers), [set() for _ in numbers], [[] for _ in numbers])
    for node, clump in enumerate(clump_of):
        found.seconds[clump] += case[node]
        found.above[clump].update([clump_of[parent] for parent in work.parents[node]])
    for clump, above in enumerate(found.above):
        above.discard(clump)
    for one in work.passed:
        for reader in one.readers:
            if block_of[one.producer] < block_of[reader]:
                found.received[clump_of[reader]].append((block_of[one.producer], 2 * one.seconds))
    return found


def _stage_seconds(
    work: Work, blocks: Sequence[tuple[int, list[int]]], clumps: _Clumps, first: int
) -> Iterator[tuple[int, float]]:
    """For each block at which a stage from `first` may end: the block and the stage's predicted seconds."""
    costs = work.costs
    lowest = clumps.first[first]
    leader: dict[int, int] = {}
    weight: dict[int, float] = {}
    longest = total = 0.0
    parts, start_s = 0, costs.latency_s + costs.overhead_s
    for last in range(first, min(len(blocks), first + MOST_BLOCKS)):
        if blocks[last][0] != blocks[first][0]:
            return
        for clump in range(clumps.first[last], clumps.first[last + 1]):
            leader[clump] = clump
            seconds = clumps.seconds[clump]
            if clumps.received[clump]:
                seconds += sum(price for block, price in clumps.received[clump] if block < first)
            total += seconds
            parts += 1
            for parent in clumps.above[clump]:
                if parent < lowest:
                    continue
                root = leader[parent]
                if leader[root] != root:
                    root = _find(leader, root)
                if root != clump:
                    seconds += weight[root]
                    leader[root] = clump
                    parts -= 1
            weight[clump] = seconds
            if seconds > longest:  # noqa: PLR1730  a call costs, in the innermost loop
                longest = seconds
        tasks = _paying_tasks(work, total, parts)
        side_by_side = max(longest, total / tasks)
        yield last, start_s + costs.launch_s * tasks + side_by_side


def _find(leader: MutableSequence[int] | dict[int, int], node: int) -> int:
    while leader[node] != node:
        leader[node] = leader[leader[node]]
        node = leader[node]
    return node


def _paying_tasks(work: Work, total: float, parts: int) -> int:
    """Into how many tasks `total` seconds of independent parts go: more are started later than they would end."""
    launch = work.costs.launch_s
    paying = round((total / launch) ** 0.5) if launch else parts
    return max(1, min(paying, work.costs.slots, parts))


def _parts(work: Work, stages: Sequence[int]) -> list[int]:
    """The connected part of its stage that each node belongs to, named by one of its nodes."""
    leader = list(range(len(stages)))
    for node, parents in enumerate(work.parents):
        for parent in parents:
            if stages[parent] == stages[node]:
                leader[_find(leader, parent)] = node
    for node in range(len(leader) - 1, -1, -1):  # no leader comes before those whom it leads
        leader[node] = leader[leader[node]]
    return leader


def _packed(work: Work, case: Sequence[float], stages: Sequence[int], parts: Sequence[int]) -> tuple[int, ...]:
    """The cut in which the parts of a stage that share their needs are packed, the longest first."""
    seconds: dict[int, float] = defaultdict(float)
    for node, part in enumerate(parts):
        seconds[part] += case[node]
    shelves: dict[tuple[int, int], list[int]] = defaultdict(list)
    for part in seconds:
        shelves[stages[part], work.needs[part]].append(part)
    bin_of: dict[int, tuple[int, int, int]] = {}
    for (stage, need), found in shelves.items():
        tasks = _paying_tasks(work, sum(seconds[part] for part in found), len(found))
        bins = [(0.0, number) for number in range(tasks)]
        for part in sorted(found, key=lambda one: (-seconds[one], one)):
            load, number = heapq.heappop(bins)
            bin_of[part] = (stage, need, number)
            heapq.heappush(bins, (load + seconds[part], number))
    return numbered(bin_of[part] for part in parts)
