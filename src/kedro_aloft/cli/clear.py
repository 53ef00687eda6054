"""`kedro airflow clear`: let parts of a run be run again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.connecting import place_options
from kedro_aloft.cli.console import command_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.client import RunState, TaskState
    from kedro_aloft.render.read import WrittenTask

_LOOKS, _PAUSE_S = 20, 0.5
"""How long a run at work is looked at, whether it goes on with what was cleared: nearly always it does at once."""


@click.command()
@click.argument("run", required=False)
@click.option(
    "--nodes",
    "--node",
    "--from-nodes",
    "--from-node",
    default="",
    metavar="NAMES",
    help="These nodes, or the tasks that run them.",
)
@click.option(
    "--namespaces", "--namespace", default="", metavar="NAMES", help="The nodes of these namespaces, likewise."
)
@click.option("--datasets", "--dataset", default="", metavar="NAMES", help="The tasks that make these datasets.")
@click.option("--tasks", "--task", default="", metavar="IDS", help="Tasks by their ids in Airflow.")
@click.option(
    "--downstream/--only", default=True, show_default=True, help="With all that comes after them, or without it."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Follow the run to its end; exit 1 when it fails.")
@click.option("--json", "as_json", is_flag=True, help="Print what is cleared, or with --wait the outcome, as JSON.")
@place_options
@command_errors
def clear(run: str | None, downstream: bool, yes: bool, wait: bool, as_json: bool, **options: Any) -> None:
    """Let parts of a run and what depends on them be run again, the latest run when none is named.

    Says what that means, and asks. Data that tasks hand over in memory are gone when a run has succeeded: then the
    tasks that make them run again, too.

    \b
    Examples:
      kedro airflow clear --node=train_model --wait
      kedro airflow clear manual__2026-01-01 --datasets=model_input_table --only --on=https://airflow.acme.com
    """
    from kedro_aloft.cli.connecting import find_place
    from kedro_aloft.cli.console import agreed, count, marked, ok
    from kedro_aloft.cli.following import finish, follow

    place = find_place(options)
    tasks, state = place.tasks(), place.run(run)
    cleared = _preview(place, state, tasks, _chosen(tasks, options), downstream=downstream)
    again = _at_work(tasks, cleared)
    _announce(state, again)
    if not yes and not agreed("Run these again?", remedy="add --yes when the list is right"):
        marked("·", "dim", "nothing was cleared")
        return
    ids = [task.task_id for task in cleared]
    clear_surely(place, state.run_id, ids)
    url = place.api.run_url(place.dag_id, state.run_id)
    ok(f"cleared {count(len(again), 'task')} of '{place.dag_id}'  {url}")
    if wait:
        finish(follow(place, state.run_id), as_json=as_json)
    elif as_json:
        found = [{"task": task.task_id, "state": task.state, "nodes": nodes} for task, nodes in again]
        click.echo(json.dumps({"dag_id": place.dag_id, "run_id": state.run_id, "cleared": found}, ensure_ascii=False))


def clear_surely(place: Place, run_id: str, ids: Sequence[str]) -> None:
    """Clear tasks of a run, once more when Airflow loses that: a run at work may end in the very moment of the clear.

    Source: Airflow 3.3.2, docs/explanation/fused-tasks.md, "A clear that Airflow loses".
    """
    from kedro_aloft.cli.console import marked

    place.api.clear(place.dag_id, run_id, ids, downstream=False, dry_run=False)
    if _was_lost(place, run_id, frozenset(ids)):
        place.api.clear(place.dag_id, run_id, ids, downstream=False, dry_run=False)
        marked("!", "yellow", "Airflow ended the run while it was being cleared, and lost that: cleared once more")


def _was_lost(place: Place, run_id: str, ids: frozenset[str]) -> bool:
    """Whether a run has ended although its cleared tasks have no state; a queued one was started anew by the clear."""
    import time

    for _ in range(_LOOKS):
        run = place.api.run(place.dag_id, run_id)
        states = {task.state for task in place.api.tasks(place.dag_id, run_id) if task.task_id in ids}
        if run.state == "queued" or states != {"none"}:
            return False
        if run.finished:
            return True
        time.sleep(_PAUSE_S)
    return False


def _chosen(tasks: Mapping[str, WrittenTask], options: Mapping[str, Any]) -> tuple[str, ...]:
    """The tasks that are named."""
    from kedro_aloft.cli.kedro_words import nodes_of_namespaces, tasks_of_datasets, tasks_to_clear
    from kedro_aloft.compat import split_node_names
    from kedro_aloft.errors import UsageError

    nodes = (*split_node_names(options["nodes"]), *nodes_of_namespaces(tasks, _names(options["namespaces"])))
    chosen = (
        *tasks_to_clear(tasks, nodes),
        *tasks_of_datasets(tasks, _names(options["datasets"])),
        *_names(options["tasks"]),
    )
    if not chosen:
        raise UsageError(
            "Nothing is named to be run again.",
            remedy="give --nodes, --namespaces, --datasets or --tasks; to run all, start a new run",
        )
    return tuple(dict.fromkeys(chosen))


def _preview(
    place: Place,
    run: RunState,
    tasks: Mapping[str, WrittenTask],
    chosen: Sequence[str],
    *,
    downstream: bool,
) -> tuple[TaskState, ...]:
    """What Airflow would clear, with the tasks whose data in memory are gone."""
    from kedro_aloft.cli.kedro_words import with_givers

    found: dict[str, TaskState] = {}

    def add(ids: Sequence[str], *, further: bool) -> None:
        shown = [*ids, *(mirror for one in ids if one in tasks for mirror in tasks[one].mirrors)]
        cleared = place.api.clear(place.dag_id, run.run_id, shown, downstream=further, dry_run=True) if shown else ()
        found.update({task.task_id: task for task in cleared})

    add(chosen, further=downstream)
    if run.state == "success":
        add([one for one in with_givers(tasks, tuple(found)) if one not in found], further=False)
    order = {task_id: number for number, task_id in enumerate(tasks)}
    return tuple(sorted(found.values(), key=lambda task: (order.get(task.task_id, len(order)), task.task_id)))


_Again = tuple["TaskState", list[str]]


def _at_work(tasks: Mapping[str, WrittenTask], cleared: Sequence[TaskState]) -> list[_Again]:
    """The tasks that run something again, each with its nodes; those that only show nodes go with them, unsaid."""
    from kedro_aloft.render.read import mirrors_of

    mirrors = mirrors_of(tasks)
    return [(task, _nodes(tasks, task, cleared)) for task in cleared if task.task_id not in mirrors]


def _announce(run: RunState, again: Sequence[_Again]) -> None:
    from kedro_aloft.cli.console import tell

    tell(f"Of the run {run.run_id} ({run.state}) these are run again:")
    for task, nodes in again:
        tell(f"  {task.task_id}  {task.state}" + (f"  nodes {', '.join(nodes)}" if nodes else ""))


def _nodes(tasks: Mapping[str, WrittenTask], task: TaskState, cleared: Sequence[TaskState]) -> list[str]:
    """The nodes that a task runs again: those whose own tasks are cleared, where they have some."""
    written = tasks.get(task.task_id)
    ids = {one.task_id for one in cleared}
    return [node for node in written.nodes if written.shown.get(node, task.task_id) in ids] if written else []


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
