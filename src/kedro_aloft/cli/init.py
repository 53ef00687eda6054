"""`kedro airflow init`: a commented airflow.yml, what is in the project, next steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kedro_aloft.cli.ci_files import SYSTEMS
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options, refuse_together

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import Snapshot
    from kedro_aloft.project import Project

TEMPLATE = Path(__file__).with_name("airflow.yml.template")
SCHEMA_NAME = "airflow.schema.json"
TESTS = "test_airflow_integrity.py"
TASK_IDS = "airflow_task_ids.json"


@click.command()
@click.option("--tests", is_flag=True, help="Write tests/test_airflow_integrity.py and the task ids instead.")
@click.option(
    "--ci", default=None, type=click.Choice(SYSTEMS), help="Write the workflow for check, test, build, deploy instead."
)
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite airflow.yml; with --tests the task ids, with --ci the workflow.",
)
@project_options
@command_errors
def init(tests: bool, ci: str | None, force: bool, env: str | None, conf_source: str | None) -> None:
    """Write conf/base/airflow.yml with every common setting as a comment. Nothing needs it: all has a default.

    With --tests, write tests for pytest that the project runs on Airflow; a test file that is there is left alone.
    With --ci, write a workflow that checks, tests and compiles every change and deploys the main branch.

    \b
    Examples:
      kedro airflow init
      kedro airflow init --tests
      kedro airflow init --ci=github
    """
    from kedro_aloft.errors import UsageError
    from kedro_aloft.project import open_project

    refuse_together({"--tests": tests, "--ci": ci is not None})
    project = open_project(env=env, conf_source=conf_source)
    if ci is not None:
        _write_ci(project, ci, force=force)
        return
    if tests:
        _write_tests(project, force=force)
        return
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


def _write_ci(project: Project, system: str, *, force: bool) -> None:
    """Write the workflow of a CI system unless there is one."""
    from kedro_aloft.cli.ci_files import ci_advice, ci_file, ci_texts
    from kedro_aloft.cli.console import ok, stdout
    from kedro_aloft.errors import UsageError
    from kedro_aloft.render import write_file

    if (project.path / ci_file(system)).exists() and not force:
        raise UsageError(
            "This project has the workflow already.",
            where=str(ci_file(system)),
            remedy=f"edit it, or overwrite it with `kedro airflow init --ci={system} --force`",
        )
    for name, text in ci_texts(system, project.path).items():
        ok(f"{write_file(project.path / name, text)} {name}")
    advice = ci_advice(system, project.path)
    if advice:
        stdout().print(advice, markup=False)


def _write_tests(project: Project, *, force: bool) -> None:
    """Write the tests unless they are there, and the task ids that they hold the project to."""
    from kedro_aloft.cli.console import ok
    from kedro_aloft.errors import UsageError
    from kedro_aloft.render import write_files

    folder = project.path / "tests"
    if (folder / TASK_IDS).exists() and not force:
        raise UsageError(
            "The task ids of this project are recorded already.",
            where=_shown(folder / TASK_IDS, project),
            remedy="record those of today with `kedro airflow init --tests --force`",
        )
    ids = _task_ids(project)
    texts = {TASK_IDS: json.dumps(ids, indent=2, ensure_ascii=False) + "\n"}
    if not (folder / TESTS).exists():
        template = Path(__file__).with_name(f"{TESTS}.template").read_text(encoding="utf-8")
        texts[TESTS] = template.replace("<PIPELINES>", json.dumps(list(ids), ensure_ascii=False))
    for name, outcome in write_files(folder, texts).items():
        ok(f"{outcome} {_shown(folder / name, project)}")


def _task_ids(project: Project) -> dict[str, list[str]]:
    """The task ids of `__default__`, or of every pipeline when it has no nodes."""
    from kedro_aloft.cli.findings import compile_ordered
    from kedro_aloft.compiler import DEFAULT_PIPELINE, Order

    names = project.every_pipeline()
    order = Order(pipelines=(DEFAULT_PIPELINE,)) if DEFAULT_PIPELINE in names else Order(every_pipeline=True)
    compiled = compile_ordered(project, order)
    return {dag.plan.pipeline: sorted(task.id for task in dag.plan.tasks) for dag in compiled}


def _tell(project: Project) -> None:
    """Say what is in the project, and what to do next."""
    from kedro_aloft.cli.console import say, show, table
    from kedro_aloft.project import Filters

    found = table("pipeline", "nodes", "persisted", "in memory", "versioned")
    for name in sorted(project.pipelines):
        if not project.pipelines[name].nodes:
            continue
        snapshot = project.snapshot(name, Filters())
        found.add_row(name, str(len(snapshot.nodes)), *_dataset_counts(snapshot))
    say(f"Found in '{project.package}', environment '{project.env}':")
    show(found)
    say(
        "Next:\n"
        "  kedro airflow plan      see the tasks\n"
        "  kedro airflow run       run on an Airflow of its own\n"
        "  kedro airflow create    write the DAG file for your company's Airflow"
    )


def _dataset_counts(snapshot: Snapshot) -> tuple[str, str, str]:
    kinds = [info.kind.value for info in snapshot.datasets.values()]
    versioned = sum(info.versioned for info in snapshot.datasets.values())
    return str(kinds.count("persisted")), str(kinds.count("memory")), str(versioned)
