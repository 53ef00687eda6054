"""`kedro airflow run-once`: publish the project, and run it now, without schedule and sensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import runtime_params_option
from kedro_aloft.cli.starting import unpause_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.client import TaskState


@click.command(name="run-once")
@click.option("--no-deploy", is_flag=True, help="Run what is there; an address in --on and --dag mean that, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on stdout.")
@unpause_option
@runtime_params_option
@place_options
@command_errors
def run_once(params: str, unpause: bool, as_json: bool, no_deploy: bool, **options: Any) -> None:
    """Run a DAG now, whatever its schedule is and whatever its sensors wait for, and follow the run to its end.

    The project is deployed first when --on names a target. Sensors (`wait_for`) of this run count as done. Exits 1 when
    the run fails; Ctrl-C ends the waiting alone.

    \b
    Examples:
      kedro airflow run-once --on=prod --unpause
      kedro airflow run-once --on=https://airflow.acme.com --params=day=2026-01-01
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.console import ok
    from kedro_aloft.cli.following import finish, follow
    from kedro_aloft.cli.starting import start

    if not no_deploy:
        _deploy(options)
    place = find_place(options)
    run = start(place, params, unpause=unpause)
    ok(f"started {run.run_id} of '{place.dag_id}'")
    finish(follow(place, run.run_id, on_look=_skipping(place, run.run_id)), as_json=as_json)


def _deploy(options: Mapping[str, Any]) -> None:
    """Do what `kedro airflow deploy` does without options, where a target is named and no DAG that may be another's."""
    from kedro_aloft.cli.deploy import deploy

    on, pipeline = options["on"], options["pipeline"]
    if on is None or on.startswith(("http://", "https://")) or options["dag_id"] is not None:
        return
    own = {"env": options["env"], "conf_source": options["conf_source"], "pipelines": pipeline}
    click.get_current_context().invoke(deploy, target=on, **own)


def _skipping(place: Place, run_id: str) -> Callable[[tuple[TaskState, ...]], None]:
    """Return what lets sensors count as done, at each look anew: Airflow may start one at this very moment."""
    from kedro_aloft.cli.console import ok

    sensors = {task.id for task in place.tasks().values() if task.is_sensor}
    told: set[str] = set()

    def skip(tasks: tuple[TaskState, ...]) -> None:
        for task in tasks:
            if task.task_id in sensors and not task.finished:
                place.api.set_task_succeeded(place.dag_id, run_id, task.task_id)
            if task.task_id in sensors - told:
                told.add(task.task_id)
                ok(f"{task.task_id} does not wait")

    return skip
