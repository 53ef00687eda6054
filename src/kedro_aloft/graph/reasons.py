"""Why nodes share a task and why others do not, in words for people.

The reason of a task is part of the plan, so it has no figures unless asked for: else each run would change the plan,
and with it the DAG file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.graph.cuts import members_of
from kedro_aloft.graph.makespan import work_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kedro_aloft.graph.costs import Costs
    from kedro_aloft.graph.makespan import Work
    from kedro_aloft.graph.snapshot import Snapshot

_NAMED = 3
_ALONE = "a task of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """A border between two tasks that `group_by: auto` left.

    Args:
        source, target: Numbers of the tasks, in the order in which they were given.
        reason: Why their nodes do not share a task.
    """

    source: int
    target: int
    reason: str


def task_reasons(work: Work, cut: Sequence[int], *, figures: bool = False) -> tuple[str, ...]:
    """Return for each task of a cut why its nodes share it; empty for a single node."""
    return tuple(
        _task_reason(work, members, figures=figures) if len(members) > 1 else "" for members in members_of(cut)
    )


def _task_reason(work: Work, members: Sequence[int], *, figures: bool) -> str:
    inside = set(members)
    children = {node: [child for child in work.children[node] if child in inside] for node in members}
    parents: dict[int, int] = defaultdict(int)
    for targets in children.values():
        for target in targets:
            parents[target] += 1
    size = len(members)
    if sum(map(len, children.values())) == size - 1 and all(
        len(children[node]) <= 1 and parents[node] <= 1 for node in members
    ):
        return f"chain: {size} nodes one after the other, which a second task could not speed up"
    if any(_unknown(work, members)):
        if not any(children.values()):
            slots = work.costs.slots
            return f"durations unknown: {size} independent nodes, as more tasks than {slots} slots would only wait"
        return f"durations unknown: {size} nodes that would gain little side by side, so they share one start"
    total, longest = _total_and_path(work, members, children)
    overhead = work.costs.overhead_s
    mean = f" of {_about(total / size)}" if figures else ""
    if any(children.values()):
        saved, price = _about(total - longest), _about(_border_s(work.costs))
        amount = f" ({saved} against {price})" if figures else ""
        return f"fused: side by side these {size} nodes would save less than further tasks cost{amount}"
    if total / size <= overhead:
        price = f" ({_about(overhead)})" if figures else ""
        return f"cheap fan: {size} nodes{mean} cost less together than a task each{price}"
    return f"packed: {size} independent nodes{mean}, as many as come to one of {work.costs.slots} slots"


def _unknown(work: Work, members: Sequence[int]) -> list[bool]:
    return [len({case[node] for case in work.cases}) > 1 for node in members]


def _total_and_path(work: Work, members: Sequence[int], children: Mapping[int, Sequence[int]]) -> tuple[float, float]:
    """Seconds of the nodes one after the other, and of the longest path among them."""
    seconds = work.cases[0]
    longest: dict[int, float] = {}
    for node in reversed(members):
        longest[node] = seconds[node] + max((longest[child] for child in children[node]), default=0.0)
    return sum(seconds[node] for node in members), max(longest.values())


def explain_tasks(
    snapshot: Snapshot,
    tasks: Sequence[Sequence[str]],
    *,
    costs: Costs,
    requirements: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Return for each task why its nodes share it, with figures; see `border_reasons` for the arguments."""
    work = work_of(snapshot, costs, requirements)
    return task_reasons(work, _cut(work, tasks), figures=True)


def _cut(work: Work, tasks: Sequence[Sequence[str]]) -> tuple[int, ...]:
    task_of = {name: number for number, names in enumerate(tasks) for name in names}
    return tuple(task_of[name] for name in work.names)


def border_reasons(
    snapshot: Snapshot,
    tasks: Sequence[Sequence[str]],
    *,
    costs: Costs,
    requirements: Mapping[str, str] | None = None,
) -> tuple[Border, ...]:
    """Return for each pair of tasks, one waiting for the other, why they are two.

    Args:
        snapshot: The pipeline.
        tasks: The names of the nodes of each task.
        costs: What the plan was made with.
        requirements: What each node demands of its task.

    Returns:
        One border per pair, sorted by the tasks' numbers.
    """
    work = work_of(snapshot, costs, requirements)
    cut = _cut(work, tasks)
    after: dict[int, set[int]] = defaultdict(set)
    before: dict[int, set[int]] = defaultdict(set)
    for node, children in enumerate(work.children):
        for child in children:
            if cut[node] != cut[child]:
                after[cut[node]].add(cut[child])
                before[cut[child]].add(cut[node])
    seconds, memory = _task_seconds(work, cut), _Memory(work, cut)
    needs = requirements or {}
    return tuple(
        Border(
            source=source,
            target=target,
            reason=_needs_reason(needs, tasks[source][0], tasks[target][0])
            or memory.reason(source, target)
            or _beside_reason(tasks, seconds, before[target] - {source}, after[source] - {target}),
        )
        for source in sorted(after)
        for target in sorted(after[source])
    )


