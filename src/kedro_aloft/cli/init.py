"""`kedro airflow init`: a commented airflow.yml, what is in the project, next steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import Snapshot
    from kedro_aloft.project import Project

TEMPLATE = Path(__file__).with_name("airflow.yml.template")
SCHEMA_NAME = "airflow.schema.json"


@click.command()
@click.option("--force", is_flag=True, help="Overwrite an existing airflow.yml.")
@project_options
@command_errors
def init(force: bool, env: str | None, conf_source: str | None) -> None:
    """Write conf/base/airflow.yml with every common setting as a comment. Nothing needs it: all has a default.

    \b
    Example:
      kedro airflow init
    """
    from kedro_aloft.errors import UsageError
    from kedro_aloft.project import open_project

    project = open_project(env=env, conf_source=conf_source)
    target = project.airflow_file()
    if target.exists() and not force:
        raise UsageError(
            "This project has an airflow.yml already.",
            where=_shown(target, project),
            remedy="edit it, or overwrite it with `kedro airflow init --force`",
        )
    _write(project, target)
    _tell(project)


def _shown(path: Path, project: Project) -> str:
    return path.relative_to(project.path).as_posix() if path.is_relative_to(project.path) else str(path)


def _write(project: Project, target: Path) -> None:
    from kedro_aloft.cli.console import ok
    from kedro_aloft.render import write_files
    from kedro_aloft.settings.schema import schema_text

    schema = target.parent.parent / SCHEMA_NAME
    write_files(target.parent, {target.name: TEMPLATE.read_text(encoding="utf-8")})
    write_files(schema.parent, {schema.name: schema_text()})
    ok(f"wrote {_shown(target, project)} and its schema for editors, {_shown(schema, project)}")


def _tell(project: Project) -> None:
    """Say what is in the project, and what to do next."""
    from kedro_aloft.cli.console import stdout, table, texts
    from kedro_aloft.project import Filters

    found = table("pipeline", "nodes", "persisted", "in memory", "versioned")
    for name in sorted(project.pipelines):
        if not project.pipelines[name].nodes:
            continue
        snapshot = project.snapshot(name, Filters())
        found.add_row(*texts(name, str(len(snapshot.nodes)), *_dataset_counts(snapshot)))
    stdout().print(f"Found in '{project.package}', environment '{project.env}':")
    stdout().print(found)
    stdout().print(
        "Next:\n"
        "  kedro airflow plan      see the tasks\n"
        "  kedro airflow run       run on an Airflow of its own\n"
        "  kedro airflow create    write the DAG file for your company's Airflow"
    )


def _dataset_counts(snapshot: Snapshot) -> tuple[str, str, str]:
    kinds = [info.kind.value for info in snapshot.datasets.values()]
    versioned = sum(info.versioned for info in snapshot.datasets.values())
    return str(kinds.count("persisted")), str(kinds.count("memory")), str(versioned)
