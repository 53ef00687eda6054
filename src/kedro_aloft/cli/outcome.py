"""Follow a run and tell how it went, node by node."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.cli.console import marked, show, stderr, table, tell
from kedro_aloft.cli.journals import nodes_of_run, read_journal
from kedro_aloft.cli.reports import read_report
from kedro_aloft.contract.journal import FAILED, KEPT, OK, RUNNING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.client import AirflowApi, RunResult, TaskState
    from kedro_aloft.contract.journal import NodeEntry

    Entries = dict[str, NodeEntry]

_ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
_MARKS = {
    "success": ("✓", "green"),
    "kept": ("✓", "dim"),
    "failed": ("✗", "bold red"),
    "up_for_retry": ("↻", "yellow"),
}
_STATES = {OK: "success", FAILED: "failed", RUNNING: "running", KEPT: "kept"}
_BAR_WIDTH = 12
_PAUSE_S = 1.0
"""Between two looks at the journals of running tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutcome:
    """One node of a run, figures where known.

    Args:
        name: Node name.
        state: Of the task (`success`, `failed` …), `not run`, or `kept`: done in an earlier try and not run again.
        seconds: Wall time.
        rows: Rows of its largest output.
        bytes: Size of its outputs together.
        peak_memory_mib: Highest resident memory of its process up to its end.
        outputs: Where each dataset went, by name: `catalog`, `handoff`, `memory`.
    """

    name: str
    state: str
    seconds: float | None = None
    rows: int | None = None
    bytes: int | None = None
    peak_memory_mib: float | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        outputs = [{"name": name, "kept_in": place} for name, place in self.outputs.items()]
        return {**asdict(self), "outputs": outputs}


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
                    "nodes": [node.to_dict() for node in task.nodes],
                }
                for task in self.tasks
            ],
        }