def _task_seconds(work: Work, cut: Sequence[int]) -> list[float | None]:
    """Seconds of the nodes of each task; None when one of them is unknown."""
    seconds: list[float | None] = [0.0] * (max(cut) + 1)
    for node, unknown in enumerate(_unknown(work, range(len(cut)))):
        known = seconds[cut[node]]
        seconds[cut[node]] = None if unknown or known is None else known + work.cases[0][node]
    return seconds


def _needs_reason(requirements: Mapping[str, str], source: str, target: str) -> str:
    first, second = requirements.get(source, ""), requirements.get(target, "")
    if first == second:
        return ""
    alone = alone_reason(first) or alone_reason(second)
    return alone or f"different requirements: {', '.join(_differing(first, second)) or 'see the tasks'}"


def needs_alone(requirement: str, node: str, why: str) -> str:
    """Return what a node demands that `group_by: auto` is to leave a task of its own.

    Args:
        requirement: What it demands besides, a JSON object.
        node: Its name, which no other node has.
        why: The reason, for people.
    """
    return json.dumps({**json.loads(requirement), _ALONE: [node, why]}, sort_keys=True)


def alone_reason(requirement: str) -> str:
    """Return why a node with this requirement has a task of its own; empty when it may share one."""
    if _ALONE not in requirement:
        return ""
    why = json.loads(requirement).get(_ALONE)
    return str(why[1]) if why else ""


def _differing(first: str, second: str) -> list[str]:
    """Names of the settings that differ; never their values, which may be secret."""
    try:
        one, two = json.loads(first or "{}"), json.loads(second or "{}")
        return sorted(key for key in {*one, *two} if one.get(key) != two.get(key))
    except (ValueError, AttributeError, TypeError):
        return [] if "\n" in first + second else [text for text in (first, second) if text]


class _Memory:
    """What two tasks would take together."""

    def __init__(self, work: Work, cut: Sequence[int]) -> None:
        self._limit = work.costs.memory_per_slot_mib
        self._peak: dict[int, float] = defaultdict(float)
        self._passed: dict[tuple[int, int], float] = defaultdict(float)
        for size, task in zip(work.memory_mib, cut, strict=True):
            self._peak[task] = max(self._peak[task], size)
        for one in work.passed:
            for target in {cut[reader] for reader in one.readers}:
                self._passed[cut[one.producer], target] += one.mib

    def reason(self, source: int, target: int) -> str:
        """Return why memory keeps two tasks apart; empty when it does not."""
        inside = ((source, source), (target, target), (source, target))
        mib = max(self._peak[source], self._peak[target]) + sum(self._passed[pair] for pair in inside)
        if self._limit is None or mib <= self._limit:
            return ""
        return f"memory: together they could take more than the {_about(self._limit, 'MiB')} of a slot"


def _beside_reason(
    tasks: Sequence[Sequence[str]],
    seconds: Sequence[float | None],
    other_parents: set[int],
    other_children: set[int],
) -> str:
    if other_children:
        return f"parallel branches: runs beside {_listed(tasks, seconds, other_children)}"
    if other_parents:
        return f"join: waits also for {_listed(tasks, seconds, other_parents)}, which runs beside this task"
    return "start sooner: more nodes in this task would keep others waiting"


def _listed(tasks: Sequence[Sequence[str]], seconds: Sequence[float | None], numbers: set[int]) -> str:
    named = []
    for number in sorted(numbers)[:_NAMED]:
        names, took = tasks[number], seconds[number]
        title = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
        named.append(f"{title} ({_about(took)})" if took is not None else title)
    rest = len(numbers) - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")


def _border_s(costs: Costs) -> float:
    return costs.overhead_s + costs.latency_s + costs.launch_s


def _about(value: float, unit: str = "s") -> str:
    """Return a number rounded to two digits: `0.02 s`, `3.4 s`, `210 s`."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f} {unit}" if rounded >= 10 else f"{rounded:g} {unit}"
