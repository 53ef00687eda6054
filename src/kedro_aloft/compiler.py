"""Compiler: project → snapshot → plan → DAG source, for each pipeline that was ordered. Writes nothing."""

from __future__ import annotations

import shlex
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import PlanError
from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.forecast import build_forecast
from kedro_aloft.graph.grouping import GroupBy, OnCycle, group_connected
from kedro_aloft.graph.plan import build_plan
from kedro_aloft.graph.reasons import alone_reason, border_reasons, explain_tasks, needs_alone
from kedro_aloft.project import MLFLOW, Filters, find_spark
from kedro_aloft.render import Around, dag_id_for, file_name, render_dag
from kedro_aloft.rules import RULES, Severity, Sources, find_problems, sort_findings, split_silenced
from kedro_aloft.settings import (
    BUILT_IMAGE,
    CONTAINER_MODES,
    SPARK_TAG,
    TaskOverride,
    check_execution,
    check_handoff,
    effective_by_name,
    read_settings,
    selects_any,
    with_pod_templates,
)
from kedro_aloft.subjects import build_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from kedro_aloft.graph.costs import History
    from kedro_aloft.graph.forecast import Forecast
    from kedro_aloft.graph.grouping import Group
    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import NodeInfo, Snapshot
    from kedro_aloft.project import Project
    from kedro_aloft.render import RenderedDag
    from kedro_aloft.rules import Finding
    from kedro_aloft.settings import DagSettings, Notice, TaskSettings

