"""What the commands about targets share: which target is meant, and its plans shown or applied."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import marked, ok, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.deploy.history import History
    from kedro_aloft.deploy.publish import Plan
    from kedro_aloft.deploy.steps import Step
    from kedro_aloft.deploy.target import Target
    from kedro_aloft.project import Project


def open_target(word: str, options: Mapping[str, Any], *, url: str | None = None) -> tuple[Project, Target]:
    """Return the project of the working directory, and the target that a word stands for.

    Args:
        word: What the user wrote.
        options: Values of the options that name environment and configuration.
        url: Address of the Airflow that reads the target, instead of what airflow.yml says.

    Raises:
        UsageError: If it stands for nothing.
    """
    from kedro_aloft.deploy.kinds import find_target
    from kedro_aloft.project import open_project

    project = open_project(env=options["env"], conf_source=options["conf_source"])
    config, source = project.airflow_config()
    return project, find_target(word, raw=config, source=source, project=project.path, url=url)


def history_of(project: Project, target: Target) -> History:
    """Return the releases of a project at a target.

    Raises:
        DeployError: If the target keeps none.
    """
    from kedro_aloft.deploy.history import History
    from kedro_aloft.errors import DeployError

    store = target.store()
    if store is None:
        raise DeployError(
            f"Targets of kind '{target.kind}' keep no releases.",
            where=f"target '{target.name}'",
            remedy="check out the commit that you want and deploy it",
        )
    return History(store, package=project.package, env=project.env)


def show_plan(plan: Plan) -> None:
    """Print what would be done."""
    from kedro_aloft.deploy.steps import explain_steps

    for line in explain_steps(plan.steps):
        tell(f"  {line}")
    ok(f"dry run: {len(plan.steps)} steps, none of them done")


def apply_plan(plan: Plan) -> list[dict[str, Any]]:
    """Do what was planned and tell it; return each step with what it told."""
    from kedro_aloft.deploy.steps import apply_steps

    done: list[dict[str, Any]] = []

    def show(step: Step, told: str | None) -> None:
        done.append({"step": step.name, "what": step.what, "told": told})
        ok(f"{step.name}{f': {told}' if told else ''}")

    apply_steps(plan.steps, after=show)
    return done


def print_notes(plan: Plan) -> None:
    """Print what to know before a plan is applied."""
    for note in plan.notes:
        marked("i", "blue", note)


def echo_json(value: Any) -> None:
    """Print one JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))
