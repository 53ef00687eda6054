"""`kedro airflow diff`: what `create` would change, and which changes cut a task off from its history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.compiler import CompiledDag


@click.command()
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines.")
@click.option(
    "-t", "--target-dir", default="airflow_dags/", show_default=True, metavar="DIR", help="Folder to compare with."
)
@click.option("--exit-code", is_flag=True, help="Exit 1 when anything would change.")
@pipeline_options
@command_errors
def diff(every_pipeline: bool, target_dir: str, exit_code: bool, **options: Any) -> None:
    """Show what `create` would change in the DAG files on disk. Writes nothing.

    \b
    Example:
      kedro airflow diff --all --exit-code
    """
    from pathlib import Path

    from kedro_aloft.cli.findings import compile_ordered
    from kedro_aloft.project import open_project

    project = open_project(env=options["env"], conf_source=options["conf_source"])
    order = order_from(options, command="create", every_pipeline=every_pipeline)
    changed = [_diff(dag, project.path / Path(target_dir)) for dag in compile_ordered(project, order)]
    if exit_code and any(changed):
        sys.exit(1)


def _diff(dag: CompiledDag, folder: Path) -> bool:
    """Print the difference of one DAG; return whether there is any."""
    from kedro_aloft.cli.console import count, marked, ok
    from kedro_aloft.cli.differences import print_lines
    from kedro_aloft.rules.history import history_breaks

    path = folder / dag.file_name
    if not path.is_file():
        marked("+", "green", f"{dag.file_name} would be new: DAG '{dag.dag_id}', {count(len(dag.plan.tasks), 'task')}")
        return True
    before = path.read_text(encoding="utf-8")
    if before == dag.rendered.source:
        ok(f"{dag.file_name} would not change")
        return False
    print_lines(before, dag.rendered.source, dag.file_name)
    for line in history_breaks(before, dag.rendered.source):
        marked("!", "yellow", line)
    return True