DEFAULT_PIPELINE = "__default__"
MISSING_INPUT = "ALOFT-302"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to compile.

    Args:
        pipelines: Registered pipelines; none means `__default__`.
        every_pipeline: All registered pipelines instead.
        filters: Which nodes; each that is given wins over the one of airflow.yml.
        overrides: Settings by dotted key; they win over airflow.yml.
        with_template: Whether unknown settings are variables of a custom template.
        for_here: Whether the pipelines are to run in this environment, so that a missing library is an error.
        least: The lowest severity that is looked for.
        select: Rules to ask, instead of those in airflow.yml.
        ignore: Rules to silence, besides those in airflow.yml.
        target: Kind of the place where the tasks will run (`subjects.TARGETS`); None when nobody said.
        dags_folder: Where the DAG files are, relative to the project.
        execution: One mode for all nodes, whatever the settings say; None leaves it to them.
        histories: What earlier runs taught, by DAG id; `group_by: auto` and the forecast read it.
        peaks_mib: The most memory that nodes took in any earlier run, by DAG id, for the rules; by default that of
            `histories`.
        slots: How many tasks the Airflow runs at the same time, where neither settings nor histories say it.
        renders: Whether DAG files are made at once, so that what is wrong with one stops the command before it acts.
        command: Name of the command.
        command_options: Its options but for the pipelines, as a reader can repeat them.
    """

    pipelines: tuple[str, ...] = ()
    every_pipeline: bool = False
    filters: Filters = field(default_factory=Filters)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    with_template: bool = False
    for_here: bool = False
    least: Severity = Severity.WARNING
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    target: str | None = None
    dags_folder: str = "airflow_dags"
    execution: str | None = None
    histories: Mapping[str, History] = field(default_factory=dict)
    peaks_mib: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    slots: int | None = None
    renders: bool = True
    command: str = "create"
    command_options: str = ""

    def command_for(self, pipeline: str) -> str:
        """Return the command that compiles one of the pipelines alone: its file stays the same with `--all`."""
        name = "" if pipeline == DEFAULT_PIPELINE else shlex.quote(f"--pipelines={pipeline}")
        return " ".join(word for word in ("kedro airflow", self.command, name, self.command_options) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledDag:
    """One pipeline, ready to be written, checked or run.

    Args:
        snapshot, plan, settings: What it was made from.
        dag_id: Airflow id.
        file_name: Name of the DAG file.
        render: Makes the DAG file, once; takes `release` and `releases` of `render_dag`.
        costs: What `group_by: auto` plans with.
        findings: What may go wrong, most severe first.
        silenced: What somebody knows and accepts.
        notices: Old spellings in airflow.yml.
    """

    snapshot: Snapshot
    plan: Plan
    settings: DagSettings
    dag_id: str
    file_name: str
    render: Callable[..., RenderedDag] = field(repr=False, compare=False)
    costs: Costs = field(default_factory=Costs)
    findings: tuple[Finding, ...] = ()
    silenced: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def rendered(self) -> RenderedDag:
        """The source text of the DAG file, and its fingerprint."""
        return self.render()


def compile_project(
    project: Project, order: Order, *, left_out: Callable[[str, PlanError], None] | None = None
) -> tuple[CompiledDag, ...]:
    """Compile every ordered pipeline; all or none.

    Args:
        project: The opened project.
        order: What to compile.
        left_out: Called, when all pipelines are ordered, with each one that cannot run alone: it reads what only
            another pipeline makes, in memory. Without it such a pipeline is an error, as it is when it is named.

    Raises:
        AloftError: If any of them cannot be compiled.
    """
    names = _pipelines(project, order)
    config, source = project.airflow_config()
    files = Sources(files=project.files)
    compiled = []
    for name in names:
        try:
            compiled.append(_compile(project, name, order, config, source, files))
        except PlanError as error:
            if left_out is None or not order.every_pipeline or error.code != MISSING_INPUT or len(names) == 1:
                raise
            left_out(name, error)
    _refuse_shared_ids(compiled)
    for dag in compiled if order.renders else ():
        _ = dag.rendered
    return tuple(compiled)


def _pipelines(project: Project, order: Order) -> tuple[str, ...]:
    if order.every_pipeline:
        return project.every_pipeline()
    return project.resolve_pipelines(order.pipelines or (DEFAULT_PIPELINE,))


def _compile(
    project: Project, name: str, order: Order, config: Mapping[str, Any], source: str, files: Sources
) -> CompiledDag:
    settings, notices = read_settings(
        config,
        pipeline=name,
        pipelines=tuple(project.pipelines),
        source=source,
        overrides={**_conf_source(project), **order.overrides},
        with_template=order.with_template,
    )
    settings = _all_in(order.execution, _with_package(settings, project.path))
    settings = with_pod_templates(_with_used_plugins(settings, project), project=project.path)
    settings = _for_template(order, _with_built_image(settings, project.path))
    snapshot = project.snapshot(name, _filters(order.filters, settings), runtime_params=settings.runtime_params)
    dag_id = dag_id_for(snapshot.package, name, project.env, settings, default_env=project.default_env)
    costs = _costs(settings, order.histories.get(dag_id), order.slots)
    snapshot, spark_groups = with_spark(snapshot, settings, files)
    check_execution(settings, ((node.name, node.tags, node.namespace) for node in snapshot.nodes), source=source)
    plan = plan_snapshot(snapshot, settings, costs=costs, together=spark_groups)
    check_handoff(settings, _crossings(plan, snapshot, settings))
    render = partial(
        render_dag,
        plan,
        settings,
        node_info=snapshot.by_name,
        datasets=snapshot.datasets,
        dag_id=dag_id,
        command=order.command_for(name),
        around=_around(project, snapshot, settings),
    )
    dag = CompiledDag(
        snapshot=snapshot,
        plan=plan,
        settings=settings,
        dag_id=dag_id,
        file_name=file_name(snapshot.package, project.env, name),
        render=cache(render),
        costs=costs,
        notices=notices,
    )
    return _checked(dag, project, order, files)


def _all_in(execution: str | None, settings: DagSettings) -> DagSettings:
    """Let every node run in one mode: the last of several overrides wins."""
    if execution is None:
        return settings
    last = TaskOverride.model_validate({"select": "*", "execution": execution})
    here = settings.spark and settings.spark.model_copy(update={"mode": "local"})
    return settings.model_copy(update={"execution": execution, "tasks": (*settings.tasks, last), "spark": here})


def _for_template(order: Order, settings: DagSettings) -> DagSettings:
    """A template of somebody shows no nodes of a task that runs several: unless a grouping was named, there is none."""
    is_auto = settings.group_by == GroupBy.AUTO.value
    return settings.model_copy(update={"group_by": GroupBy.NONE.value}) if order.with_template and is_auto else settings


def _crossings(
    plan: Plan, snapshot: Snapshot, settings: DagSettings
) -> Iterator[tuple[str, TaskSettings, TaskSettings]]:
    """The datasets that tasks hand over, with what each side demands."""
    demands = _demands(plan, snapshot, settings) if plan.handed_over else {}
    return ((one.dataset, demands[one.source], demands[one.target]) for one in plan.handed_over)


def _demands(plan: Plan, snapshot: Snapshot, settings: DagSettings) -> dict[str, TaskSettings]:
    """What each task demands, by its id: all of its nodes demand the same."""
    first = {task.id: snapshot.by_name[task.nodes[0]] for task in plan.tasks}
    found = effective_by_name(settings, ((node.name, node.tags, node.namespace) for node in first.values()))
    return {task_id: found[node.name] for task_id, node in first.items()}


def _checked(dag: CompiledDag, project: Project, order: Order, files: Sources) -> CompiledDag:
    """Ask the rules about a compiled DAG."""
    subject = build_subject(
        project,
        dag.snapshot,
        dag.plan,
        dag.settings,
        sources=files,
        dag_id=dag.dag_id,
        file_name=dag.file_name,
        render=lambda: dag.rendered.source,
        dags_folder=order.dags_folder,
        target=order.target,
        memory_mib=order.peaks_mib.get(dag.dag_id, dag.costs.memory_mib),
    )
    check = dag.settings.check
    found = find_problems(
        subject,
        locate=lambda one, spot: project.places.locate(one.snapshot, spot),
        select=order.select or check.select,
        least=order.least,
    )
    missing = project.missing_libraries(dag.snapshot) if order.for_here else ()
    findings, silenced = split_silenced(
        (*missing, *found),
        RULES,
        ignored={**check.ignore, **dict.fromkeys(order.ignore, "on the command line")},
        lines=files.lines,
    )
    return replace(dag, findings=sort_findings(findings), silenced=silenced)


def _costs(settings: DagSettings, history: History | None, slots: int | None) -> Costs:
    costs = Costs() if slots is None else Costs(slots=slots)
    costs = costs if history is None else costs.with_history(history)
    return replace(costs, slots=settings.slots or costs.slots, memory_per_slot_mib=settings.memory_per_slot)


def with_spark(snapshot: Snapshot, settings: DagSettings, sources: Sources) -> tuple[Snapshot, tuple[Group, ...]]:
    """Find the nodes that need Spark, where the settings ask for them.

    Returns:
        The snapshot, in which they, and nodes that have to join them, have the tag of Spark; and their groups.
    """
    spark = settings.spark
    if spark is None:
        return snapshot, ()
    found = find_spark(snapshot, sources) if spark.find else {}
    reasons = {node.name: _why_spark(node, spark.select) or found.get(node.name, "") for node in snapshot.nodes}
    groups = group_connected(
        snapshot,
        {name: reason for name, reason in reasons.items() if reason},
        title="spark",
        on_cycle=OnCycle(settings.on_cycle),
        requirements=_requirements(_tagged(snapshot, snapshot.by_name), settings),
    )
    return _tagged(snapshot, {name for group in groups for name in group.nodes}), groups


def _why_spark(node: NodeInfo, select: Collection[str]) -> str:
    """What a person has said of a node."""
    if SPARK_TAG in node.tags:
        return f"tag {SPARK_TAG}"
    return "spark.select" if selects_any(select, node.name, tags=node.tags, namespace=node.namespace) else ""


def _tagged(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    return replace(
        snapshot,
        nodes=tuple(
            replace(node, tags=tuple(sorted({*node.tags, SPARK_TAG}))) if node.name in names else node
            for node in snapshot.nodes
        ),
    )


def plan_snapshot(
    snapshot: Snapshot, settings: DagSettings, *, costs: Costs | None = None, together: Sequence[Group] = ()
) -> Plan:
    """Cut a pipeline into tasks as its settings say."""
    group_by = GroupBy(settings.group_by)
    return build_plan(
        snapshot,
        group_by=group_by,
        on_cycle=OnCycle(settings.on_cycle),
        group_tags=settings.group_tags,
        requirements=(_auto_requirements if group_by is GroupBy.AUTO else _requirements)(snapshot, settings),
        costs=costs,
        together=together,
        task_groups=settings.task_groups,
    )


def forecast_dag(dag: CompiledDag, *, history: History | None = None) -> Forecast:
    """Predict how long the DAG takes, and how long it would with other groupings.

    Args:
        dag: The DAG.
        history: What runs have taught since it was compiled; None for what was known then.
    """
    return build_forecast(
        dag.snapshot,
        [task.nodes for task in dag.plan.tasks],
        costs=dag.costs if history is None else _costs(dag.settings, history, dag.costs.slots),
        requirements=_auto_requirements(dag.snapshot, dag.settings),
        is_auto=dag.plan.group_by == GroupBy.AUTO.value,
    )


def execution_modes(dag: CompiledDag) -> dict[str, str]:
    """Return where the nodes of each task run, by its id: the mode of `execution`."""
    return {task_id: one.execution for task_id, one in _demands(dag.plan, dag.snapshot, dag.settings).items()}


def explain_fusions(dag: CompiledDag) -> dict[str, str]:
    """Return why the nodes of each task share it, by its id: as the plan says it, of `group_by: auto` with figures."""
    tasks = dag.plan.tasks
    if dag.plan.group_by != GroupBy.AUTO.value:
        return {task.id: task.reason for task in tasks}
    needs = _auto_requirements(dag.snapshot, dag.settings)
    reasons = explain_tasks(dag.snapshot, [task.nodes for task in tasks], costs=dag.costs, requirements=needs)
    return {
        task.id: task.reason if "spark: " in task.reason else reason or alone_reason(needs[task.nodes[0]])
        for task, reason in zip(tasks, reasons, strict=True)
    }


def explain_borders(dag: CompiledDag) -> dict[tuple[str, str], str]:
    """Return why two tasks, one waiting for the other, are not one; by their ids, in the plan's order."""
    tasks = dag.plan.tasks
    if dag.plan.group_by != GroupBy.AUTO.value:
        return {(source, task.id): f"group_by: {dag.plan.group_by}" for task in tasks for source in task.upstream}
    borders = border_reasons(
        dag.snapshot,
        [task.nodes for task in tasks],
        costs=dag.costs,
        requirements=_auto_requirements(dag.snapshot, dag.settings),
    )
    return {(tasks[one.source].id, tasks[one.target].id): one.reason for one in borders}


