"""Compiler: project → snapshot → plan → DAG source, for each pipeline that was ordered. Writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import PlanError
from kedro_aloft.graph.grouping import GroupBy, OnCycle
from kedro_aloft.graph.plan import build_plan
from kedro_aloft.project import Filters
from kedro_aloft.render import dag_id_for, file_name, render_dag
from kedro_aloft.rules import find_problems
from kedro_aloft.settings import effective, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import Snapshot
    from kedro_aloft.project import Project
    from kedro_aloft.render import RenderedDag
    from kedro_aloft.rules import Finding
    from kedro_aloft.settings import DagSettings, Notice

DEFAULT_PIPELINE = "__default__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to compile.

    Args:
        pipelines: Registered pipelines; none means `__default__`.
        every_pipeline: All registered pipelines instead.
        filters: Which nodes; each that is given wins over the one of airflow.yml.
        overrides: Settings by dotted key; they win over airflow.yml.
        template_vars: Whether unknown settings are variables of a custom template.
        command: The command that a reader can repeat.
    """

    pipelines: tuple[str, ...] = ()
    every_pipeline: bool = False
    filters: Filters = field(default_factory=Filters)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    template_vars: bool = False
    command: str = "kedro airflow create"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledDag:
    """One pipeline, ready to be written, checked or run.

    Args:
        snapshot, plan, settings: What it was made from.
        dag_id: Airflow id.
        file_name: Name of the DAG file.
        rendered: Source text and fingerprint.
        findings: What may go wrong, most severe first.
        notices: Old spellings in airflow.yml.
    """

    snapshot: Snapshot
    plan: Plan
    settings: DagSettings
    dag_id: str
    file_name: str
    rendered: RenderedDag
    findings: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()


def compile_project(project: Project, order: Order) -> tuple[CompiledDag, ...]:
    """Compile every ordered pipeline; all or none.

    Raises:
        AloftError: If any of them cannot be compiled.
    """
    names = _pipelines(project, order)
    config, source = project.airflow_config()
    compiled = tuple(_compile(project, name, order, config, source) for name in names)
    _refuse_shared_ids(compiled)
    return compiled


def _pipelines(project: Project, order: Order) -> tuple[str, ...]:
    if order.every_pipeline:
        return tuple(sorted(project.pipelines))
    return project.resolve_pipelines(order.pipelines or (DEFAULT_PIPELINE,))


def _compile(project: Project, name: str, order: Order, config: Mapping[str, Any], source: str) -> CompiledDag:
    settings, notices = read_settings(
        config,
        pipeline=name,
        pipelines=tuple(project.pipelines),
        source=source,
        overrides=order.overrides,
        template_vars=order.template_vars,
    )
    snapshot = project.snapshot(name, _filters(order.filters, settings))
    plan = plan_snapshot(snapshot, settings)
    dag_id = dag_id_for(snapshot.package, name, project.env, settings, default_env=project.default_env)
    return CompiledDag(
        snapshot=snapshot,
        plan=plan,
        settings=settings,
        dag_id=dag_id,
        file_name=file_name(snapshot.package, project.env, name),
        rendered=render_dag(
            plan,
            settings,
            node_info=snapshot.by_name,
            datasets=snapshot.datasets,
            dag_id=dag_id,
            command=order.command,
        ),
        findings=find_problems(snapshot),
        notices=notices,
    )


def plan_snapshot(snapshot: Snapshot, settings: DagSettings) -> Plan:
    """Cut a pipeline into tasks as its settings say."""
    requirements = {
        node.name: effective(settings, node.name, tags=node.tags, namespace=node.namespace).as_text()
        for node in snapshot.nodes
    }
    return build_plan(
        snapshot,
        group_by=GroupBy(settings.group_by),
        on_cycle=OnCycle(settings.on_cycle),
        group_tags=settings.group_tags,
        requirements=requirements,
        task_groups=settings.task_groups,
    )


def _filters(given: Filters, settings: DagSettings) -> Filters:
    """Each filter of the command line wins over the same filter of airflow.yml."""
    names = Filters.__dataclass_fields__
    return Filters(**{name: getattr(given, name) or tuple(getattr(settings.filters, name)) for name in names})


def _refuse_shared_ids(compiled: tuple[CompiledDag, ...]) -> None:
    for attribute in ("dag_id", "file_name"):
        counts = Counter(getattr(dag, attribute) for dag in compiled)
        shared = {value: [dag.plan.pipeline for dag in compiled if getattr(dag, attribute) == value] for value in counts}
        for value, pipelines in shared.items():
            if len(pipelines) > 1:
                raise PlanError(
                    f"The pipelines {', '.join(pipelines)} would share the {attribute.replace('_', ' ')} '{value}'.",
                    where="airflow.yml: dag_id",
                    seen="Airflow loads only one of several DAGs with one id",
                    remedy="set `dag_id` in the section of each pipeline, not in `default`",
                    code="ALOFT-320",
                )
