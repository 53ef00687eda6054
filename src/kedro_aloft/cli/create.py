"""`kedro airflow create`: write DAG files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.project import Project


@click.command()
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines, one DAG each.")
@click.option(
    "-t", "--target-dir", default="airflow_dags/", show_default=True, metavar="DIR", help="Folder for the DAG files."
)
@click.option(
    "-j",
    "--jinja-file",
    default=None,
    type=click.Path(exists=True, dir_okay=False),
    help="A template of your own, as for kedro-airflow.",
)
@click.option(
    "--params",
    "settings_params",
    default="",
    metavar="KEY=VALUE,…",
    help="The same as --set, in kedro-airflow's spelling.",
)
@click.option("--verify", is_flag=True, help="Load the files in the installed Airflow before writing them.")
@pipeline_options
@command_errors
def create(
    every_pipeline: bool, target_dir: str, jinja_file: str | None, settings_params: str, verify: bool, **options: Any
) -> None:
    """Write Airflow DAG files for the pipelines.

    All files are compiled and checked before the first one is written.

    \b
    Examples:
      kedro airflow create
      kedro airflow create --all --group-by=memory --target-dir=dags
    """
    from dataclasses import replace
    from pathlib import Path

    from kedro_aloft.cli.console import print_findings
    from kedro_aloft.cli.findings import compile_ordered, print_notices, refuse_errors
    from kedro_aloft.project import open_project

    order = order_from({**options, "settings_params": settings_params}, command="create", every_pipeline=every_pipeline)
    order = replace(order, dags_folder=target_dir.rstrip("/"))
    if jinja_file:
        order = replace(order, with_template=True)
    project = open_project(env=options["env"], conf_source=options["conf_source"])
    compiled = compile_ordered(project, order)
    for dag in compiled:
        print_notices(dag.notices)
        print_findings(dag.findings)
    refuse_errors(compiled)
    folder = project.path / Path(target_dir)
    sources = {dag.file_name: _source(project, dag, jinja_file) for dag in compiled}
    if verify:
        from kedro_aloft.cli.verify import verify_sources

        verify_sources(sources, package=project.package, project_path=project.path)
    _write(folder, sources, compiled, project.path)


def _source(project: Project, dag: CompiledDag, jinja_file: str | None) -> str:
    if jinja_file is None:
        return dag.rendered.source
    from pathlib import Path

    from kedro_aloft.render import render_template

    return render_template(
        Path(jinja_file).read_text(encoding="utf-8"),
        plan=dag.plan,
        settings=dag.settings,
        pipeline=project.pipelines[dag.plan.pipeline].filter(node_names=[node.name for node in dag.snapshot.nodes]),
        conf_source=project.conf_source,
        name=jinja_file,
        dag_id=dag.dag_id,
    )


def _write(folder: Path, sources: dict[str, str], compiled: tuple[CompiledDag, ...], project_path: Path) -> None:
    from kedro_aloft.cli.console import count, marked, ok
    from kedro_aloft.cli.overwriting import keep_edited, refuse_other_dags
    from kedro_aloft.render import write_files

    refuse_other_dags(folder, sources)
    for name in keep_edited(folder, sources):
        marked("!", "yellow", f"{name} had been edited by hand; its old text is kept in {name}.edited")
    outcomes = write_files(folder, sources)
    for dag in compiled:
        path = folder / dag.file_name
        shown = path.relative_to(project_path) if path.is_relative_to(project_path) else path
        tasks, nodes = count(len(dag.plan.tasks), "task"), count(len(dag.snapshot.nodes), "node")
        ok(f"{outcomes[dag.file_name].value} {shown}  DAG '{dag.dag_id}', {nodes} in {tasks}")
