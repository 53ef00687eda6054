"""From Kedro's words to Airflow's tasks: which tasks run a node, a namespace, or make a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.errors import UsageError, close_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kedro_aloft.render.read import WrittenTask


def tasks_of_nodes(tasks: Mapping[str, WrittenTask], nodes: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the tasks that run these nodes, in the order of the DAG file.

    Raises:
        UsageError: If no task runs one of them.
    """
    return _having("node", {task.id: task.nodes for task in tasks.values()}, nodes)


def nodes_of_namespaces(tasks: Mapping[str, WrittenTask], namespaces: Iterable[str]) -> tuple[str, ...]:
    """Return the nodes of these namespaces, in the order of the DAG file: Kedro puts them in front of the names.

    Raises:
        UsageError: If no task runs a node of one of them.
    """
    outer = {node: tuple(_outer(node)) for task in tasks.values() for node in task.nodes}
    return _having("namespace", outer, namespaces)


def tasks_to_clear(tasks: Mapping[str, WrittenTask], nodes: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the tasks to clear so that these nodes run again: those that show them, where there are some.

    Raises:
        UsageError: If no task runs one of them.
    """
    found = (tasks[task_id] for task_id in tasks_of_nodes(tasks, nodes))
    ids = ([task.shown[node] for node in nodes if node in task.shown] or [task.id] for task in found)
    return tuple(one for some in ids for one in some)


def tasks_of_datasets(tasks: Mapping[str, WrittenTask], datasets: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the tasks that make these datasets.

    Raises:
        UsageError: If no task makes one of them.
    """
    return _having("dataset", {task.id: task.writes for task in tasks.values()}, datasets)


def with_givers(tasks: Mapping[str, WrittenTask], chosen: Sequence[str]) -> tuple[str, ...]:
    """Return tasks with those that hand data in memory over to them, transitively, in the order of the DAG file."""
    giver = {name: task.id for task in tasks.values() for name in task.gives}
    found, waiting = set(chosen), list(chosen)
    while waiting:
        task = tasks.get(waiting.pop())
        new = {giver[name] for name in task.takes if name in giver} - found if task else set()
        found |= new
        waiting += sorted(new)
    order = {task_id: place for place, task_id in enumerate(tasks)}
    return tuple(sorted(found, key=lambda task_id: (order.get(task_id, len(order)), task_id)))


def _outer(node: str) -> Iterable[str]:
    """`a.b.c` is in the namespaces `a` and `a.b`."""
    parts = node.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def _having(kind: str, known: Mapping[str, tuple[str, ...]], wanted: Iterable[str]) -> tuple[str, ...]:
    """Those that have one of the names."""
    every = {name for names in known.values() for name in names}
    found = set()
    for name in wanted:
        if name not in every:
            raise UsageError(
                f"No task of this DAG {'makes' if kind == 'dataset' else 'runs'} the {kind} '{name}'.",
                seen=", ".join(sorted(every)[:20]) or f"the DAG's file names no {kind}",
                remedy=close_match(name, every) or "name tasks by their ids: --task",
            )
        found |= {one for one, names in known.items() if name in names}
    return tuple(one for one in known if one in found)