@dataclass(slots=True)
class Follower:
    """Prints each node as it ends, and what is running now when somebody watches; collects the tasks' reports.

    Args:
        api: The Airflow.
        dag_id: Id of the DAG.
        nodes: Nodes of each task, by its id.
        run_id: Id of the run.
        mirrors: Tasks that only show nodes of others, which tell of them.
    """

    api: AirflowApi
    dag_id: str
    nodes: Mapping[str, tuple[str, ...]]
    run_id: str
    mirrors: frozenset[str] = frozenset()
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    journals: dict[str, Entries] = field(default_factory=dict)
    _running: dict[str, None] = field(default_factory=dict)
    _printed: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    _look_at: float = 0.0
    _status: Any = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Follower:  # noqa: PYI034  typing has Self since Python 3.11
        """Show where the run can be watched."""
        tell(f"  {self.api.run_url(self.dag_id, self.run_id)}")
        if stderr().is_terminal:
            self._status = self._stack.enter_context(stderr().status("queued"))
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave no status line behind."""
        self._stack.close()

    def on_look(self, tasks: tuple[TaskState, ...]) -> None:
        """Print what nodes of running tasks did, from time to time."""
        if time.monotonic() < self._look_at:
            return
        several = {task_id: nodes for task_id, nodes in self.nodes.items() if len(nodes) > 1}
        running = [task for task in tasks if task.state == "running" and task.task_id in several]
        found = nodes_of_run(self.api, self.dag_id, self.run_id, running)
        self._look_at = time.monotonic() + _PAUSE_S
        for task in running:
            for node in _nodes(several[task.task_id], "running", None, found.get(task.task_id)):
                if node.state in {"success", "kept"}:
                    self._print_node(task, node)
        self._show_running(found)

    def _show_running(self, found: Mapping[str, Entries]) -> None:
        if self._status is not None:
            busy = {
                task: [name for name, one in nodes.items() if one.state == RUNNING] for task, nodes in found.items()
            }
            words = [f"{task} ({', '.join(busy[task])})" if busy.get(task) else task for task in self._running]
            self._status.update(f"running {', '.join(words) or '…'}")

    def on_change(self, task: TaskState) -> None:
        """Print a task whose state changed."""
        if task.task_id not in self.nodes:
            self._print_other(task)
            return
        if task.state == "running":
            self._running[task.task_id] = None
        else:
            self._running.pop(task.task_id, None)
        if task.state in _ENDED or task.state == "up_for_retry":
            self._print_ended(task)
        self._show_running({})

    def _print_other(self, task: TaskState) -> None:
        """Print a task without nodes when it fails: a setup, say, keeps all nodes from running."""
        if task.state not in {"failed", "up_for_retry"} or task.task_id in self.mirrors:
            return
        mark, style = _MARKS[task.state]
        again = f"  try {task.tries}, will be tried again" if task.state == "up_for_retry" else ""
        marked(f"  {mark}", style, f"{task.task_id}  failed{again}")
        _print_failure(read_report(self.api, self.dag_id, self.run_id, task))

    def _print_ended(self, task: TaskState) -> None:
        report = self._report(task)
        names = self.nodes[task.task_id]
        for node in _nodes(names, task.state, report, self._journal(task, len(names))):
            self._print_node(task, node)
        _print_failure(report)

    def _print_node(self, task: TaskState, node: NodeOutcome) -> None:
        """Print a node once per try."""
        printed = self._printed.setdefault((task.task_id, task.tries), set())
        if node.name in printed:
            return
        printed.add(node.name)
        state = task.state if task.state == "up_for_retry" and node.state == "failed" else node.state
        mark, style = _MARKS.get(state, ("·", "dim"))
        facts = [node.state, _seconds(node.seconds), f"{node.rows:,} rows" if node.rows is not None else ""]
        if state == "up_for_retry":
            facts.append(f"try {task.tries}, will be tried again")
        marked(f"  {mark}", style, f"{node.name}  {'  '.join(fact for fact in facts if fact)}")

    def _journal(self, task: TaskState, nodes: int) -> Entries | None:
        """What the journal says of a task that ended: all that is known of one that was killed."""
        if nodes == 1 or task.state not in {"success", "failed", "up_for_retry"}:
            return None
        journal = read_journal(self.api, self.dag_id, self.run_id, task)
        self.journals[task.task_id] = {} if journal is None else dict(journal.nodes)
        return self.journals[task.task_id]

    def _report(self, task: TaskState) -> dict[str, Any] | None:
        if task.state not in {"success", "failed", "up_for_retry"}:
            return None
        report = read_report(self.api, self.dag_id, self.run_id, task)
        if report is not None:
            self.reports[task.task_id] = report
        return report


def outcome_of(
    nodes: Mapping[str, tuple[str, ...]],
    result: RunResult,
    reports: Mapping[str, dict[str, Any]],
    journals: Mapping[str, Entries] | None = None,
) -> Outcome:
    """Return the outcome of a finished run; tasks that are no nodes (cleanup, sensors) are left out.

    Args:
        nodes: Nodes of each task by its id, in the order of the outcome.
        result: The run and its tasks.
        reports, journals: What the tasks left, by their ids.
    """
    states = {task.task_id: task for task in result.tasks}
    tasks = []
    for task_id, names in nodes.items():
        seen = states.get(task_id)
        state = seen.state if seen else "none"
        tasks.append(
            TaskOutcome(
                id=task_id,
                state=state,
                seconds=seen.seconds if seen else None,
                tries=seen.tries if seen else 0,
                nodes=_nodes(names, state, reports.get(task_id), (journals or {}).get(task_id)),
            )
        )
    run = result.run
    return Outcome(dag_id=run.dag_id, run_id=run.run_id, state=run.state, seconds=run.seconds, tasks=tuple(tasks))


def print_outcome(outcome: Outcome) -> None:
    """Print a table of all nodes and the last word on the run."""
    longest = max((node.seconds or 0.0 for task in outcome.tasks for node in task.nodes), default=0.0)
    nodes = table("node", "task", "state", "", "seconds", "rows", "size", "peak", "outputs in", "task seconds")
    for task in outcome.tasks:
        for node in task.nodes:
            bar = "█" * round(_BAR_WIDTH * (node.seconds or 0.0) / longest) if longest else ""
            rows = f"{node.rows:,}" if node.rows is not None else ""
            peak = "" if node.peak_memory_mib is None else f"{node.peak_memory_mib:,.0f} MiB"
            places = ", ".join(sorted(set(node.outputs.values())))
            figures = (_seconds(node.seconds), rows, _size(node.bytes), peak, places, _seconds(task.seconds))
            nodes.add_row(node.name, task.id, node.state, bar, *figures)
    show(nodes)
    mark, style = _MARKS.get(outcome.state, ("·", "dim"))
    marked(mark, style, f"{outcome.state} in {_seconds(outcome.seconds)}")


def _print_failure(report: dict[str, Any] | None) -> None:
    failure = (report or {}).get("failure")
    if failure:
        tell(f"      {failure['type'].rpartition('.')[2]}: {failure['message']}")


def _nodes(
    names: tuple[str, ...], task_state: str, report: dict[str, Any] | None, journal: Entries | None
) -> tuple[NodeOutcome, ...]:
    """The nodes of a task: as reported, else as its journal has them, else as the whole task is.

    Those that report or journal lack never started, unless the whole task did well.
    """
    reported = {node["name"]: node for node in (report or {}).get("nodes", ())}
    known = report is not None or bool(journal)
    missing = "not run" if known and task_state != "success" else task_state
    outcomes = []
    for name in names:
        if name in reported and not (journal and reported[name]["state"] == "kept"):  # the journal knows its figures
            outcomes.append(_reported(reported[name]))
        elif journal and name in journal:
            outcomes.append(_journalled(name, journal[name], task_state))
        else:
            outcomes.append(NodeOutcome(name=name, state=missing))
    return tuple(outcomes)


def _reported(node: dict[str, Any]) -> NodeOutcome:
    rows = [output["rows"] for output in node["outputs"] if output["rows"] is not None]
    sizes = [output["bytes"] for output in node["outputs"] if output["bytes"] is not None]
    return NodeOutcome(
        name=node["name"],
        state=node["state"],
        seconds=node["seconds"],
        rows=max(rows, default=None),
        bytes=sum(sizes) if sizes else None,
        peak_memory_mib=node["peak_memory_mib"],
        outputs={output["name"]: output["kept_in"] for output in node["outputs"]},
    )


def _journalled(name: str, entry: NodeEntry, task_state: str) -> NodeOutcome:
    """A node that still runs although its task has ended was killed with it."""
    state = "failed" if entry.state == RUNNING and task_state in _ENDED | {"up_for_retry"} else _STATES[entry.state]
    return NodeOutcome(
        name=name,
        state=state,
        seconds=entry.seconds,
        rows=entry.rows,
        bytes=entry.bytes,
        peak_memory_mib=entry.peak,
        outputs=entry.outputs,
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _size(value: int | None) -> str:
    """Bytes in the largest unit in which there is at least one."""
    if value is None:
        return ""
    size, units = float(value), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    for larger in units:
        if size < _KIB:
            break
        size, unit = size / _KIB, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


_KIB = 1024
