"""`kedro airflow unpause`: let a DAG start runs."""

from __future__ import annotations

from typing import Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors


@click.command()
@place_options
@command_errors
def unpause(**options: Any) -> None:
    """Unpause a DAG: its schedule counts, and runs that waited start.

    \b
    Example:
      kedro airflow unpause --on=https://airflow.acme.com
    """
    from kedro_aloft.cli.pause import set_paused

    set_paused(options, paused=False)
