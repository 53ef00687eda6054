"""`kedro airflow run`: compile, start the embedded Airflow, run, follow."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options, runtime_params_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kedro_aloft.cli.outcome import Outcome
    from kedro_aloft.client import AirflowApi, TaskState
    from kedro_aloft.compiler import CompiledDag


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on stdout.")
@runtime_params_option
@pipeline_options
@command_errors
def run(as_json: bool, params: str, **options: Any) -> None:
    """Run a pipeline on the embedded Airflow.

    Uses the Airflow that `kedro airflow up` started, or starts one that ends with this command. Exits 0 when the run
    succeeded, 1 when it failed.

    \b
    Examples:
      kedro airflow run
      kedro airflow run --pipelines=data_science --params=model_options.test_size=0.3
    """
    from kedro_aloft.cli.console import count, ok, print_findings
    from kedro_aloft.cli.findings import compile_ordered, print_notices, refuse_errors
    from kedro_aloft.cli.outcome import print_outcome
    from kedro_aloft.compat import split_runtime_params
    from kedro_aloft.project import open_project

    given = split_runtime_params(params)
    project = open_project(env=options["env"], conf_source=options["conf_source"], runtime_params=given)
    compiled = compile_ordered(project, order_from(options, command="run", for_here=True))
    for dag in compiled:
        print_notices(dag.notices)
        print_findings(dag.findings)
        checked = f"checked {count(len(dag.snapshot.nodes), 'node')}, {count(len(dag.findings), 'finding')}"
        ok(f"{checked}; plan {count(len(dag.plan.tasks), 'task')}{_grouping(dag)}")
    refuse_errors(compiled)
    outcomes = _run_all(project.path, compiled, given)
    if as_json:
        contents = [outcome.to_dict() for outcome in outcomes]
        click.echo(json.dumps(contents[0] if len(compiled) == 1 else contents, ensure_ascii=False))
    else:
        for dag, outcome in zip(compiled, outcomes, strict=False):  # those after one that failed did not run
            print_outcome(outcome)
            if outcome.state == "success":
                _tell_of_auto(project.path, dag)
    if any(outcome.state != "success" for outcome in outcomes):
        sys.exit(1)


def _grouping(dag: CompiledDag) -> str:
    """Say what was fused, and how long that is predicted to take: ` (auto: 2 chains fused, predicted 6.1 s)`."""
    from kedro_aloft.cli.console import count
    from kedro_aloft.compiler import forecast_dag

    fused = [task for task in dag.plan.tasks if len(task.nodes) > 1]
    nodes = sum(len(task.nodes) for task in fused)
    chains = all(task.reason.startswith("chain: ") for task in fused)
    what = f"{count(len(fused), 'chain')} fused" if chains else f"{nodes} nodes share {count(len(fused), 'task')}"
    said = f"{dag.plan.group_by}: {what if fused else 'nothing fused'}"
    if dag.plan.group_by != "auto":  # of others the forecast would seek the cut of `auto` too
        return f" ({said})" if fused else ""
    case = forecast_dag(dag).cases[0]
    known = case.unknown_s is None
    return f" ({said}, {f'predicted {case.planned_s:.1f} s' if known else 'durations not known yet'})"


def _tell_of_auto(project_path: Path, dag: CompiledDag) -> None:
    """Say what `group_by: auto` is predicted to take, now that durations are known, where that is much less."""
    from kedro_aloft.cli.console import tell
    from kedro_aloft.cli.history_store import read_histories
    from kedro_aloft.compiler import forecast_dag

    history = read_histories(project_path).get(dag.dag_id)
    if history is None or dag.plan.group_by == "auto":
        return
    case = forecast_dag(dag, history=history).cases[0]
    if case.unknown_s is None and case.planned_s - case.auto_s >= max(GAIN_S, GAIN_SHARE * case.planned_s):
        took = f"predicted {case.auto_s:.1f} s, this plan {case.planned_s:.1f} s"
        tell(f"  faster: --group-by=auto ({took}; `kedro airflow plan` tells more)")


def _run_all(project_path: Path, compiled: tuple[CompiledDag, ...], params: Mapping[str, Any]) -> list[Outcome]:
    """Run one DAG after the other; stop at the first that fails."""
    import gc
    import time

    from kedro_aloft.cli.console import ok
    from kedro_aloft.embedded import EmbeddedAirflow

    gc.enable()  # `early` turned it off, and a run may take hours
    embedded = EmbeddedAirflow(project_path)
    started = time.monotonic()
    outcomes: list[Outcome] = []
    with embedded.running() as address:
        since = "is up" if address.already_up else f"up in {time.monotonic() - started:.0f} s"
        ok(f"Airflow {address.airflow} {since}  {address.url}")
        for dag in compiled:
            outcomes.append(_run_one(embedded, dag, params))
            if outcomes[-1].state != "success":
                break
    return outcomes


def _run_one(embedded: Any, dag: CompiledDag, params: Mapping[str, Any]) -> Outcome:
    from kedro_aloft.cli.following import triggerer_of
    from kedro_aloft.cli.history_store import record_run
    from kedro_aloft.cli.outcome import Follower, outcome_of
    from kedro_aloft.client import follow_run
    from kedro_aloft.contract.keys import CONF_KEY
    from kedro_aloft.embedded.config import machine_parallelism
    from kedro_aloft.render.read import mirrors_of, read_tasks

    api = embedded.api()
    deploy(embedded, dag)
    api.set_paused(dag.dag_id, paused=False)
    triggered = api.trigger(dag.dag_id, conf={CONF_KEY: dict(params)} if params else {})
    nodes = {task.id: task.nodes for task in dag.plan.tasks}
    mirrors = mirrors_of(read_tasks(dag.rendered.source))
    follower = Follower(api, dag.dag_id, nodes, triggered.run_id, mirrors)
    triggerer = triggerer_of(api)

    def look(tasks: tuple[TaskState, ...]) -> None:
        follower.on_look(tasks)
        triggerer.on_look(tasks)

    with _ending_run(api, dag.dag_id, triggered.run_id), follower:
        result = follow_run(api, dag.dag_id, triggered.run_id, on_change=follower.on_change, on_look=look)
    outcome = outcome_of(nodes, result, follower.reports, follower.journals)
    if outcome.state == "success":
        record_run(embedded.project_path, outcome, follower.reports, slots=machine_parallelism())
    return outcome


@contextlib.contextmanager
def _ending_run(api: AirflowApi, dag_id: str, run_id: str) -> Iterator[None]:
    """Mark a run as failed when what follows it fails or is interrupted: nobody waits for it any more.

    What went wrong first is what is raised; that the run could not be ended either is told beside it.
    """
    from kedro_aloft.cli.console import marked
    from kedro_aloft.errors import AloftError

    try:
        yield
    except BaseException:
        try:
            api.fail_run(dag_id, run_id)
        except AloftError as error:
            marked("!", "yellow", f"{run_id} of '{dag_id}' may go on, it could not be marked as failed: {error.what}")
        raise


def deploy(embedded: Any, dag: CompiledDag) -> None:
    """Put a DAG into the embedded Airflow and wait until exactly this content is live."""
    from kedro_aloft.client import wait_for_dag
    from kedro_aloft.render import write_files

    write_files(embedded.dags_folder, {dag.file_name: dag.rendered.source})
    wait_for_dag(
        embedded.api(),
        dag.dag_id,
        marker=dag.rendered.fingerprint,
        deadline_s=LIVE_DEADLINE_S,
        file=embedded.dags_folder / dag.file_name,
    )


LIVE_DEADLINE_S = 180.0
GAIN_S, GAIN_SHARE = 2.0, 0.33
"""What `group_by: auto` has to save for a run to mention it: seconds, and part of the plan at hand."""
