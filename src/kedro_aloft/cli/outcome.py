"""Follow a run and tell how it went, node by node."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.cli.console import marked, stderr, stdout, table, texts
from kedro_aloft.cli.reports import read_report

if TYPE_CHECKING:
    from kedro_aloft.client import AirflowApi, RunResult, TaskState
    from kedro_aloft.compiler import CompiledDag

_ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
_MARKS = {"success": ("✓", "green"), "failed": ("✗", "bold red"), "up_for_retry": ("↻", "yellow")}
_BAR_WIDTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutcome:
    """One node of a run: its state, seconds and rows where known."""

    name: str
    state: str
    seconds: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """One task of a run."""

    id: str
    state: str
    seconds: float | None
    tries: int
    nodes: tuple[NodeOutcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run: its own duration in seconds, its tasks in the plan's order."""

    dag_id: str
    run_id: str
    state: str
    seconds: float | None
    tasks: tuple[TaskOutcome, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        return {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "state": self.state,
            "seconds": self.seconds,
            "tasks": [
                {
                    "id": task.id,
                    "state": task.state,
                    "seconds": task.seconds,
                    "tries": task.tries,
                    "nodes": [{"name": node.name, "state": node.state, "seconds": node.seconds} for node in task.nodes],
                }
                for task in self.tasks
            ],
        }


@dataclass(slots=True)
class Follower:
    """Prints each task as it changes, and what is running now when somebody watches; collects the tasks' reports."""

    api: AirflowApi
    dag: CompiledDag
    run_id: str
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    _running: dict[str, None] = field(default_factory=dict)
    _status: Any = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Follower:  # noqa: PYI034  typing has Self since Python 3.11
        """Show where the run can be watched."""
        stderr().print(f"  {self.api.run_url(self.dag.dag_id, self.run_id)}")
        if stderr().is_terminal:
            self._status = self._stack.enter_context(stderr().status("queued"))
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave no status line behind."""
        self._stack.close()

    def on_change(self, task: TaskState) -> None:
        """Print a task whose state changed."""
        if task.task_id not in {planned.id for planned in self.dag.plan.tasks}:
            self._print_other(task)
            return
        if task.state == "running":
            self._running[task.task_id] = None
        else:
            self._running.pop(task.task_id, None)
        if task.state in _ENDED or task.state == "up_for_retry":
            self._print_ended(task)
        if self._status is not None:
            self._status.update(f"running {', '.join(self._running) or '…'}")

    def _print_other(self, task: TaskState) -> None:
        """Print a task without nodes when it fails: a setup, say, keeps all nodes from running."""
        if task.state not in {"failed", "up_for_retry"}:
            return
        mark, style = _MARKS[task.state]
        again = f"  try {task.tries}, will be tried again" if task.state == "up_for_retry" else ""
        marked(f"  {mark}", style, f"{task.task_id}  failed{again}")
        _print_failure(read_report(self.api, self.dag.dag_id, self.run_id, task))

    def _print_ended(self, task: TaskState) -> None:
        report = self._report(task)
        planned = next(one for one in self.dag.plan.tasks if one.id == task.task_id)
        again = task.state == "up_for_retry"
        for node in _nodes(planned.nodes, task.state, report):
            state = task.state if again and node.state == "failed" else node.state
            mark, style = _MARKS.get(state, ("·", "dim"))
            facts = [node.state, _seconds(node.seconds), f"{node.rows:,} rows" if node.rows is not None else ""]
            if state == "up_for_retry":
                facts.append(f"try {task.tries}, will be tried again")
            marked(f"  {mark}", style, f"{node.name}  {'  '.join(fact for fact in facts if fact)}")
        _print_failure(report)

    def _report(self, task: TaskState) -> dict[str, Any] | None:
        if task.state not in {"success", "failed", "up_for_retry"}:
            return None
        report = read_report(self.api, self.dag.dag_id, self.run_id, task)
        if report is not None:
            self.reports[task.task_id] = report
        return report


def outcome_of(dag: CompiledDag, result: RunResult, reports: dict[str, dict[str, Any]]) -> Outcome:
    """Return the outcome of a finished run; tasks that are no nodes (cleanup, sensors) are left out."""
    states = {task.task_id: task for task in result.tasks}
    tasks = []
    for planned in dag.plan.tasks:
        seen = states.get(planned.id)
        state = seen.state if seen else "none"
        tasks.append(
            TaskOutcome(
                id=planned.id,
                state=state,
                seconds=seen.seconds if seen else None,
                tries=seen.tries if seen else 0,
                nodes=_nodes(planned.nodes, state, reports.get(planned.id)),
            )
        )
    run = result.run
    return Outcome(dag_id=run.dag_id, run_id=run.run_id, state=run.state, seconds=run.seconds, tasks=tuple(tasks))


def print_outcome(outcome: Outcome) -> None:
    """Print a table of all nodes and the last word on the run."""
    longest = max((node.seconds or 0.0 for task in outcome.tasks for node in task.nodes), default=0.0)
    nodes = table("node", "task", "state", "", "seconds", "rows", "task seconds")
    for task in outcome.tasks:
        for node in task.nodes:
            bar = "█" * round(_BAR_WIDTH * (node.seconds or 0.0) / longest) if longest else ""
            rows = f"{node.rows:,}" if node.rows is not None else ""
            cells = (node.name, task.id, node.state, bar, _seconds(node.seconds), rows, _seconds(task.seconds))
            nodes.add_row(*texts(*cells))
    stdout().print(nodes)
    mark, style = _MARKS.get(outcome.state, ("·", "dim"))
    marked(mark, style, f"{outcome.state} in {_seconds(outcome.seconds)}")


def _print_failure(report: dict[str, Any] | None) -> None:
    failure = (report or {}).get("failure")
    if failure:
        stderr().print(f"      {failure['type'].rpartition('.')[2]}: {failure['message']}")


def _nodes(names: tuple[str, ...], task_state: str, report: dict[str, Any] | None) -> tuple[NodeOutcome, ...]:
    """The nodes of a task: as reported; those that the report lacks never started, unless the whole task did well."""
    reported = {node["name"]: node for node in (report or {}).get("nodes", ())}
    outcomes = []
    for name in names:
        node = reported.get(name)
        if node is None:
            state = "not run" if report is not None and task_state != "success" else task_state
            outcomes.append(NodeOutcome(name=name, state=state))
            continue
        rows = [output["rows"] for output in node["outputs"] if output["rows"] is not None]
        outcomes.append(
            NodeOutcome(name=name, state=node["state"], seconds=node["seconds"], rows=max(rows) if rows else None)
        )
    return tuple(outcomes)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"
