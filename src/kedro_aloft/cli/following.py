"""Follow a run on any Airflow to its end, as the commands that wait do."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from kedro_aloft.contract.keys import MIRROR_OPERATOR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.cli.outcome import Outcome
    from kedro_aloft.client import AirflowApi, TaskState

    OnLook = Callable[[tuple[TaskState, ...]], None]

POLL_S = 1.0
"""Between two looks at an Airflow that others use, too."""

_QUIET_LOOKS = 15
"""Looks that find nothing but waiting tasks, after which somebody asks for the triggerer."""


class Triggerer:
    """Says once that a run goes on only when a triggerer does: that looks like patience, and may last for ever.

    Tasks that show nodes live wait there from the start, so it is asked for at once where a run has some; else when
    nothing but waiting tasks has been seen for a while.

    Args:
        ask: Returns the triggerer's health, None where there never was one.
        say: Takes the words.
    """

    def __init__(self, ask: Callable[[], str | None], say: Callable[[str], None]) -> None:
        self._ask = ask
        self._say = say
        self._quiet = 0
        self._asked = self._told = False

    def on_look(self, tasks: Sequence[TaskState]) -> None:
        """Take note of a run's tasks."""
        left = [task for task in tasks if not task.finished]
        waiting = {task.state for task in left} - {"none"} == {"deferred"}
        self._quiet = self._quiet + 1 if waiting else 0
        if self._told:
            return
        if not self._asked and any(task.operator == MIRROR_OPERATOR for task in left):
            self._tell_unless_healthy("The tasks that show nodes wait", "without one the run takes an hour at least")
        elif waiting and self._quiet % _QUIET_LOOKS == 0:
            self._tell_unless_healthy("All that is left of this run waits", "it goes on when one works")

    def _tell_unless_healthy(self, what: str, then: str) -> None:
        self._asked = True
        if (health := self._ask()) == "healthy":
            return
        self._told = True
        self._say(
            f"! {what} in Airflow's triggerer, which is {health or 'not there'}: {then}. "
            "Start `airflow triggerer`; fused tasks need none with `mirrors: static`."
        )


def triggerer_of(api: AirflowApi) -> Triggerer:
    """Return what watches over the triggerer of an Airflow."""
    from kedro_aloft.cli.console import tell
    from kedro_aloft.errors import RemoteError

    def ask() -> str | None:
        try:
            return (api.health().get("triggerer") or {}).get("status")
        except RemoteError:
            return "healthy"  # it answers for runs: where it does not for its parts, there is nothing to say

    return Triggerer(ask, tell)


def follow(place: Place, run_id: str, *, on_look: OnLook | None = None) -> Outcome:
    """Follow a run of a DAG that is known by its own file."""
    from kedro_aloft.render.read import mirrors_of

    tasks = place.tasks()
    nodes = {task.id: task.nodes for task in tasks.values() if task.nodes}
    return follow_nodes(place.api, place.dag_id, run_id, nodes, mirrors=mirrors_of(tasks), on_look=on_look)


def follow_nodes(
    api: AirflowApi,
    dag_id: str,
    run_id: str,
    nodes: Mapping[str, tuple[str, ...]],
    *,
    mirrors: frozenset[str] = frozenset(),
    on_look: OnLook | None = None,
) -> Outcome:
    """Print each node as it ends, until the run has ended; when we are interrupted, the run goes on.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        run_id: Id of its run.
        nodes: Nodes of each task, by its id.
        mirrors: Tasks that only show nodes of others.
        on_look: Called with all tasks at each look, before what they did is printed.
    """
    from kedro_aloft.cli.outcome import Follower, outcome_of
    from kedro_aloft.client import follow_run

    triggerer = triggerer_of(api)
    with Follower(api, dag_id, nodes, run_id, mirrors) as follower:

        def look(tasks: tuple[TaskState, ...]) -> None:
            if on_look is not None:
                on_look(tasks)
            follower.on_look(tasks)
            triggerer.on_look(tasks)

        result = follow_run(api, dag_id, run_id, on_change=follower.on_change, on_look=look, poll_s=POLL_S)
    return outcome_of(nodes, result, follower.reports, follower.journals)


def finish(outcome: Outcome, *, as_json: bool) -> None:
    """Print how a run ended; end the command with 1 when it failed."""
    from kedro_aloft.cli.outcome import print_outcome

    if as_json:
        click.echo(json.dumps(outcome.to_dict(), ensure_ascii=False))
    else:
        print_outcome(outcome)
    if outcome.state != "success":
        sys.exit(1)
