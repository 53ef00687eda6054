"""`kedro airflow destroy`: take away what was deployed."""

from __future__ import annotations

from typing import Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Remove DAG files that were edited by hand, too.")
@project_options
@command_errors
def destroy(target: str, yes: bool, force: bool, **options: Any) -> None:
    """Remove the DAG files and all releases of the project from a target. Lists them first.

    Of this environment alone. Data, logs and the history of runs in Airflow stay.

    \b
    Examples:
      kedro airflow destroy local
      kedro airflow destroy prod --env=prod --yes
    """
    from kedro_aloft.cli.console import agreed, marked, ok, tell
    from kedro_aloft.cli.delivering import apply_plan, history_of, open_target
    from kedro_aloft.deploy.publish import plan_destroy
    from kedro_aloft.deploy.steps import explain_steps

    project, place = open_target(target, options)
    plan = plan_destroy(place, history_of(project, place), force=force)
    if not plan.steps:
        ok(f"nothing of {project.package} (env {project.env}) is at {target}")
        return
    for line in explain_steps(plan.steps):
        tell(f"  {line}")
    if not yes and not agreed("Do all of this?", remedy="add --yes when the list is right"):
        marked("·", "dim", "nothing was removed")
        return
    apply_plan(plan)
    ok(f"{project.package} (env {project.env}) is gone from {target}")
