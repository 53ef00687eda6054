"""Airflow sorts what a plan shows as task groups: its grid and graph do so at every look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graph.strategies import snapshot_of
from kedro_aloft.graph.plan import build_plan
from kedro_aloft.graph.snapshot import NodeInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.airflow


def _in_a_row(*names: str) -> dict[str, tuple[str, ...]]:
    """A chain of nodes `namespace.name`: the task groups that a reader of the project would draw."""
    plan = build_plan(
        snapshot_of(
            NodeInfo(
                name=name,
                namespace=name.rpartition(".")[0] or None,
                inputs=names[i - 1 : i] if i else (),
                outputs=(name,),
            )
            for i, name in enumerate(names)
        )
    )
    assert [task.id for task in plan.tasks] == list(names)
    return {task.id: task.task_group for task in plan.tasks}


def _sorted_by_airflow(shown: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Build the chain as a DAG with these task groups; return ids in the order of the grid."""
    from airflow.sdk import DAG, BaseOperator, TaskGroup
    from airflow.serialization import serialized_objects

    groups: dict[tuple[str, ...], Any] = {}
    dag = DAG("chain", schedule=None)
    before = None
    for name, path in shown.items():
        parent = dag.task_group
        for depth in range(1, len(path) + 1):
            level = path[:depth]
            groups[level] = parent = groups.get(level) or TaskGroup(level[-1], dag=dag, parent_group=parent)
        task = BaseOperator(task_id=name.removeprefix(".".join([*path, ""])), dag=dag, task_group=parent)
        if before:
            before >> task
        before = task
    # Airflow 3.0 and 3.1 have one class for both ways.
    serializer = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
    return _flat(serializer.from_dict(serializer.to_dict(dag)).task_group)


def _flat(group: Any) -> list[str]:
    found = []
    for child in group.topological_sort():
        found += _flat(child) if hasattr(child, "children") else [child.node_id]
    return found


@pytest.mark.parametrize(
    "names",
    [
        ("load", "a.x", "a.y", "b.z"),
        ("a.x", "b.y", "a.z"),
        ("a.x", "y", "a.z", "b.1", "b.2"),
        ("a.b.x", "a.y", "a.b.z"),
        ("a.b.x", "a.c.y", "a.b.z", "d.1"),
        ("a.x", "b.c.y", "d.z", "a.1", "e.2"),
    ],
    ids=" ".join,
)
def test_airflow_sorts_the_task_groups(names: tuple[str, ...]) -> None:
    shown = _in_a_row(*names)
    assert any(shown.values()) or names == ("a.x", "b.y", "a.z")
    assert _sorted_by_airflow(shown) == list(names)