def _requirements(snapshot: Snapshot, settings: DagSettings) -> dict[str, str]:
    return _texts(_wanted(snapshot, settings))


def _auto_requirements(snapshot: Snapshot, settings: DagSettings) -> dict[str, str]:
    """What nodes demand, where `auto` is to choose: some of them a task of their own, which only a person may share."""
    wanted = _wanted(snapshot, settings)
    alone = {id(one): _why_alone(one) for one in wanted.values()}
    return {
        name: needs_alone(text, name, why) if (why := alone[id(wanted[name])]) else text
        for name, text in _texts(wanted).items()
    }


def _why_alone(wanted: TaskSettings) -> str:
    if wanted.execution in CONTAINER_MODES:
        return "container: Airflow cannot show the nodes of one, so each has its own unless `group_by` names a grouping"
    if wanted.timeout is not None:
        return "timeout: it would count for all nodes of a task, so each has its own unless `group_by` names a grouping"
    return ""


def _wanted(snapshot: Snapshot, settings: DagSettings) -> dict[str, TaskSettings]:
    return effective_by_name(settings, ((node.name, node.tags, node.namespace) for node in snapshot.nodes))


def _texts(wanted: Mapping[str, TaskSettings]) -> dict[str, str]:
    texts = {key: one.as_text() for key, one in {id(one): one for one in wanted.values()}.items()}
    return {name: texts[id(one)] for name, one in wanted.items()}


