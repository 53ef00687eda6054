"""`kedro airflow diagnose`: why tasks of a run failed or wait."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import on_option
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from kedro_aloft.preflight import EngineWanted
    from kedro_aloft.preflight.cluster import Cluster
    from kedro_aloft.preflight.diagnosis import Diagnosis
    from kedro_aloft.project import Project
    from kedro_aloft.settings import DagSettings


@click.command()
@click.argument("dag")
@click.argument("run")
@click.option("--task", default=None, metavar="ID", help="Only this task.")
@on_option
@click.option("--kubeconfig", default=None, metavar="FILE", help="Kubeconfig of the cluster.")
@click.option("--context", default=None, metavar="NAME", help="Context of the kubeconfig.")
@click.option("--namespace", default=None, metavar="NAME", help="Namespace of the pods.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as a JSON list.")
@project_options
@command_errors
def diagnose(
    dag: str, run: str, task: str | None, on: str | None, username: str | None, as_json: bool, **options: Any
) -> None:
    """Say why tasks of a run failed or wait. Exits 1 when some did.

    \b
    Example:
      kedro airflow diagnose spaceflights manual__2026-01-01
    """
    from kedro_aloft.cli.connecting import connect
    from kedro_aloft.contract.keys import MIRROR_OPERATOR
    from kedro_aloft.preflight.diagnosis import OPEN_STATES, diagnose_task
    from kedro_aloft.project import open_project

    project = open_project(env=options["env"], conf_source=options["conf_source"])
    api = connect(on, username, lambda: project)
    settings = _settings_of(project, dag)
    cluster, engine = _cluster(settings, options), _engine(settings)
    api.run(dag, run)  # a run that does not exist is an error of its own
    chosen = [one for one in api.tasks(dag, run) if one.state in OPEN_STATES and task in {None, one.task_id}]
    # What shows a node says nothing that its runner does not say, unless nothing else is left.
    chosen = [one for one in chosen if one.operator != MIRROR_OPERATOR] or chosen
    namespaces = _namespaces(settings, cluster, options["namespace"])
    found = [
        diagnose_task(api, dag, run, task=one, cluster=cluster, namespaces=namespaces, engine=engine) for one in chosen
    ]
    if as_json:
        click.echo(json.dumps([one.to_dict() for one in found], indent=2))
    else:
        _print(found)
    if found:
        sys.exit(1)


def _settings_of(project: Project, dag_id: str) -> DagSettings | None:
    """The settings of the pipeline whose DAG this is; None when it is somebody else's."""
    from kedro_aloft.render import dag_id_for
    from kedro_aloft.settings import read_settings, with_pod_templates

    config, source = project.airflow_config()
    for name in project.pipelines:
        settings, _ = read_settings(config, pipeline=name, pipelines=tuple(project.pipelines), source=source)
        if dag_id_for(project.package, name, project.env, settings, default_env=project.default_env) == dag_id:
            return with_pod_templates(settings, project=project.path)
    return None


def _modes(settings: DagSettings | None) -> frozenset[str | None]:
    return frozenset({settings.execution, *(one.execution for one in settings.tasks)} if settings else ())


def _cluster(settings: DagSettings | None, options: dict[str, Any]) -> Cluster | None:
    """The cluster that options or settings name; None when neither speaks of pods."""
    from dataclasses import replace

    from kedro_aloft.cli.wanted import place_of
    from kedro_aloft.errors import RemoteError
    from kedro_aloft.preflight import Cluster, ClusterWanted

    given = {"config_file": options["kubeconfig"], "context": options["context"]}
    if "kubernetes" not in _modes(settings) and not any((*given.values(), options["namespace"])):
        return None
    place = place_of(settings.kubernetes) if settings else ClusterWanted()
    try:
        return Cluster.connect(replace(place, **{key: value for key, value in given.items() if value}))
    except RemoteError as error:
        click.echo(f"! {error.what} {error.seen}", err=True)
        return None


def _namespaces(settings: DagSettings | None, cluster: Cluster | None, given: str | None) -> tuple[str, ...]:
    """Where pods may be: as an option says, else wherever settings put those of some task, or the cluster's login."""
    from kedro_aloft.cli.wanted import namespaces_of

    named = namespaces_of(settings) if settings else ()
    return (given,) if given else tuple(dict.fromkeys([*named, *([cluster.namespace] if cluster else [])]))


def _engine(settings: DagSettings | None) -> EngineWanted | None:
    """The engine of the containers; None when the settings do not speak of containers of an engine."""
    from kedro_aloft.preflight import EngineWanted

    return EngineWanted(url=settings.docker.url) if settings and "docker" in _modes(settings) else None


def _print(found: list[Diagnosis]) -> None:
    from kedro_aloft.cli.console import ok, stdout

    for one in found:
        left = f"  pod {one.pod}" if one.pod else f"  container {one.container}" if one.container else ""
        stdout().print(f"✗ {one.task.task_id}: {one.task.state}, try {one.task.tries}{left}")
        if one.hint:
            stdout().print(f"    {one.hint.text}\n    to do: {one.hint.remedy}")
        for line in (*one.said, *one.log):
            stdout().print(f"    │ {line}")
    if not found:
        ok("no task failed, waits or runs")
