"""`kedro airflow list`: the DAGs of kedro-aloft on an Airflow."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import on_option
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.client import AirflowApi

_WHAT = re.compile(r"Kedro pipeline `(?P<pipeline>[^`]+)` of `(?P<package>[^`]+)`, environment `(?P<env>[^`]+)`:")
_FINGERPRINT = re.compile(r"kedro-aloft fingerprint `(\w+)`")


@click.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print the DAGs as a JSON list.")
@on_option
@project_options
@command_errors
def list_dags(as_json: bool, on: str | None, username: str | None, **options: Any) -> None:
    """List the DAGs that kedro-aloft made on an Airflow: what they run, in which version, and how the last run ended.

    \b
    Examples:
      kedro airflow list
      kedro airflow list --on=https://airflow.acme.com --json
    """
    from kedro_aloft.cli.connecting import connect, opener
    from kedro_aloft.cli.console import count, ok, show, table
    from kedro_aloft.doctor.remote import OWN_TAG

    api = connect(on, username, opener(options))
    dags = [_described(api, dag) for dag in api.dags(tag=OWN_TAG)]
    if as_json:
        click.echo(json.dumps(dags, ensure_ascii=False))
        return
    rows = table("DAG", "package", "pipeline", "env", "schedule", "state", "last run", "fingerprint")
    for dag in dags:
        cells = [dag[key] or "" for key in ("dag_id", "package", "pipeline", "env", "schedule")]
        rows.add_row(
            *cells, "paused" if dag["paused"] else "active", dag["last_state"] or "none", dag["fingerprint"] or ""
        )
    if dags:
        show(rows)
    ok(f"{count(len(dags), 'DAG')} on {api.url}")


def _described(api: AirflowApi, dag: Mapping[str, Any]) -> dict[str, Any]:
    dag_id = str(dag["dag_id"])
    details = api.dag_details(dag_id) or {}
    doc = details.get("doc_md") or ""
    what, fingerprint = _WHAT.search(doc), _FINGERPRINT.search(doc)
    runs = api.runs(dag_id, limit=1)
    return {
        "dag_id": dag_id,
        **(what.groupdict() if what else dict.fromkeys(("pipeline", "package", "env"))),
        "schedule": details.get("timetable_summary"),
        "paused": bool(dag["is_paused"]),
        "fingerprint": fingerprint[1] if fingerprint else None,
        "last_run": runs[0].run_id if runs else None,
        "last_state": runs[0].state if runs else None,
    }