def _conf_source(project: Project) -> dict[str, str]:
    """`--conf-source` as a setting, so that tasks read the same configuration; relative when inside the project."""
    if project.conf_source is None:
        return {}
    path = Path(project.conf_source)
    inside = "://" not in project.conf_source and path.is_relative_to(project.path)
    return {"conf_source": path.relative_to(project.path).as_posix() if inside else project.conf_source}


def _with_used_plugins(settings: DagSettings, project: Project) -> DagSettings:
    """Skip hooks of plugins that do nothing for this project; what airflow.yml says is taken as it is."""
    if "skip_plugin_hooks" in settings.model_fields_set:
        return settings
    skipped = tuple(name for name in settings.skip_plugin_hooks if name not in project.used_plugins)
    return settings.model_copy(update={"skip_plugin_hooks": skipped})


def _with_built_image(settings: DagSettings, project: Path) -> DagSettings:
    """Put the image that was built last in the place of `image: built`."""
    named = (settings.image, *(one.image for one in settings.tasks))
    if BUILT_IMAGE not in named:
        return settings
    from kedro_aloft.images import built_reference

    reference = built_reference(project)
    tasks = tuple(
        one.model_copy(update={"image": reference}) if one.image == BUILT_IMAGE else one for one in settings.tasks
    )
    image = reference if settings.image == BUILT_IMAGE else settings.image
    return settings.model_copy(update={"image": image, "tasks": tasks})


