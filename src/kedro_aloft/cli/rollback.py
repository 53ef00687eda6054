"""`kedro airflow rollback`: put an earlier deployment back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import project_options

if TYPE_CHECKING:
    from kedro_aloft.deploy.history import Deployment, History


@click.command()
@click.argument("target", metavar="TARGET")
@click.argument("release", metavar="[RELEASE]", required=False)
@click.option("--dry-run", is_flag=True, help="Print the steps and do none of them.")
@click.option("--force", is_flag=True, help="Replace DAG files of others, or edited ones.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object on stdout.")
@project_options
@command_errors
def rollback(target: str, release: str | None, dry_run: bool, force: bool, as_json: bool, **options: Any) -> None:
    """Put an earlier release back in its place: the one before the current, or RELEASE.

    Nothing is compiled: the store has the DAG files of every release. Runs that are going on end with the release with
    which they began.

    \b
    Examples:
      kedro airflow rollback local
      kedro airflow rollback prod 3f2a91c0 --env=prod
    """
    from kedro_aloft.cli.console import ok
    from kedro_aloft.cli.delivering import apply_plan, echo_json, history_of, open_target, show_plan
    from kedro_aloft.deploy.publish import plan_rollback

    project, place = open_target(target, options)
    history = history_of(project, place)
    to = _named(history, release) if release else _before(history)
    plan = plan_rollback(place, history, to, force=force)
    if dry_run:
        show_plan(plan)
        return
    done = apply_plan(plan)
    ok(f"release {plan.release} is back at {target}")
    if as_json:
        echo_json({"target": target, "release": plan.release, "deployment": plan.serial, "steps": done})


def _before(history: History) -> Deployment:
    """Return the deployment before what is current now came: twice rolled back is two steps back."""
    from kedro_aloft.errors import DeployError

    deployments = history.all()
    first = max((n for n, one in enumerate(deployments) if one.places == deployments[0].places), default=0)
    older = [one for one in deployments[first + 1 :] if one.places]
    if not older:
        raise DeployError("There is nothing to go back to.", remedy="`kedro airflow releases` lists what was deployed")
    return older[0]


def _named(history: History, release: str) -> Deployment:
    from kedro_aloft.errors import DeployError

    found = [one for one in history.all() if one.release.startswith(release)]
    if not found or len({one.release for one in found}) > 1:
        what = "No release" if not found else "More than one release"
        raise DeployError(
            f"{what} that was deployed there begins with '{release}'.",
            seen=", ".join(dict.fromkeys(one.release for one in found or history.all() if one.release)) or "none",
            remedy="`kedro airflow releases` lists them",
        )
    return found[0]
