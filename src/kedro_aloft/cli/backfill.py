"""`kedro airflow backfill`: run a DAG for dates in the past."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import runtime_params_option

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


@click.command()
@click.option(
    "--from", "first", required=True, type=click.DateTime(_FORMATS), help="The first date; UTC unless it says."
)
@click.option("--to", "last", required=True, type=click.DateTime(_FORMATS), help="The last date; it belongs to them.")
@click.option("--dry-run", is_flag=True, help="Only list the dates for which runs would be made.")
@click.option(
    "--again",
    default="none",
    show_default=True,
    type=click.Choice(["none", "failed", "completed"]),
    help="Dates that have a run already: leave them, repeat failed ones, repeat all that have ended.",
)
@click.option("--at-once", default=1, show_default=True, type=click.IntRange(1), help="How many runs at the same time.")
@click.option("--backwards", is_flag=True, help="The newest date first.")
@click.option("--json", "as_json", is_flag=True, help="Print the backfill as one JSON object.")
@runtime_params_option
@place_options
@command_errors
def backfill(first: datetime, last: datetime, params: str, again: str, at_once: int, **options: Any) -> None:
    """Make runs of a DAG for the dates of its schedule in a period; Airflow starts them one after the other.

    \b
    Example:
      kedro airflow backfill --from=2026-01-01 --to=2026-01-31 --dry-run
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.console import count, ok, say
    from kedro_aloft.client import Backfill
    from kedro_aloft.compat import split_runtime_params
    from kedro_aloft.contract.keys import CONF_KEY

    given = split_runtime_params(params) if params else {}  # Kedro, which it asks, takes a second to import
    place = find_place(options)
    order = Backfill(
        dag_id=place.dag_id,
        first=_aware(first),
        last=_aware(last),
        conf={CONF_KEY: given} if given else {},
        again=again,
        at_once=at_once,
        backwards=options["backwards"],
    )
    dates = [date.isoformat() for date in place.api.backfill_dates(order)]
    number = None if options["dry_run"] or not dates else place.api.backfill(order)
    if options["as_json"]:
        click.echo(json.dumps({"dag_id": place.dag_id, "backfill": number, "dates": dates}))
    else:
        say("\n".join(dates)) if dates else None
    what = count(len(dates), "run")
    ok(f"{what} would be made" if number is None else f"backfill {number}: {what}  {place.api.dag_url(place.dag_id)}")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