def _around(project: Project, snapshot: Snapshot, settings: DagSettings) -> Around:
    """What is done once per DAG run. Hooks that airflow.yml skips log nothing, so there is no MLflow run either."""
    skipped = {name.replace("_", "-").lower() for name in settings.skip_plugin_hooks}
    return Around(
        mlflow=project.has_mlflow_runs and MLFLOW not in skipped,
        filtered=len(snapshot.nodes) < len(project.pipelines[snapshot.pipeline].nodes),
    )


def _with_package(settings: DagSettings, project: Path) -> DagSettings:
    """Name the folder of the very code that a Spark cluster is to run."""
    spark = settings.spark
    if spark is None or spark.mode != "dataproc" or spark.dataproc.artifacts is None:
        return settings
    from kedro_aloft.images import build_package

    package = build_package(project, init=spark.dataproc.init, post_init=spark.dataproc.post_init)
    place = f"{spark.dataproc.artifacts.rstrip('/')}/{package.tag}"
    dataproc = spark.dataproc.model_copy(update={"artifacts": place})
    return settings.model_copy(update={"spark": spark.model_copy(update={"dataproc": dataproc})})


def _filters(given: Filters, settings: DagSettings) -> Filters:
    """Each filter of the command line wins over the same filter of airflow.yml."""
    names = Filters.__dataclass_fields__
    return Filters(**{name: getattr(given, name) or tuple(getattr(settings.filters, name)) for name in names})


def _refuse_shared_ids(compiled: Sequence[CompiledDag]) -> None:
    for attribute in ("dag_id", "file_name"):
        users: dict[str, list[str]] = defaultdict(list)
        for dag in compiled:
            users[getattr(dag, attribute)].append(dag.plan.pipeline)
        for value, pipelines in users.items():
            if len(pipelines) > 1:
                raise PlanError(
                    f"The pipelines {', '.join(pipelines)} would share the {attribute.replace('_', ' ')} '{value}'.",
                    where="airflow.yml: dag_id",
                    seen="Airflow loads only one of several DAGs with one id",
                    remedy="set `dag_id` in the section of each pipeline, not in `default`",
                    code="ALOFT-320",
                )
