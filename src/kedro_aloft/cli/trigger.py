"""`kedro airflow trigger`: start a run on any Airflow."""

from __future__ import annotations

import json
from typing import Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import runtime_params_option
from kedro_aloft.cli.starting import unpause_option


@click.command()
@click.option("--wait", is_flag=True, help="Follow the run to its end; exit 1 when it fails.")
@click.option("--json", "as_json", is_flag=True, help="Print the run, or with --wait its outcome, as one JSON object.")
@unpause_option
@runtime_params_option
@place_options
@command_errors
def trigger(params: str, wait: bool, unpause: bool, as_json: bool, **options: Any) -> None:
    """Start a run of a DAG on any Airflow. The DAG must be there: `create` or `deploy` came before.

    Ctrl-C ends the waiting; the run goes on.

    \b
    Examples:
      kedro airflow trigger --wait
      kedro airflow trigger --on=https://airflow.acme.com --params=model_options.test_size=0.3
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.console import ok
    from kedro_aloft.cli.following import finish, follow, triggerer_of
    from kedro_aloft.cli.starting import start

    place = find_place(options)
    run = start(place, params, unpause=unpause)
    url = place.api.run_url(place.dag_id, run.run_id)
    ok(f"started {run.run_id} of '{place.dag_id}'" + ("" if wait else f"  {url}"))
    if wait:
        finish(follow(place, run.run_id), as_json=as_json)
        return
    triggerer_of(place.api).on_look(place.api.tasks(place.dag_id, run.run_id))
    if as_json:
        click.echo(json.dumps({"dag_id": place.dag_id, "run_id": run.run_id, "state": run.state, "url": url}))
