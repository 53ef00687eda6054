"""A trial: the same pipeline with `kedro run` and through Airflow, in two copies of the project; then the comparison.

copy the project twice ──▶ run the DAG in one ──▶ `kedro run` in the other ──▶ compare what they left
                                                  └── different? `kedro run` in a third: is a node not deterministic?
                           run the DAG again as the same run ──▶ compare: is it idempotent?
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.compiler import compile_project
from kedro_aloft.contract.keys import CONF_KEY, DEFAULT_HANDOFF_URI
from kedro_aloft.graph.snapshot import DatasetKind, strip_transcoding
from kedro_aloft.render import write_files
from kedro_aloft.render.read import mirrors_of, read_tasks
from kedro_aloft.rules import Severity
from kedro_aloft.settings import effective
from kedro_aloft.testing.copies import copy_code, copy_data, refuse_outside, written
from kedro_aloft.testing.outputs import compare_outputs
from kedro_aloft.testing.reference import run_kedro
from kedro_aloft.testing.throwaway import ThrowAwayAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kedro_aloft.compiler import CompiledDag, Order
    from kedro_aloft.graph.snapshot import Snapshot
    from kedro_aloft.project import Project
    from kedro_aloft.testing.outputs import Comparison
    from kedro_aloft.testing.reference import KedroResult
    from kedro_aloft.testing.throwaway import DagResult

EQUAL, DIFFERENT, FAILED = "equal", "different", "failed"
NOT_DETERMINISTIC, NOT_IDEMPOTENT = "not deterministic", "not idempotent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One persisted output.

    Args:
        dataset: Its name.
        node: The node that writes it.
        verdict: `same bytes`, `same content`, `different`, `not deterministic` (two `kedro run`s differ as well) or
            `not idempotent` (the DAG, run again as the same run, left something else).
        where: The first place that differs; empty when none does, or the whole does.
        kedro, airflow: What is there; empty when nothing differs.
        reason: What follows from it, for people; empty when there is nothing to say.
    """

    dataset: str
    node: str
    verdict: str
    where: str = ""
    kedro: str = ""
    airflow: str = ""
    reason: str = ""

    @property
    def equal(self) -> bool:
        """Whether Airflow left what `kedro run` left."""
        return self.verdict.startswith("same")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """What a trial of one pipeline showed.

    Args:
        pipeline, dag_id: What was tried.
        airflow: How the DAG run ended, the second one when it ran twice.
        runs: How often the DAG ran.
        kedro: How `kedro run` ended.
        datasets: Every persisted output; none when a run failed.
    """

    pipeline: str
    dag_id: str
    airflow: DagResult
    kedro: KedroResult
    runs: int = 1
    datasets: tuple[Verdict, ...] = ()

    @property
    def state(self) -> str:
        """`equal`, `different` or `failed`."""
        if {self.airflow.state, self.kedro.state} != {"success"}:
            return FAILED
        return EQUAL if all(one.equal for one in self.datasets) else DIFFERENT

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        return {
            "pipeline": self.pipeline,
            "dag_id": self.dag_id,
            "state": self.state,
            "airflow": {
                "state": self.airflow.state,
                "runs": self.runs,
                "seconds": self.airflow.seconds,
                "tasks": [
                    {"id": name, "state": state, "failure": self.airflow.failures.get(name)}
                    for name, state in self.airflow.tasks.items()
                ],
                "nodes": [{"name": name, "state": state} for name, state in self.airflow.nodes.items()],
            },
            "kedro": {"state": self.kedro.state, "seconds": self.kedro.seconds},
            "datasets": [{name: getattr(one, name) for name in Verdict.__dataclass_fields__} for one in self.datasets],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to try.

    Args:
        project: The project; nothing in it is written.
        order: The pipelines, as for any other command.
        data: A folder whose files go over `data/` of the copies.
        twice: Whether to run each DAG again as the same run.
        tell: Called with each step that is done.
    """

    project: Project
    order: Order
    data: Path | None = None
    twice: bool = False
    tell: Callable[[str], None] = field(default=lambda _text: None)

    def run(self) -> tuple[TrialReport, ...]:
        """Run it; return one report per pipeline, up to the first that is not equal.

        Raises:
            UsageError: If a pipeline writes outside of the project, or no Airflow is installed.
            ProjectError: If data that it reads is missing.
        """
        with tempfile.TemporaryDirectory(prefix="kedro-aloft-test-") as scratch:
            bench = Bench(Path(scratch), self.project, self.order, data=self.data)
            with bench.airflow() as airflow:
                return self._run(bench, airflow)

    def _run(self, bench: Bench, airflow: ThrowAwayAirflow) -> tuple[TrialReport, ...]:
        reference = bench.copy("kedro")
        reports: list[TrialReport] = []
        for number in range(len(bench.compiled)):
            reports.append(self._try(bench, airflow, reference, number))
            if reports[-1].state != EQUAL:
                break
        return tuple(reports)

    def _try(self, bench: Bench, airflow: ThrowAwayAirflow, reference: Project, number: int) -> TrialReport:
        dag, moment = bench.compiled[number], datetime.now(timezone.utc)
        result = bench.run_dag(airflow, dag, moment)
        tasks = "1 task" if len(result.tasks) == 1 else f"{len(result.tasks)} tasks"
        self.tell(f"DAG '{dag.dag_id}': {result.state} in {result.seconds:.1f} s, {tasks}")
        kedro = bench.run_kedro(reference, dag, result)
        self.tell(f"kedro run: {kedro.state} in {kedro.seconds:.1f} s")
        report = TrialReport(pipeline=dag.plan.pipeline, dag_id=dag.dag_id, airflow=result, kedro=kedro)
        if report.state == FAILED:
            return report
        found = bench.compare(reference, dag, result)
        verdicts = self._explain(bench, reference, number, result, found)
        if not self.twice:
            return replace(report, datasets=verdicts)
        again = bench.run_dag(airflow, dag, moment)
        self.tell(f"DAG '{dag.dag_id}' again, as the same run: {again.state} in {again.seconds:.1f} s")
        report = replace(report, airflow=again, runs=2)
        if again.state != "success":
            return report
        second = bench.compare(reference, dag, result)
        return replace(report, datasets=tuple(map(_after_both, verdicts, second)))

    def _explain(
        self, bench: Bench, reference: Project, number: int, result: DagResult, found: Sequence[Comparison]
    ) -> tuple[Verdict, ...]:
        """Say of datasets that differ whether Airflow has any part in it."""
        dag = bench.compiled[number]
        unsteady: set[str] = set()
        if not all(one.equal for one in found):
            other = bench.copy("kedro-again")
            for earlier in bench.compiled[: number + 1]:
                bench.run_kedro(other, earlier, result)
            infos = [dag.snapshot.datasets[one.dataset] for one in found if not one.equal]
            compared = compare_outputs(reference, other, infos, pipeline=dag.plan.pipeline)
            unsteady = {one.dataset for one in compared if not one.equal}
            self.tell(f"a second kedro run: {'differs as well' if unsteady else 'equals the first'}")
        return tuple(_verdict(dag.snapshot, one, unsteady) for one in found)


class Bench:
    """The copies of one project, and what is run in them.

    Args:
        scratch: An empty, private directory.
        project: The project; only read.
        order: The pipelines.
        data: A folder whose files go over `data/`.
    """

    def __init__(self, scratch: Path, project: Project, order: Order, *, data: Path | None = None) -> None:
        self._scratch, self._original, self._data = scratch, project, data
        self.on_airflow = self._copy_code("airflow")
        self.compiled = compile_project(self.on_airflow, self._local(order))
        snapshots = [dag.snapshot for dag in self.compiled]
        refuse_outside(snapshots, env=project.env)
        copy_data(project.path, self.on_airflow.path, snapshots, overlay=data)

    def copy(self, name: str) -> Project:
        """Return one more copy of the project, with the data that the pipelines read."""
        copied = self._copy_code(name)
        snapshots = [dag.snapshot for dag in self.compiled]
        copy_data(self._original.path, copied.path, snapshots, overlay=self._data)
        return copied

    def airflow(self) -> ThrowAwayAirflow:
        """Return an Airflow for the DAGs; enter it to start it."""
        names = {
            effective(dag.settings, node.name, tags=node.tags, namespace=node.namespace).executor
            for dag in self.compiled
            for node in dag.snapshot.nodes
        }
        return ThrowAwayAirflow(self._scratch / "home", executors=tuple(sorted(name for name in names if name)))

    def run_dag(self, airflow: ThrowAwayAirflow, dag: CompiledDag, moment: datetime) -> DagResult:
        """Run a DAG in its copy; two runs of one moment are one run.

        The result is without tasks that only show nodes of others: nothing shows them here, they count as done. It has
        all nodes, in the order of the plan.
        """
        source = dag.rendered.source
        write_files(airflow.dags, {dag.file_name: source})
        params = dict(self._original.runtime_params)
        result = airflow.run(dag.dag_id, conf={CONF_KEY: params} if params else {}, run_after=moment)
        mirrors = mirrors_of(read_tasks(source))
        tasks = {name: state for name, state in result.tasks.items() if name not in mirrors}
        nodes = (_node_states(task.nodes, tasks.get(task.id, "none"), result.nodes) for task in dag.plan.tasks)
        return replace(result, tasks=tasks, nodes=dict(pair for pairs in nodes for pair in pairs.items()))

    def run_kedro(self, project: Project, dag: CompiledDag, result: DagResult) -> KedroResult:
        """Run what a DAG ran with `kedro run`, with the parameters that its tasks got."""
        params = result.params or self._original.runtime_params
        return run_kedro(project, dag, params=params, env=result.env_vars)

    def compare(self, reference: Project, dag: CompiledDag, result: DagResult) -> tuple[Comparison, ...]:
        """Compare what a DAG left with what `kedro run` left in another copy."""
        first, second = (replace(each, runtime_params=result.params) for each in (reference, self.on_airflow))
        return compare_outputs(first, second, written(dag.snapshot), pipeline=dag.plan.pipeline)

    def _copy_code(self, name: str) -> Project:
        original = self._original
        path = self._scratch / name / original.path.name
        copy_code(original.path, path)
        source = original.conf_source
        if source and Path(source).is_relative_to(original.path):
            source = str(path / Path(source).relative_to(original.path))
        return replace(original, path=path, conf_source=source)

    def _local(self, order: Order) -> Order:
        """The order with what would reach out of the copy set aside: other places, machines, DAGs and people."""
        own: dict[str, Any] = {
            "project_path": str(self.on_airflow.path),
            "handoff.uri": DEFAULT_HANDOFF_URI,
            "wait_for": [],
            "notify.on_failure": [],
            "notify.on_success": [],
            "notify.on_retry": [],
            "email": [],
            "email_on_failure": False,
            "email_on_retry": False,
        }
        # Findings were shown for the project itself.
        least, overrides = Severity.ERROR, {**order.overrides, **own}
        return replace(order, overrides=overrides, execution="process", for_here=True, least=least)


def _node_states(nodes: Sequence[str], task_state: str, reported: Mapping[str, str]) -> dict[str, str]:
    """The states of a task's nodes: without a report that of the task; long ones leave out nodes that did well."""
    known = any(node in reported for node in nodes)
    missing = "not run" if known and task_state != "success" else task_state
    return {node: reported.get(node, missing) for node in nodes}


def _verdict(snapshot: Snapshot, found: Comparison, unsteady: set[str]) -> Verdict:
    node = snapshot.producers()[strip_transcoding(found.dataset)].name
    if found.difference is None:
        return Verdict(dataset=found.dataset, node=node, verdict=found.how)
    verdict, reason = (
        found.how,
        "two `kedro run`s are equal: look at what crosses between tasks, and what nodes keep in memory",
    )
    if found.dataset in unsteady:
        names = suspects(snapshot, found.dataset, unsteady)
        who = f"node '{names[0]}' is" if len(names) == 1 else f"one of the nodes {_quoted(names)} is"
        verdict, reason = NOT_DETERMINISTIC, f"two `kedro run`s differ as well: {who} not deterministic"
    return _with_difference(Verdict(dataset=found.dataset, node=node, verdict=verdict, reason=reason), found)


def _after_both(first: Verdict, second: Comparison) -> Verdict:
    """What was equal after the first run and is not after the second is the second one's doing."""
    if not first.equal or second.equal:
        return first
    reason = f"node '{first.node}' adds to what is there, or reads it: a retry or a cleared task would, too"
    return _with_difference(replace(first, verdict=NOT_IDEMPOTENT, reason=reason), second)


def _with_difference(verdict: Verdict, found: Comparison) -> Verdict:
    difference = found.difference
    assert difference is not None
    return replace(verdict, where=difference.where, kedro=difference.first, airflow=difference.second)


def suspects(snapshot: Snapshot, dataset: str, unsteady: set[str]) -> tuple[str, ...]:
    """Return the nodes one of which made a dataset differ between two equal runs, in the pipeline's order.

    The node that writes it, and those whose data reach it in memory, unseen. Where these read a persisted dataset that
    differed as well, the search goes on there alone; one that was equal clears all before it.
    """
    differing = {strip_transcoding(name) for name in unsteady}
    nodes, read = _behind(snapshot, strip_transcoding(dataset))
    earlier = read & differing
    if earlier:
        nodes = {name for one in earlier for name in suspects(snapshot, one, unsteady)}
    return tuple(node.name for node in snapshot.nodes if node.name in nodes)


def _behind(snapshot: Snapshot, dataset: str) -> tuple[set[str], set[str]]:
    """The nodes whose data reach a dataset in memory, its own node first, and the persisted datasets that they read."""
    producers = snapshot.producers()
    nodes: set[str] = set()
    persisted: set[str] = set()
    todo = [dataset]
    while todo:
        node = producers.get(todo.pop())
        if node is None or node.name in nodes:
            continue
        nodes.add(node.name)
        for name in node.inputs:
            in_memory = snapshot.datasets[name].kind is DatasetKind.MEMORY
            (todo.append if in_memory else persisted.add)(strip_transcoding(name))
    return nodes, persisted


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
