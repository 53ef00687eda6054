"""`kedro airflow up`: start the embedded Airflow and keep it running."""

from __future__ import annotations

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=None, help="Port of the user interface [default: a free one]."
)
@project_options
@command_errors
def up(port: int | None, env: str | None, conf_source: str | None) -> None:
    """Start the embedded Airflow, put the project's default pipeline on it, and keep it running.

    A second `up` says that it is up, and brings the pipeline up to date.

    \b
    Example:
      kedro airflow up
    """
    from kedro_aloft.cli.console import marked, ok, tell
    from kedro_aloft.cli.findings import compile_ordered
    from kedro_aloft.cli.run import deploy
    from kedro_aloft.compiler import Order
    from kedro_aloft.embedded import EmbeddedAirflow
    from kedro_aloft.errors import AloftError
    from kedro_aloft.project import open_project

    project = open_project(env=env, conf_source=conf_source)
    embedded = EmbeddedAirflow(project.path, port=port)
    address = embedded.up()
    ok(f"Airflow {address.airflow} is {'already ' if address.already_up else ''}up  {address.url}")
    tell(f"  user {address.username}, password {address.password}")
    try:
        for dag in compile_ordered(project, Order(command="up", for_here=True)):
            deploy(embedded, dag)
            ok(f"DAG '{dag.dag_id}' is live  {address.url}/dags/{dag.dag_id}")
    except AloftError as error:
        marked("!", "yellow", f"Airflow is up, but the default pipeline is not on it. {error}")
    tell("  stop it with: kedro airflow down")
