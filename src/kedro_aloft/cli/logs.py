"""`kedro airflow logs`: what the tasks of a run wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.client import TaskState

_WITHOUT_LOG = frozenset({"none", "scheduled", "queued", "upstream_failed", "skipped", "removed"})


@click.command()
@click.argument("run", required=False)
@click.option("--task", default=None, metavar="ID", help="Only this task.")
@click.option("--node", default=None, metavar="NAME", help="Only the task that runs this node.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print each record as one JSON object on a line.")
@place_options
@command_errors
def logs(run: str | None, task: str | None, node: str | None, follow: bool, as_json: bool, **options: Any) -> None:
    """Print the logs of a run's tasks, in the order of their starts; of the latest run when none is named.

    \b
    Examples:
      kedro airflow logs --node=train_model
      kedro airflow logs manual__2026-01-01 --on=https://airflow.acme.com -f
    """
    import time

    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.following import POLL_S
    from kedro_aloft.cli.options import refuse_together

    refuse_together({"--task": task is not None, "--node": node is not None})
    place = find_place(options)
    wanted = _wanted(place, task, node)
    printer = _Printer(place, place.run(run).run_id, as_json=as_json)
    while True:
        # First the run, then its logs: when the run has ended, the logs are whole.
        finished = place.api.run(place.dag_id, printer.run_id).finished
        printer.look(wanted)
        if finished or not follow:
            return
        time.sleep(POLL_S)


def _wanted(place: Place, task: str | None, node: str | None) -> Callable[[str], bool]:
    """Whether a task is to be looked at, by its id; those that only show nodes of others have nothing to say."""
    from kedro_aloft.cli.kedro_words import tasks_of_nodes
    from kedro_aloft.render.read import mirrors_of

    if task is not None:
        return {task}.__contains__
    tasks = place.tasks()
    if node is not None:
        return frozenset(tasks_of_nodes(tasks, (node,))).__contains__
    mirrors = mirrors_of(tasks)
    return lambda task_id: task_id not in mirrors


@dataclass(slots=True)
class _Printer:
    """Prints what is new in the logs of a run."""

    place: Place
    run_id: str
    as_json: bool
    _printed: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def look(self, wanted: Callable[[str], bool]) -> None:
        """Print the new records of each task."""
        for task in self.place.api.tasks(self.place.dag_id, self.run_id):
            if task.state not in _WITHOUT_LOG and wanted(task.task_id):
                self._look_at(task)

    def _look_at(self, task: TaskState) -> None:
        place, key = self.place, (task.task_id, task.map_index, max(1, task.tries))
        if self._printed.get(key, 0) < 0:
            return  # it had ended when we looked last
        entries = place.api.log(place.dag_id, self.run_id, task.task_id, key[2], map_index=task.map_index)
        for entry in entries[self._printed.get(key, 0) :]:
            self._print(task, entry)
        self._printed[key] = -1 if task.finished else len(entries)

    def _print(self, task: TaskState, entry: Any) -> None:
        record = entry if isinstance(entry, dict) else {"event": str(entry)}
        if self.as_json:
            click.echo(json.dumps({"task": task.task_id, "try": max(1, task.tries), **record}, ensure_ascii=False))
        elif not str(record.get("event", "")).startswith("::"):  # marks of Airflow's pages that fold lines
            when, level = str(record.get("timestamp") or "")[:19], str(record.get("level") or "")
            click.echo(
                " ".join(part for part in (task.task_id, "│", when, level, str(record.get("event", ""))) if part)
            )
            for line in _error_lines(record):
                click.echo(f"{task.task_id} │     {line}")


def _error_lines(record: dict[str, Any]) -> list[str]:
    """The exceptions of a record, one line each; the traceback is in Airflow's page and in `--json`."""
    details = record.get("error_detail") or ()
    return [f"{one.get('exc_type')}: {one.get('exc_value')}" for one in details if isinstance(one, dict)]
