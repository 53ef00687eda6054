"""`kedro airflow status`: is an Airflow up?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import on_option
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED = ("metadatabase", "scheduler", "dag_processor")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@on_option
@project_options
@command_errors
def status(as_json: bool, on: str | None, username: str | None, **options: Any) -> None:
    """Tell whether an Airflow is up, by default the embedded one. Exits 0 when it is, else 1.

    \b
    Examples:
      kedro airflow status --json
      kedro airflow status --on=https://airflow.acme.com
    """
    if on is None:
        _show_embedded(as_json=as_json)
    else:
        _show_other(on, username, options, as_json=as_json)


def _show_embedded(*, as_json: bool) -> None:
    from kedro_aloft.cli.console import say
    from kedro_aloft.embedded import EmbeddedAirflow
    from kedro_aloft.project import find_project

    state = EmbeddedAirflow(find_project()).status()
    url = state.address.url if state.address else None
    if as_json:
        _print_json(up=state.up, running=state.running, url=url, components=state.components)
    else:
        word = "up" if state.up else "starting or not well" if state.running else "down"
        say(f"Airflow is {word}{f'  {url}' if url else ''}")
        if state.failure:
            say(f"  the last time {state.failure}")
        _print_components(state.components)
        if state.components:
            say(f"logs: {state.logs}")
    if not state.up:
        sys.exit(1)


def _show_other(on: str, username: str | None, options: Mapping[str, Any], *, as_json: bool) -> None:
    from kedro_aloft.cli.connecting import connect, opener
    from kedro_aloft.cli.console import say

    api = connect(on, username, opener(options))
    components = {name: str((part or {}).get("status")) for name, part in api.health().items()}
    up = all(components.get(name) == "healthy" for name in _NEEDED)
    if as_json:
        _print_json(up=up, running=True, url=api.url, components=components)
    else:
        say(f"Airflow {api.version()} is {'up' if up else 'not well'}  {api.url}")
        _print_components(components)
    if not up:
        sys.exit(1)


def _print_json(*, up: bool, running: bool, url: str | None, components: Mapping[str, str]) -> None:
    click.echo(json.dumps({"up": up, "running": running, "url": url, "components": components}))


def _print_components(components: Mapping[str, str]) -> None:
    from kedro_aloft.cli.console import show, table

    rows = table("component", "state")
    for name, health in sorted(components.items()):
        rows.add_row(name, health)
    if components:
        show(rows)
