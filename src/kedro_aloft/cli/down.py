"""`kedro airflow down`: stop the embedded Airflow."""

from __future__ import annotations

import click

from kedro_aloft.cli.console import command_errors


@click.command()
@command_errors
def down() -> None:
    """Stop the embedded Airflow and everything that it started.

    \b
    Example:
      kedro airflow down
    """
    from kedro_aloft.cli.console import ok
    from kedro_aloft.embedded import EmbeddedAirflow
    from kedro_aloft.project import find_project

    ok("Airflow is down" if EmbeddedAirflow(find_project()).down() else "Airflow was not up")
