"""fused: one task that runs many nodes, with a task to the eye for each of them.

    [before] >> runner (setup) >> gate >> mirrors, with the edges of their nodes >> done (teardown) >> [after]

The runner is a setup and `done` its teardown, so that Airflow clears both with any mirror, and so that the run fails
when the runner fails. The gate is there because Airflow allows nothing but `all_success` right after a setup, and
mirrors start with the DAG run; it is a teardown too, so that it is cleared with the others.
docs/explanation/fused-tasks.md says why it is so.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.definitions._internal.mixins import DependencyMixin
from airflow.sdk.definitions.param import ParamsDict

from kedro_aloft.airflow.operator import KedroOperator
from kedro_aloft.contract.keys import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow.sdk import BaseOperator

    from kedro_aloft.airflow.pipeline import KedroPipeline

_QUIET: dict[str, Any] = {
    "retries": 0,
    "depends_on_past": False,
    "on_failure_callback": None,
    "on_retry_callback": None,
    "on_success_callback": None,
    "on_skipped_callback": None,
    "on_execute_callback": None,
}
"""What `default_args` say of tasks that run something; with a callback Airflow would start a worker for these."""


_ALWAYS: Any = "always"
"""Airflow 3.0 has no public name for the rule."""


class Fused(DependencyMixin):
    """A fused task as other tasks see it: what is before it is before its runner, what is after it is after `done`.

    Args:
        runner: The task that runs the nodes.
        mirrors: The tasks that show them, by node.
        done: The teardown.
    """

    def __init__(self, runner: KedroOperator, mirrors: Mapping[str, BaseOperator], done: BaseOperator) -> None:
        self.runner = runner
        self.mirrors = mirrors
        self.done = done

    @property
    def roots(self) -> Sequence[DependencyMixin]:
        """The task that waits for what is before."""
        return [self.runner]

    @property
    def leaves(self) -> Sequence[DependencyMixin]:
        """The task that what is after waits for."""
        return [self.done]

    def set_upstream(self, other: Any, edge_modifier: Any = None) -> None:
        """Run after other tasks."""
        self.runner.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: Any = None) -> None:
        """Run before other tasks."""
        self.done.set_downstream(other, edge_modifier)


def fused(
    *,
    task_id: str,
    kedro: KedroPipeline,
    nodes: Mapping[str, Sequence[str]],
    mirrors: str = LIVE,
    ids: Mapping[str, str] | None = None,
    gate: str | None = None,
    done: str | None = None,
    **kwargs: Any,
) -> Fused:
    """Return a task that runs nodes in one process, and the tasks that show them.

    Args:
        task_id: Id of the task that runs the nodes.
        kedro: What all tasks of the DAG share.
        nodes: Each node in the order of the run, with those of these nodes that it waits for.
        mirrors: `live` shows each node as it runs, without workers, where Airflow is 3.3 or newer and has a triggerer;
            `static`, and older Airflow, shows them when all of them have succeeded.
        ids: Task ids of nodes that cannot be called by their names, complete with the task group.
        gate, done: Ids of the tasks before and after the mirrors, if not `<task_id>.gate` and `<task_id>.done`.
        kwargs: Any other argument of `KedroOperator`.
    """
    named = {"task_display_name": f"{task_id} ({len(nodes)} node{'' if len(nodes) == 1 else 's'})", **kwargs}
    runner = KedroOperator(task_id=task_id, kedro=kedro, nodes=tuple(nodes), **named)
    prefix = runner.task_id.removesuffix(task_id)
    labels = {node: (ids or {}).get(node, node).removeprefix(prefix) for node in nodes}
    live = mirrors == LIVE and _can_be_live()
    with _without_params(runner):
        entry = _empty(gate or f"{task_id}.gate", "nodes of", task_id, "What follows shows them one by one.")
        shown = _live(labels, runner) if live else _static(labels)
        end = _empty(done or f"{task_id}.done", "end of", task_id, "This ends as it ended; later tasks wait for this.")
    runner.mirrors = {node: task.task_id for node, task in shown.items()}
    runner.as_setup()  # type: ignore[no-untyped-call]
    entry.as_teardown(setups=[runner])
    if not live:
        # Its mirrors wait for the runner, their setup. If it waited, too, that would be one loop of the scheduler more.
        entry.trigger_rule = _ALWAYS
    _link(shown, nodes, entry, end, to_all=not live)
    end.as_teardown(setups=[runner], on_failure_fail_dagrun=True)
    return Fused(runner, shown, end)


def _empty(task_id: str, words: str, runner: str, doc: str) -> EmptyOperator:
    """A task that runs nothing, with a name and a page for people, who would guess little from its id."""
    said = f"Runs nothing: `{runner}` runs the nodes. {doc}\n"
    return EmptyOperator(task_id=task_id, task_display_name=f"{words} {runner}", doc_md=said, **_QUIET)


@contextlib.contextmanager
def _without_params(task: BaseOperator) -> Iterator[None]:
    """Make tasks that have no parameters.

    Airflow copies those of the DAG into each task, and reads all copies again, in two processes, for each mirror that
    starts (3.3.2): with 100 mirrors and 30 parameters that is 25 ms each time, and 5 without. Source: measured.
    """
    dag = task.dag
    kept, dag.params = dag.params, ParamsDict()
    try:
        yield
    finally:
        dag.params = kept


def _can_be_live() -> bool:
    from kedro_aloft.compat import has_workerless_tasks

    return has_workerless_tasks()


def _live(labels: Mapping[str, str], runner: BaseOperator) -> dict[str, BaseOperator]:
    from kedro_aloft.airflow.mirror import KedroMirror

    return {node: KedroMirror(task_id=label, node=node, runner_id=runner.task_id) for node, label in labels.items()}


def _static(labels: Mapping[str, str]) -> dict[str, BaseOperator]:
    return {node: EmptyOperator(task_id=label, trigger_rule="one_success", **_QUIET) for node, label in labels.items()}


def _link(
    shown: Mapping[str, BaseOperator],
    nodes: Mapping[str, Sequence[str]],
    entry: BaseOperator,
    end: BaseOperator,
    *,
    to_all: bool,
) -> None:
    """Draw the edges of the nodes. Static mirrors wait for the gate alone: along the nodes each hop would take 1 s."""
    followed = {parent for parents in nodes.values() for parent in parents}
    for node, parents in nodes.items():
        if parents:
            shown[node].set_upstream([shown[parent] for parent in parents])
        if to_all or not parents:
            shown[node].set_upstream(entry)
        if node not in followed:
            shown[node].set_downstream(end)
