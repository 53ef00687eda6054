"""`kedro airflow learn`: durations from the runs of another Airflow, for `group_by: auto`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.login import login, username_option
from kedro_aloft.cli.options import order_from, pipeline_options

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.compiler import CompiledDag


@click.command()
@click.option(
    "--from", "url", required=True, metavar="URL", help="Address of the Airflow, e.g. https://airflow.acme.com."
)
@username_option
@click.option(
    "--runs", "most", default=5, show_default=True, type=click.IntRange(1, 100), help="How many runs to read."
)
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines.")
@pipeline_options
@command_errors
def learn(url: str, username: str | None, most: int, every_pipeline: bool, **options: Any) -> None:
    """Learn from the latest successful runs on an Airflow how long nodes take.

    What it finds goes to `.airflow/learned/`, where `group_by: auto` reads it for the DAG files of `create` and
    `deploy`. Give the options with which the DAG was created, so that its id is the same.

    \b
    Examples:
      kedro airflow learn --from=https://airflow.acme.com --env=prod
      kedro airflow learn --from=http://localhost:8080 --username=admin --runs=10
    """
    from kedro_aloft.cli.findings import compile_ordered
    from kedro_aloft.project import open_project

    api = login(url, username)
    project = open_project(env=options["env"], conf_source=options["conf_source"])
    for dag in compile_ordered(project, order_from(options, command="learn", every_pipeline=every_pipeline)):
        _learn_one(project.path, dag, api, most=most)


def _learn_one(project_path: Path, dag: CompiledDag, api: AirflowApi, *, most: int) -> None:
    from kedro_aloft.cli.console import count, marked, ok
    from kedro_aloft.cli.history_store import LEARNED, read_histories, write_history
    from kedro_aloft.cli.past_runs import history_of, nodes_by_task, read_past_runs
    from kedro_aloft.graph.costs import SEVERAL_RUNS, History

    runs = read_past_runs(api, dag.dag_id, most=most)
    if not runs:
        marked("!", "yellow", f"DAG '{dag.dag_id}' has no successful run; nothing is learned")
        return
    known = read_histories(project_path, LEARNED).get(dag.dag_id, History())
    seen = history_of(runs, nodes_by_task(dag), overhead_s=known.overhead_s)
    learned = known.learn(seen, step=SEVERAL_RUNS)
    write_history(project_path, dag.dag_id, learned, source=_without_login(api.url), folder=LEARNED)
    found = sum(node.name in seen.seconds for node in dag.snapshot.nodes)
    size = len(dag.snapshot.nodes)
    ok(f"DAG '{dag.dag_id}': {found} of {count(size, 'node')} from {count(len(runs), 'run')}, newest {runs[0].run_id}")


def _without_login(url: str) -> str:
    """The address without a user name and a password that somebody may have put in."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
