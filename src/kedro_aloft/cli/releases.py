"""`kedro airflow releases`: what was deployed to a target, when and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("--json", "as_json", is_flag=True, help="Print the deployments as a JSON list, the latest first.")
@project_options
@command_errors
def releases(target: str, as_json: bool, **options: Any) -> None:
    """List the deployments of the project to a target, the latest first.

    \b
    Examples:
      kedro airflow releases local
      kedro airflow releases prod --env=prod --json
    """
    from kedro_aloft.cli.delivering import echo_json, history_of, open_target

    project, place = open_target(target, options)
    history = history_of(project, place)
    there = {name.removesuffix(".json") for name in history.files.names("releases")}
    found = [
        {
            "deployment": one.serial,
            "did": one.did,
            "release": one.release,
            "state": "current" if number == 0 else "kept" if one.releases <= there else "removed",
            "when": one.when,
            "who": one.who,
            "commit": one.commit,
            "dags": {name: place.file.dag_id for name, place in sorted(one.places.items())},
            "versions": dict(one.versions),
        }
        for number, one in enumerate(history.all())
    ]
    if as_json:
        echo_json(found)
    else:
        _print(found)


def _print(found: Sequence[dict[str, Any]]) -> None:
    from kedro_aloft.cli.console import marked, show, table

    if not found:
        marked("·", "dim", "nothing was deployed there yet")
        return
    shown = table("#", "release", "state", "when", "who", "commit", "did", "DAGs")
    for one in found:
        cells = (str(one["deployment"]), one["release"], one["state"], one["when"], one["who"], one["commit"][:12])
        shown.add_row(*cells, one["did"], ", ".join(one["dags"].values()))
    show(shown)
