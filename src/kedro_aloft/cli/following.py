"""Follow a run on any Airflow to its end, as the commands that wait do."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.cli.connecting import Place
    from kedro_aloft.cli.outcome import Outcome
    from kedro_aloft.client import AirflowApi

POLL_S = 1.0
"""Between two looks at an Airflow that others use, too."""


def follow(place: Place, run_id: str) -> Outcome:
    """Follow a run of a DAG that is known by its own file."""
    nodes = {task.id: task.nodes for task in place.tasks().values() if task.nodes}
    return follow_nodes(place.api, place.dag_id, run_id, nodes)


def follow_nodes(api: AirflowApi, dag_id: str, run_id: str, nodes: Mapping[str, tuple[str, ...]]) -> Outcome:
    """Print each node as it ends, until the run has ended; when we are interrupted, the run goes on.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        run_id: Id of its run.
        nodes: Nodes of each task, by its id.
    """
    from kedro_aloft.cli.outcome import Follower, outcome_of
    from kedro_aloft.client import follow_run

    with Follower(api, dag_id, nodes, run_id) as follower:
        on_change, on_look = follower.on_change, follower.on_look
        result = follow_run(api, dag_id, run_id, on_change=on_change, on_look=on_look, poll_s=POLL_S)
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
