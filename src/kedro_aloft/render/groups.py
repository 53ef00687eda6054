"""Task groups of a DAG file: the namespaces of the plan, as far as Airflow can show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedro_aloft.graph.plan import Plan, Task

_GROUP_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""Airflow's rule, stricter than that for tasks. Source: Airflow 3.3 Task SDK `validate_group_key`."""

_JOINTS = ("upstream_join_id", "downstream_join_id")
"""Ids that Airflow takes inside each group, the DAG itself included.

Source: Airflow 3.3 Task SDK, `TaskGroup.__attrs_post_init__`.
"""

_MAX_DEPTH = 15
"""Python allows 20 nested `with` blocks."""


def shown_groups(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the path of task groups in which each task is shown, by task id.

    A level that Airflow would refuse ends the path; the task's id, which holds the whole path, stays the same.
    """
    ids = {task.id for task in plan.tasks}
    return {task.id: _path(task, ids) for task in plan.tasks}


def _path(task: Task, ids: set[str]) -> tuple[str, ...]:
    path: list[str] = []
    for part in task.task_group[:_MAX_DEPTH]:
        group = ".".join([*path, part])
        if part in _JOINTS or not _GROUP_ID.fullmatch(part) or any(f"{group}.{joint}" in ids for joint in _JOINTS):
            break
        path.append(part)
    return tuple(path)
