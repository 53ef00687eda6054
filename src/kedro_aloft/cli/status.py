"""`kedro airflow status`: is the embedded Airflow up?"""

from __future__ import annotations

import json
import sys

import click

from kedro_aloft.cli.console import command_errors


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@command_errors
def status(as_json: bool) -> None:
    """Tell whether the embedded Airflow is up. Exits 0 when it is, else 1.

    \b
    Example:
      kedro airflow status --json
    """
    from kedro_aloft.cli.console import say, show, table
    from kedro_aloft.embedded import EmbeddedAirflow
    from kedro_aloft.project import find_project

    state = EmbeddedAirflow(find_project()).status()
    url = state.address.url if state.address else None
    if as_json:
        click.echo(json.dumps({"up": state.up, "running": state.running, "url": url, "components": state.components}))
    else:
        word = "up" if state.up else "starting or not well" if state.running else "down"
        say(f"Airflow is {word}{f'  {url}' if url else ''}")
        if state.failure:
            say(f"  the last time {state.failure}")
        components = table("component", "state")
        for name, health in sorted(state.components.items()):
            components.add_row(name, health)
        if state.components:
            show(components)
            say(f"logs: {state.logs}")
    if not state.up:
        sys.exit(1)
