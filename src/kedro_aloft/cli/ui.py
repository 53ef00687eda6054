"""`kedro airflow ui`: open Airflow's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors

if TYPE_CHECKING:
    from kedro_aloft.client import AirflowApi


@click.command()
@click.argument("dag", required=False)
@click.option("--no-open", is_flag=True, help="Only print the address.")
@place_options
@command_errors
def ui(dag: str | None, no_open: bool, **options: Any) -> None:
    """Print the address of a DAG's page, and open it in a browser.

    \b
    Examples:
      kedro airflow ui
      kedro airflow ui spaceflights --on=https://airflow.acme.com --no-open
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.options import refuse_together

    refuse_together({"DAG": bool(dag), "--dag": bool(options["dag_id"]), "--pipeline": bool(options["pipeline"])})
    place = find_place({**options, "dag_id": dag or options["dag_id"]})
    url = place.api.dag_url(place.dag_id)
    click.echo(url)
    if not no_open:
        _open(url, place.api)


def _open(url: str, api: AirflowApi) -> None:
    import webbrowser

    from kedro_aloft.cli.console import tell

    if not webbrowser.open(url):
        tell(f"No browser here; open the address yourself. Log in as on {api.url}.")
