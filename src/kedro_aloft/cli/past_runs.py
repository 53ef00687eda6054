"""What runs on any Airflow showed, read by its REST API: from our reports where a task left one, else shared out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.cli.history_store import seen_in
from kedro_aloft.cli.outcome import NodeOutcome, Outcome, TaskOutcome
from kedro_aloft.cli.reports import read_report
from kedro_aloft.contract.keys import MIRROR_OPERATOR
from kedro_aloft.graph.costs import Costs, median_history

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kedro_aloft.client import AirflowApi, TaskState
    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.graph.costs import History

Reports = dict[str, dict[str, Any]]

_SHOWING = frozenset({MIRROR_OPERATOR, "EmptyOperator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One successful run: its tasks as Airflow saw them, and the reports that they left, by task id."""

    run_id: str
    tasks: tuple[TaskState, ...]
    reports: Mapping[str, Mapping[str, Any]]


def read_past_runs(api: AirflowApi, dag_id: str, *, most: int) -> tuple[PastRun, ...]:
    """Return the latest successful runs of a DAG, newest first.

    Raises:
        RemoteError: If Airflow does not answer, or does not know the DAG.
    """
    return tuple(_read_run(api, dag_id, run.run_id) for run in api.runs(dag_id, limit=most, state="success"))


def _read_run(api: AirflowApi, dag_id: str, run_id: str) -> PastRun:
    tasks = tasks_at_work(api.tasks(dag_id, run_id))
    reports: Reports = {}
    for task in tasks:
        report = read_report(api, dag_id, run_id, task)
        if report is not None:
            reports[task.task_id] = report
    return PastRun(run_id=run_id, tasks=tasks, reports=reports)


def tasks_at_work(tasks: Iterable[TaskState]) -> tuple[TaskState, ...]:
    """Return those that ran something, and well. A task that only shows a node has its name, and a wait as its time."""
    return tuple(one for one in tasks if one.state == "success" and one.operator not in _SHOWING)


def nodes_by_task(dag: CompiledDag) -> dict[str, tuple[str, ...]]:
    """Return the nodes of each task that may be found in a run: of the plan at hand, and of one node per task."""
    from kedro_aloft.graph.plan import build_plan

    single = build_plan(dag.snapshot, task_groups=dag.settings.task_groups).tasks
    names = {node.name: (node.name,) for node in dag.snapshot.nodes}
    return {**names, **{task.id: task.nodes for task in (*single, *dag.plan.tasks)}}


def history_of(runs: Sequence[PastRun], nodes: Mapping[str, tuple[str, ...]], *, overhead_s: float | None) -> History:
    """Return what runs showed: of each figure the median over the runs.

    Args:
        runs: The runs, newest first.
        nodes: Nodes of each task, for tasks without a report. Such a task's time, less what a task takes by itself,
            is shared out evenly among its nodes.
        overhead_s: What a task takes by itself, when the runs' reports do not tell; None for the planner's guess.
    """
    reported = [seen_in(_outcome(run, nodes), run.reports) for run in runs]
    found = median_history(reported).overhead_s
    beyond = next(known for known in (found, overhead_s, Costs().overhead_s) if known is not None)
    return median_history(
        [
            replace(seen, seconds={**_shared_out(run, nodes, beyond), **seen.seconds})
            for run, seen in zip(runs, reported, strict=True)
        ]
    )


def _outcome(run: PastRun, nodes: Mapping[str, tuple[str, ...]]) -> Outcome:
    """The run as `kedro airflow run` would have seen it; its grouping may be an older one, so the reports count."""
    tasks = []
    for task in run.tasks:
        report = run.reports.get(task.task_id)
        if report is None:
            continue
        names = tuple(node["name"] for node in report["nodes"])
        whole = "cut" not in report or len(names) == len(nodes.get(task.task_id, ()))
        tasks.append(
            TaskOutcome(
                id=task.task_id,
                state=task.state,
                seconds=task.seconds if whole else None,
                tries=task.tries,
                nodes=tuple(NodeOutcome(name=name, state="success") for name in names),
            )
        )
    return Outcome(dag_id="", run_id=run.run_id, state="success", seconds=None, tasks=tuple(tasks))


def _shared_out(run: PastRun, nodes: Mapping[str, tuple[str, ...]], overhead_s: float) -> dict[str, float]:
    return {
        name: max(0.0, task.seconds - overhead_s) / len(nodes[task.task_id])
        for task in run.tasks
        if task.task_id in nodes and task.task_id not in run.reports and task.seconds is not None
        for name in nodes[task.task_id]
    }
