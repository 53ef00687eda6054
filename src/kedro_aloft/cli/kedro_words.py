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
    return _tasks_of("node", {task.id: task.nodes for task in tasks.values()}, nodes)


def tasks_of_namespaces(tasks: Mapping[str, WrittenTask], namespaces: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the tasks that run nodes of these namespaces: Kedro puts them in front of the names.

    Raises:
        UsageError: If no task runs a node of one of them.
    """
    outer = {task.id: tuple({name for node in task.nodes for name in _outer(node)}) for task in tasks.values()}
    return _tasks_of("namespace", outer, namespaces)


def tasks_of_datasets(tasks: Mapping[str, WrittenTask], datasets: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the tasks that make these datasets.

    Raises:
        UsageError: If no task makes one of them.
    """
    return _tasks_of("dataset", {task.id: task.writes for task in tasks.values()}, datasets)


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


def _tasks_of(kind: str, known: Mapping[str, tuple[str, ...]], wanted: Iterable[str]) -> tuple[str, ...]:
    every = {name for names in known.values() for name in names}
    found = set()
    for name in wanted:
        if name not in every:
            raise UsageError(
                f"No task of this DAG {'makes' if kind == 'dataset' else 'runs'} the {kind} '{name}'.",
                seen=", ".join(sorted(every)[:20]) or f"the DAG's file names no {kind}",
                remedy=close_match(name, every) or "name tasks by their ids: --task",
            )
        found |= {task_id for task_id, names in known.items() if name in names}
    return tuple(task_id for task_id in known if task_id in found)
