"""How tasks run: what all tasks of a DAG share goes into `default_args`, the rest to the tasks that differ."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import DEFAULT_VENV_CACHE, DEFAULT_VENV_PYTHON
from kedro_aloft.errors import RenderError
from kedro_aloft.render.around import Around
from kedro_aloft.render.schedule import duration_call
from kedro_aloft.settings.execution import CONTAINER_MODES
from kedro_aloft.settings.overrides import effective, effective_by_name, merge_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.graph.snapshot import NodeInfo
    from kedro_aloft.settings.execution import VenvSettings
    from kedro_aloft.settings.models import DagSettings
    from kedro_aloft.settings.overrides import TaskSettings

_ARGUMENTS = {
    "retries": "retries",
    "retry_delay": "retry_delay",
    "execution_timeout": "timeout",
    "pool": "pool",
    "pool_slots": "pool_slots",
    "priority_weight": "priority_weight",
    "queue": "queue",
    "executor": "executor",
    "env_vars": "env_vars",
    "venv": "venv",
}
"""Operator argument → setting."""

_OF_OUR_OPERATOR = ("env_vars", "venv")
"""Arguments that only `KedroOperator` has; containers have an environment of their own."""

_AIRFLOW_DEFAULTS: dict[str, Any] = {
    "execution_timeout": None,
    "pool": None,
    "pool_slots": 1,
    "priority_weight": 1,
    "queue": None,
    "executor": None,
    "env_vars": {},
    "venv": None,
}
"""What holds when neither the task nor `default_args` says anything.

Retries are always said: Airflow's own default is configurable.
"""


@dataclass(frozen=True, kw_only=True)
class Running:
    """Operator arguments that come from settings.

    Args:
        shared: For all tasks.
        own: For single tasks, by task id; they win over the shared ones.
        demands: What the nodes of each task demand, by task id.
        around: What is done once per DAG run.
    """

    shared: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]
    demands: Mapping[str, TaskSettings]
    around: Around = field(default_factory=Around)

    @functools.cached_property
    def modes(self) -> frozenset[str]:
        """The modes of execution of all tasks."""
        return frozenset(one.execution for one in self.demands.values())

    @property
    def needs_us(self) -> bool:
        """Whether some task runs our own operator, so that Airflow needs this package."""
        return not self.modes <= CONTAINER_MODES


def share_arguments(
    plan: Plan, settings: DagSettings, *, nodes: Mapping[str, NodeInfo], around: Around | None = None
) -> Running:
    """Divide the settings of all tasks into shared arguments and those of single tasks.

    Args:
        plan: The tasks.
        settings: Values for all, and overrides.
        nodes: Tags and namespaces, which overrides may select by, by node name.
        around: What is done once per DAG run.

    Raises:
        RenderError: If nodes that share a task want different things of it.
    """
    of_nodes = effective_by_name(settings, (_selected(name, nodes) for task in plan.tasks for name in task.nodes))
    demands = {task.id: _of_task(task, of_nodes) for task in plan.tasks}
    distinct = {key: (one, _arguments(one)) for key, one in {id(one): one for one in demands.values()}.items()}
    only_ours = all(one.execution not in CONTAINER_MODES for one, _ in distinct.values())
    shared = {
        argument: value
        for argument, value in _arguments(_of_dag(settings)).items()
        if value != _AIRFLOW_DEFAULTS.get(argument, ...)
        and (only_ours or argument not in _OF_OUR_OPERATOR)
        and not _is_taken_back(argument, (arguments for _, arguments in distinct.values()))
        # Sensors would inherit the limit of the tasks, and they have one of their own.
        and not (argument == "execution_timeout" and settings.wait_for)
    }
    base = {**_AIRFLOW_DEFAULTS, **shared}
    own = {
        key: {
            argument: value
            for argument, value in arguments.items()
            if value != base[argument] and (one.execution not in CONTAINER_MODES or argument not in _OF_OUR_OPERATOR)
        }
        for key, (one, arguments) in distinct.items()
    }
    of_tasks = {task_id: own[id(one)] for task_id, one in demands.items()}
    return Running(shared=shared, own=of_tasks, demands=demands, around=around or Around())


def as_expressions(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as they stand in a DAG file."""
    timed = ("retry_delay", "execution_timeout")
    return {name: duration_call(value) if name in timed else value for name, value in arguments.items()}


def _is_taken_back(argument: str, wanted: Iterable[Mapping[str, Any]]) -> bool:
    """Whether some task wants Airflow's own default again, which an operator cannot say: `queue=None` is no queue."""
    return any(arguments[argument] is None for arguments in wanted)


def _arguments(values: TaskSettings | DagSettings) -> dict[str, Any]:
    arguments = {argument: getattr(values, setting) for argument, setting in _ARGUMENTS.items()}
    return {**arguments, "env_vars": dict(arguments["env_vars"]), "venv": _venv(arguments["venv"])}


def _venv(venv: VenvSettings | None) -> dict[str, str] | None:
    if venv is None:
        return None
    if venv.requirements is None:
        return {"python": venv.python or DEFAULT_VENV_PYTHON}
    cache = {"cache": venv.cache} if venv.cache != DEFAULT_VENV_CACHE else {}
    python = {"python": venv.python} if venv.python else {}
    return {"requirements": venv.requirements, **python, **cache}


def _of_dag(settings: DagSettings) -> TaskSettings:
    return effective(settings.model_copy(update={"tasks": ()}), "")


def _selected(name: str, nodes: Mapping[str, NodeInfo]) -> tuple[str, tuple[str, ...], str | None]:
    """Return what overrides select a node by."""
    node = nodes.get(name)
    return (name, (), None) if node is None else (name, node.tags, node.namespace)


def _of_task(task: Task, values: Mapping[str, TaskSettings]) -> TaskSettings:
    found = [values[name] for name in task.nodes]
    different = merge_requirements(found)
    if different:
        raise RenderError(
            f"The nodes of task '{task.id}' want different things of it: {', '.join(different)}.",
            where="airflow.yml: tasks",
            seen=f"it runs {', '.join(task.nodes)}",
            remedy="select all of these nodes in the same override, or choose another `group_by`",
            code="ALOFT-403",
        )
    return found[0]
