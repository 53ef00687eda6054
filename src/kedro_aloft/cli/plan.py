"""`kedro airflow plan`: tasks, nodes, and what crosses each border."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kedro_aloft.cli.console import command_errors
from kedro_aloft.cli.options import order_from, pipeline_options

if TYPE_CHECKING:
    from kedro_aloft.compiler import CompiledDag

SHOWN = 200
"""Rows of a table, and nodes of a task, that are printed; `--json` has no limit."""


@click.command()
@click.option("--all", "every_pipeline", is_flag=True, help="All registered pipelines.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON; several plans as a list.")
@pipeline_options
@command_errors
def plan(every_pipeline: bool, as_json: bool, **options: Any) -> None:
    """Show the tasks and what crosses their borders. Writes nothing.

    \b
    Example:
      kedro airflow plan --group-by=memory
    """
    from dataclasses import replace

    from kedro_aloft.cli.findings import compile_ordered
    from kedro_aloft.project import open_project

    project = open_project(env=options["env"], conf_source=options["conf_source"])
    order = order_from(options, command="plan", every_pipeline=every_pipeline)
    compiled = compile_ordered(project, replace(order, renders=False), here=True)
    if as_json:
        plans = [plan_as_json(dag) for dag in compiled]
        click.echo(json.dumps(plans[0] if len(plans) == 1 else plans, indent=2, ensure_ascii=False))
        return
    for dag in compiled:
        _print_plan(dag)


def plan_as_json(dag: CompiledDag) -> dict[str, Any]:
    """Return the public JSON form of a plan.

    `handoff` has one entry per in-memory dataset and border; `{run}` in its URI stands for the DAG run.
    """
    from kedro_aloft.compiler import execution_modes, explain_borders, explain_fusions, forecast_dag

    plan = dag.plan
    reasons = explain_fusions(dag)
    modes = execution_modes(dag)
    return {
        "hash": plan.hash,
        "pipeline": plan.pipeline,
        "env": plan.env,
        "dag_id": dag.dag_id,
        "group_by": plan.group_by,
        "tasks": [
            {
                "id": task.id,
                "nodes": list(task.nodes),
                "upstream": list(task.upstream),
                "inputs": list(task.inputs),
                "outputs": list(task.outputs),
                "reason": reasons[task.id],
                "execution": modes[task.id],
            }
            for task in plan.tasks
        ],
        "handoff": [
            {
                "dataset": crossing.dataset,
                "from": crossing.source,
                "to": crossing.target,
                "uri": handoff_uri(dag, crossing.dataset),
            }
            for crossing in plan.handed_over
        ],
        "borders": [
            {"from": source, "to": target, "reason": reason}
            for (source, target), reason in explain_borders(dag).items()
        ],
        "forecast": forecast_dag(dag).to_dict(),
    }


def handoff_uri(dag: CompiledDag, dataset: str) -> str:
    """Where a dataset is handed over; `{run}` stands for the DAG run."""
    from kedro_aloft.contract.identity import path_part
    from kedro_aloft.contract.store import dataset_file

    return f"{dag.settings.handoff.uri.rstrip('/')}/{path_part(dag.dag_id)}/{{run}}/{dataset_file(dataset)}"


def _print_plan(dag: CompiledDag) -> None:
    from kedro_aloft.cli.console import count, print_findings, say, show, table
    from kedro_aloft.cli.findings import print_notices
    from kedro_aloft.compiler import execution_modes, explain_fusions

    print_notices(dag.notices)
    print_findings(dag.findings)
    plan = dag.plan
    nodes = len(dag.snapshot.nodes)
    size = f"{count(nodes, 'node')} in {count(len(plan.tasks), 'task')}"
    say(f"DAG '{dag.dag_id}': {size} (group_by: {plan.group_by}), plan {plan.hash}")
    reasons = explain_fusions(dag)
    modes = execution_modes(dag)
    elsewhere = set(modes.values()) != {"process"}
    tasks = table("task", "nodes", "after", *(["runs in"] if elsewhere else []))
    for task in plan.tasks[:SHOWN]:
        more = [f"… {len(task.nodes) - SHOWN:,} more"] if len(task.nodes) > SHOWN else []
        reason = [f"({reasons[task.id]})"] if reasons[task.id] else []
        lines = "\n".join([*task.nodes[:SHOWN], *more, *reason])
        place = [modes[task.id]] if elsewhere else []
        tasks.add_row(task.id, lines, ", ".join(task.upstream) or "–", *place)
    show(tasks)
    _print_rest(len(plan.tasks), "task")
    _print_borders(dag)
    _print_crossings(dag)
    _print_forecast(dag)


def _print_borders(dag: CompiledDag) -> None:
    """Print why tasks are not one; of the other groupings the name says it."""
    from kedro_aloft.cli.console import say, show, table
    from kedro_aloft.compiler import explain_borders

    if dag.plan.group_by != "auto" or len(dag.plan.tasks) == 1:
        return
    reasons = table("from", "to", "why two tasks")
    borders = list(explain_borders(dag).items())
    for (source, target), reason in borders[:SHOWN]:
        reasons.add_row(source, target, reason)
    say()
    show(reasons)
    _print_rest(len(borders), "border")


def _print_rest(number: int, noun: str) -> None:
    """Say how much was not shown: nobody reads a thousand rows."""
    from kedro_aloft.cli.console import count, say

    if number > SHOWN:
        say(f"… and {count(number - SHOWN, noun)} more: `kedro airflow plan --json` has all")


def _print_crossings(dag: CompiledDag) -> None:
    from kedro_aloft.cli.console import say, show, table

    plan = dag.plan
    if not plan.crossings:
        say("Nothing crosses between tasks.")
        return
    borders = table("dataset", "from", "to", "kept in")
    for crossing in plan.crossings[:SHOWN]:
        kept = handoff_uri(dag, crossing.dataset) if crossing.handed_over else crossing.location or "the catalog"
        borders.add_row(crossing.dataset, crossing.source, crossing.target, kept)
    say()
    show(borders)
    _print_rest(len(plan.crossings), "crossing")


def _print_forecast(dag: CompiledDag) -> None:
    """Print the predicted makespan of this plan and of others."""
    from kedro_aloft.cli.console import say, show, table
    from kedro_aloft.compiler import forecast_dag

    forecast = forecast_dag(dag)
    seconds = table("predicted seconds", "this plan", "none", "auto", "one task", "no plan is below")
    for case in forecast.cases:
        title = "durations known" if case.unknown_s is None else f"if unknown nodes take {case.unknown_s:g} s"
        figures = (case.planned_s, case.none_s, case.auto_s, case.one_s, case.bound_s)
        seconds.add_row(title, *(f"{figure:.1f}" for figure in figures))
    say()
    show(seconds)
    say(f"Durations of {forecast.known} of {forecast.nodes} nodes are known; {forecast.slots} tasks at a time.")
    if dag.plan.group_by == "auto":
        _print_caution(dag, unknown=forecast.nodes - forecast.known)


def _print_caution(dag: CompiledDag, *, unknown: int) -> None:
    """Say how `auto` treats what it does not know, and that this is its plan for this machine."""
    from kedro_aloft.cli.console import say
    from kedro_aloft.graph.costs import Costs

    if unknown:
        say("A node whose duration is unknown may be long: branches stay side by side while there are slots for them.")
    slots = dag.settings.slots or Costs().slots
    say(f"That is for this machine. DAG files (`create`, `deploy`): {slots} tasks at a time, runs here do not count.")
