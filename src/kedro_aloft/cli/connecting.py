"""Which Airflow, and which DAG there, a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kedro_aloft.cli.login import username_option
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.client import AirflowApi, RunState
    from kedro_aloft.project import Project
    from kedro_aloft.render.read import WrittenTask
    from kedro_aloft.settings import DagSettings

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One DAG on one Airflow.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        details: What Airflow says of it.
    """

    api: AirflowApi
    dag_id: str
    details: Mapping[str, Any]

    def tasks(self) -> dict[str, WrittenTask]:
        """Return the tasks as the DAG's own file has them, by id: they are what runs, whatever the project is now."""
        from kedro_aloft.render.read import read_tasks

        return read_tasks(self.api.source(self.dag_id))

    def run(self, run_id: str | None) -> RunState:
        """Return a run, the latest when none is named.

        Raises:
            UsageError: If there is no run.
            RemoteError: If there is no such run.
        """
        from kedro_aloft.errors import UsageError

        if run_id is not None:
            return self.api.run(self.dag_id, run_id)
        runs = self.api.runs(self.dag_id, limit=1)
        if not runs:
            raise UsageError(f"DAG '{self.dag_id}' has no run yet.", remedy="kedro airflow trigger")
        return runs[0]


def on_option(function: F) -> F:
    """Add `--on` and `--username`."""
    function = username_option(function)
    return click.option(
        "--on",
        "on",
        default=None,
        metavar="TARGET",
        help="Which Airflow: a target of airflow.yml, or an address [default: the project's embedded one].",
    )(function)


def place_options(function: F) -> F:
    """Add the options that name a DAG on an Airflow."""
    function = click.option(
        "--dag",
        "dag_id",
        default=None,
        metavar="ID",
        help="Any DAG by its id; needs no project where --on is an address.",
    )(function)
    function = click.option(
        "-p",
        "--pipeline",
        default=None,
        metavar="NAME",
        help="The DAG of this registered pipeline [default: the default one].",
    )(function)
    return on_option(project_options(function))


def find_place(options: Mapping[str, Any]) -> Place:
    """Return what the values of `place_options` name.

    Raises:
        UsageError: If there is no such DAG, or it is somebody else's and not named by its id.
    """
    from kedro_aloft.cli.options import refuse_together
    from kedro_aloft.errors import UsageError

    refuse_together({"--dag": bool(options["dag_id"]), "--pipeline": bool(options["pipeline"])})
    project = opener(options)
    api = connect(options["on"], options["username"], project)
    dag_id = options["dag_id"] or dag_id_of(project(), options["pipeline"])
    details = api.dag_details(dag_id)
    if details is None:
        raise UsageError(
            f"Airflow knows no DAG '{dag_id}'.",
            where=api.url,
            remedy="`kedro airflow list` shows those that kedro-aloft made; a new file needs a moment",
        )
    if options["dag_id"] is None and not is_ours(details):
        raise UsageError(
            f"The DAG '{dag_id}' there is not from kedro-aloft.", where=api.url, remedy=f"name it: --dag={dag_id}"
        )
    return Place(api=api, dag_id=dag_id, details=details)


def opener(options: Mapping[str, Any]) -> Callable[[], Project]:
    """Return a function that opens the project at its first use: that costs a second, and an address needs none."""
    import functools

    from kedro_aloft.project import open_project

    return functools.cache(lambda: open_project(env=options["env"], conf_source=options["conf_source"]))


def connect(on: str | None, username: str | None, project: Callable[[], Project]) -> AirflowApi:
    """Return a client of the Airflow that is meant.

    Args:
        on: An address, a target of airflow.yml, or None for the embedded Airflow.
        username: Who logs in at an address.
        project: Opens the project.

    Raises:
        UsageError: If it is no target, or nobody said where the target's Airflow is.
        EmbeddedError: If the embedded one is not up.
    """
    from kedro_aloft.cli.login import login
    from kedro_aloft.errors import UsageError

    if on is None:
        return _embedded()
    if on.startswith(("http://", "https://")):
        return login(on, username)
    from kedro_aloft.deploy.kinds import find_target

    opened = project()
    raw, source = opened.airflow_config()
    api = find_target(on, raw=raw, source=source, project=opened.path).api()
    if api is None:
        raise UsageError(
            f"Nobody said where the Airflow of '{on}' is.",
            where=f"{source}: targets",
            remedy="write `airflow: {url: https://…}` into the target, or give the address: --on=https://…",
        )
    return api


def _embedded() -> AirflowApi:
    from kedro_aloft.embedded import EmbeddedAirflow
    from kedro_aloft.errors import EmbeddedError
    from kedro_aloft.project import find_project

    embedded = EmbeddedAirflow(find_project())
    if not embedded.status().running:
        raise EmbeddedError(
            "The embedded Airflow is not up, and no other one is named.",
            where=str(embedded.project_path),
            remedy="kedro airflow up, or name another one: --on=https://… or a target of airflow.yml",
        )
    return embedded.api()


def dag_id_of(project: Project, pipeline: str | None) -> str:
    """Return the id of the DAG that a pipeline becomes; by default that of the default pipeline."""
    from kedro_aloft.compiler import DEFAULT_PIPELINE
    from kedro_aloft.render import dag_id_for

    settings = settings_of(project, pipeline)
    name = pipeline or DEFAULT_PIPELINE
    return dag_id_for(project.package, name, project.env, settings, default_env=project.default_env)


def settings_of(project: Project, pipeline: str | None) -> DagSettings:
    """Return what airflow.yml says of a pipeline.

    Raises:
        ProjectError: If it is not registered.
    """
    from kedro_aloft.compiler import DEFAULT_PIPELINE
    from kedro_aloft.settings import read_settings

    (name,) = project.resolve_pipelines([pipeline or DEFAULT_PIPELINE])
    config, source = project.airflow_config()
    return read_settings(config, pipeline=name, pipelines=tuple(project.pipelines), source=source)[0]


def is_ours(details: Mapping[str, Any]) -> bool:
    """Whether kedro-aloft made a DAG."""
    from kedro_aloft.doctor.remote import OWN_TAG

    return any(tag["name"] == OWN_TAG for tag in details.get("tags") or ())
