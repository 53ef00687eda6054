"""`kedro airflow run-once`: run a DAG now, without schedule and sensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import runtime_params_option
from kedro_aloft.cli.starting import unpause_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.client import TaskState


@click.command(name="run-once")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on stdout.")
@unpause_option
@runtime_params_option
@place_options
@command_errors
def run_once(params: str, unpause: bool, as_json: bool, **options: Any) -> None:
    """Run a DAG now, whatever its schedule is and whatever its sensors wait for, and follow the run to its end.

    Sensors (`wait_for`) of this run count as done. Exits 1 when the run fails; Ctrl-C ends the waiting alone.

    \b
    Example:
      kedro airflow run-once --on=https://airflow.acme.com --params=day=2026-01-01
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.console import ok
    from kedro_aloft.cli.following import finish, follow
    from kedro_aloft.cli.starting import start

    place = find_place(options)
    run = start(place, params, unpause=unpause)
    ok(f"started {run.run_id} of '{place.dag_id}'")
    finish(follow(place, run.run_id, on_look=_skipping(place, run.run_id)), as_json=as_json)


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
