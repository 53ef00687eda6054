"""`kedro airflow pause`: let a DAG start no runs."""

from __future__ import annotations

from typing import Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors


@click.command()
@place_options
@command_errors
def pause(**options: Any) -> None:
    """Pause a DAG: its schedule starts no runs, and runs that are triggered wait. Runs in flight go on.

    \b
    Example:
      kedro airflow pause --on=https://airflow.acme.com
    """
    set_paused(options, paused=True)


def set_paused(options: dict[str, Any], *, paused: bool) -> None:
    """Pause or unpause the DAG that the options name."""
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.console import ok

    place = find_place(options)
    place.api.set_paused(place.dag_id, paused=paused)
    state, already = "paused" if paused else "not paused", place.details.get("is_paused") == paused
    ok(f"'{place.dag_id}' is {'already ' if already and paused else ''}{state}  {place.api.dag_url(place.dag_id)}")
