"""Mirrors: which tasks show their nodes one by one, what these are called, what they wait for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kedro_aloft.contract.keys import AUTO, LIVE, OFF, STATIC
from kedro_aloft.contract.mirror import MAX_LIVE
from kedro_aloft.graph.naming import MAX_ID_LENGTH, airflow_id
from kedro_aloft.graph.snapshot import strip_transcoding
from kedro_aloft.render.statements import free_id
from kedro_aloft.settings.execution import CONTAINER_MODES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.graph.snapshot import NodeInfo
    from kedro_aloft.render.running import Running
    from kedro_aloft.settings.models import DagSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """How the nodes of one fused task are shown.

    Args:
        mode: `live` or `static`.
        ids: Full task id of each node's mirror, in the order of the run.
        gate, done: Full ids of the tasks before and after the mirrors.
        parents: The nodes of the task that each node waits for.
    """

    mode: str
    ids: Mapping[str, str]
    gate: str
    done: str
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """All ids that the fused task takes beside its own."""
        return (self.gate, *self.ids.values(), self.done)


def plan_mirrors(
    plan: Plan,
    settings: DagSettings,
    *,
    running: Running,
    nodes: Mapping[str, NodeInfo],
    groups: Mapping[str, Sequence[str]],
    taken: Collection[str],
) -> dict[str, Mirrors]:
    """Return how the tasks of several nodes show them, by task id.

    Tasks in containers are no operators of ours, and leave no journal while they run: they show none.

    Args:
        plan: The tasks.
        settings: Say whether and how.
        running: Says where tasks run.
        nodes: What is known of the nodes, by name.
        groups: Task groups around each task.
        taken: Ids of tasks and groups.
    """
    fused = [
        task for task in plan.tasks if len(task.nodes) > 1 and running.demands[task.id].execution not in CONTAINER_MODES
    ]
    mode = _mode(settings.mirrors, sum(len(task.nodes) for task in fused))
    if mode == OFF:
        return {}
    used = set(taken)
    return {
        task.id: _of_task(task, mode, nodes, "".join(f"{part}." for part in groups[task.id]), used) for task in fused
    }


def _mode(wanted: str, mirrors: int) -> str:
    if wanted != AUTO:
        return wanted
    return LIVE if mirrors <= MAX_LIVE else STATIC


def _of_task(task: Task, mode: str, nodes: Mapping[str, NodeInfo], prefix: str, used: set[str]) -> Mirrors:
    return Mirrors(
        mode=mode,
        ids={node: _taken(_wanted_id(node, prefix), used) for node in task.nodes},
        gate=_taken(f"{task.id}.gate", used),
        done=_taken(f"{task.id}.done", used),
        parents=_parents(task, nodes),
    )


def _taken(wanted: str, used: set[str]) -> str:
    """Return a task id that was free, and is used from now on."""
    free = free_id(wanted, used)
    used.add(free)
    return free


def _wanted_id(node: str, prefix: str) -> str:
    """The id that the node's own task would have, unless it could not stand in the task group."""
    wanted = airflow_id(node)
    return wanted if wanted.startswith(prefix) else prefix + airflow_id(node, max_length=MAX_ID_LENGTH - len(prefix))


def _parents(task: Task, nodes: Mapping[str, NodeInfo]) -> dict[str, tuple[str, ...]]:
    """Return the nodes of a task that each of its nodes gets data from, in the order of the run."""
    known = [nodes[name] for name in task.nodes if name in nodes]
    producers = {strip_transcoding(output): node.name for node in known for output in node.outputs}
    rank = {name: position for position, name in enumerate(task.nodes)}
    found = {}
    for node in known:
        before = {producers[key] for name in node.inputs if (key := strip_transcoding(name)) in producers}
        found[node.name] = tuple(sorted(before - {node.name}, key=rank.__getitem__))
    return {name: found.get(name, ()) for name in task.nodes}
