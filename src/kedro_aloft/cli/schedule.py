"""`kedro airflow schedule`: deploy with another schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEVER = "none"


@click.command()
@click.argument("cron")
@click.argument("target", metavar="TARGET")
@click.option("-p", "--pipeline", default=None, metavar="NAME", help="Registered pipeline [default: the default one].")
@click.option("--unpause", is_flag=True, help="Unpause the DAG when it is live: without that no schedule counts.")
@click.option("--dry-run", is_flag=True, help="Print the steps and do none of them.")
@click.option("--force", is_flag=True, help="As for `deploy`.")
@project_options
@command_errors
def schedule(cron: str, target: str, pipeline: str | None, **options: Any) -> None:
    """Deploy a pipeline with this schedule: a cron expression, a preset such as @daily, or `none`.

    The same as `deploy TARGET --set=schedule=…`. airflow.yml stays as it is, and the next `deploy` goes back to what it
    says: write the schedule there to keep it.

    \b
    Example:
      kedro airflow schedule "0 6 * * *" prod --unpause
    """
    import json

    from kedro_aloft.cli.deploy import deploy

    wanted = None if cron.lower() == _NEVER else cron
    click.get_current_context().invoke(
        deploy,
        target=target,
        pipelines=pipeline,
        assignments=(f"schedule={json.dumps(wanted)}",),
        debug=False,
        **options,
    )
    if not options["dry_run"]:
        _say_what_stays(wanted, pipeline, options)


def _say_what_stays(wanted: str | None, pipeline: str | None, options: Mapping[str, Any]) -> None:
    """Tell when the next deploy would go back to another schedule."""
    from kedro_aloft.cli.connecting import opener, settings_of
    from kedro_aloft.cli.console import marked

    project = opener(options)()
    kept = settings_of(project, pipeline).schedule
    if kept != wanted:
        _, source = project.airflow_config()
        marked("!", "yellow", f"{source} says `schedule: {kept or 'null'}`; the next deploy goes back to that")
