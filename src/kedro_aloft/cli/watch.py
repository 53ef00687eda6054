"""`kedro airflow watch`: follow a run on any Airflow."""

from __future__ import annotations

from typing import Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors


@click.command()
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on stdout.")
@place_options
@command_errors
def watch(run: str | None, as_json: bool, **options: Any) -> None:
    """Follow a run node by node to its end, the latest one when none is named. Exits 1 when it fails.

    Of a run that has ended it shows how that went.

    \b
    Examples:
      kedro airflow watch
      kedro airflow watch manual__2026-01-01 --on=https://airflow.acme.com
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.following import finish, follow

    place = find_place(options)
    finish(follow(place, place.run(run).run_id), as_json=as_json)
