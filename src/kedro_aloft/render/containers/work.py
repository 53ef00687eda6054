"""What an adapter gets, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import FINISH, START
from kedro_aloft.render.layout import Name
from kedro_aloft.render.slug import slugify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.settings.execution import ResourceProfile
    from kedro_aloft.settings.models import DagSettings
    from kedro_aloft.settings.overrides import TaskSettings

RUN_COMMAND = ("python", "-m", "kedro_aloft.runtime")
CLEAN_COMMAND = (*RUN_COMMAND, "clean")
FILL_COMMAND = (*RUN_COMMAND, "fill")
START_COMMAND, FINISH_COMMAND = (*RUN_COMMAND, START), (*RUN_COMMAND, FINISH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One container's work.

    Args:
        package: Python package of the project.
        demands: What its nodes demand.
        profile: What it may take; None for no say.
        command: What it runs, in list form.
        handoff_uri: Where datasets in memory wait.
        labels: What it is called on the cluster or engine.
        make_environment: Returns the expression of its environment variables, a mapping whose values are Airflow
            templates, for some more variables.
        volume_place: Where it has the claim of the run, if the settings want one; None is where they say.
    """

    package: str
    demands: TaskSettings
    profile: ResourceProfile | None
    command: tuple[str, ...]
    handoff_uri: str
    labels: Mapping[str, str]
    make_environment: Callable[[Mapping[str, str]], Any]
    volume_place: str | None = None

    def environment(self, more: Mapping[str, str] | None = None) -> Any:
        """Return the expression of its environment variables, a mapping whose values are Airflow templates."""
        return self.make_environment({**dict(self.demands.env_vars), **(more or {})})

    @property
    def hands_over_in_project(self) -> bool:
        """Whether handed-over data lies in the project's own folder, which every container has for itself."""
        return "://" not in self.handoff_uri and not self.handoff_uri.startswith("/")


def work_of(
    plan: Plan,
    settings: DagSettings,
    demands: TaskSettings,
    *,
    command: tuple[str, ...] = RUN_COMMAND,
    make_environment: Callable[[Mapping[str, str]], Any] = dict,
    volume_place: str | None = None,
) -> Work:
    """Return the work of a container whose nodes demand this; the other arguments are those of `Work`."""
    return Work(
        package=plan.package,
        demands=demands,
        profile=settings.resource_profiles.get(demands.resource_profile or ""),
        command=command,
        handoff_uri=settings.handoff.uri,
        labels=labels_of(plan),
        make_environment=make_environment,
        volume_place=volume_place,
    )


def labels_of(plan: Plan) -> dict[str, str]:
    """Return what all that a plan starts is called on its cluster or engine."""
    return {"app.kubernetes.io/managed-by": "kedro-aloft", "app.kubernetes.io/part-of": slugify(plan.package)}


@dataclass(slots=True)
class Constants:
    """Values that several tasks share: each stands once in the file, above the DAG."""

    values: dict[str, Any] = field(default_factory=dict)

    def name(self, wanted: str, value: Any) -> Name:
        """Return the constant that holds a value; of two values that want one name the second is numbered."""
        number, free = 1, wanted
        while free in self.values and self.values[free] != value:
            number += 1
            free = f"{wanted}_{number}"
        self.values[free] = value
        return Name(free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """How a mode makes an operator of a container's work.

    Args:
        operator: Class of a stock provider, or of the DAG file; a function when it hangs on what nodes demand.
        modules: Module of every name that its arguments use, the operator's included.
        arguments: Returns the operator's arguments but those that all operators have.
    """

    operator: str | Callable[[TaskSettings], str]
    modules: Mapping[str, str]
    arguments: Callable[[Work, Constants], Mapping[str, Any]]

    def operator_for(self, demands: TaskSettings) -> str:
        """Return the class, or the user's own function, that makes a task."""
        return self.operator if isinstance(self.operator, str) else self.operator(demands)


def literal_text(value: Any) -> Any:
    """Return a value in whose texts Airflow finds no template: a Vault template, say, is meant for somebody else."""
    if isinstance(value, dict):
        return {literal_text(key): literal_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal_text(item) for item in value]
    if isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#")):
        return "{% raw %}" + value + "{% endraw %}"
    return value
