"""`kedro airflow spark`: what Spark clusters get of a project."""

from __future__ import annotations

import click

from kedro_aloft.cli.console import command_errors


@click.group()
def spark() -> None:
    """Package the project for Spark clusters.

    \b
    Example:
      kedro airflow spark package
    """


@spark.command()
@click.option("-o", "--output", default=None, metavar="PLACE", help="Folder or address, instead of the artifacts.")
@click.option("-p", "--pipeline", default="__default__", metavar="NAME", help="Pipeline whose settings count.")
@click.option("-e", "--env", default=None, metavar="ENV", help="Kedro environment whose airflow.yml is read.")
@click.option("--json", "as_json", is_flag=True, help="Print place, content and files as JSON.")
@command_errors
def package(output: str | None, pipeline: str, env: str | None, as_json: bool) -> None:
    """Write what the jobs of `spark: {mode: dataproc}` need, to `spark.dataproc.artifacts`.

    That is the code, and the configuration without conf/local; never data, history or secrets. Its folder is named
    after the content, and so are the DAG files that `create` writes: run both after a change.

    \b
    Examples:
      kedro airflow spark package
      kedro airflow spark package --output=build/spark
    """
    from kedro_aloft.cli.console import count, ok, stdout
    from kedro_aloft.errors import SettingsError
    from kedro_aloft.images import build_package, write_package
    from kedro_aloft.project import open_project
    from kedro_aloft.settings import read_settings

    project = open_project(env=env)
    config, source = project.airflow_config()
    settings, _ = read_settings(config, pipeline=pipeline, pipelines=tuple(project.pipelines), source=source)
    dataproc = settings.spark.dataproc if settings.spark is not None else None
    folder = output or (dataproc.artifacts if dataproc else None)
    if folder is None:
        raise SettingsError(
            "Nothing says where the package belongs.",
            where=f"{source}: spark.dataproc.artifacts",
            seen="it is not set",
            remedy="set it to a folder of a bucket, such as gs://shop-airflow/spark, or name a place with --output",
        )
    built = build_package(
        project.path, init=dataproc.init if dataproc else None, post_init=dataproc.post_init if dataproc else None
    )
    place = write_package(built, folder)
    if as_json:
        stdout().print_json(data={"place": place, "content": built.tag, "files": sorted(built.files)})
    else:
        ok(f"wrote {count(len(built.files), 'file')} to {place}")
