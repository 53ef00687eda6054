"""A compiled DAG as the rules see it: the only place that knows settings, project and rules at once."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from kedro_aloft.render import uses_data_interval
from kedro_aloft.rules import SettingsView, Sources, Subject, Target, TaskView
from kedro_aloft.settings import Every, OnAssets, cron_gaps, effective, unused_overrides
from kedro_aloft.settings.quantity import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import NodeInfo, Snapshot
    from kedro_aloft.project import Project
    from kedro_aloft.settings import DagSettings, TaskSettings

TARGETS: Mapping[str, bool] = {"one-machine": False, "several-machines": True, "containers": True}
"""Kinds of places where tasks run → whether they share no disk."""


def build_subject(
    project: Project,
    snapshot: Snapshot,
    plan: Plan,
    settings: DagSettings,
    *,
    sources: Sources,
    dag_id: str,
    file_name: str,
    render: Callable[[], str],
    dags_folder: str = "airflow_dags",
    target: str | None = None,
    memory_mib: Mapping[str, float] | None = None,
) -> Subject:
    """Return what rules may ask of a DAG. What costs time is done when a rule asks."""
    return Subject(
        snapshot=snapshot,
        plan=plan,
        settings=view_settings(settings, snapshot),
        sources=sources,
        target=None if target is None else Target(name=target, several_machines=TARGETS[target]),
        dag_id=dag_id,
        file_name=file_name,
        dags_folder=dags_folder,
        render=render,
        now=datetime.now(timezone.utc),
        task_view=_task_views(settings),
        memory_mib=memory_mib or {},
        other_pipelines=functools.partial(_other_pipelines, project, snapshot),
    )


def view_settings(settings: DagSettings, snapshot: Snapshot) -> SettingsView:
    """Return the settings in plain types."""
    schedule = settings.schedule
    nodes = ((node.name, node.tags, node.namespace) for node in snapshot.nodes)
    unused = [text.removeprefix("tasks[").partition("].select: ") for text in unused_overrides(settings, nodes)]
    asks = uses_data_interval(settings)
    by_clock = isinstance(schedule, str) and schedule not in ("@once", "@continuous")
    return SettingsView(
        written=frozenset(settings.model_fields_set),
        schedule=schedule if isinstance(schedule, str) else None,
        every_s=schedule.every.total_seconds() if isinstance(schedule, Every) else None,
        assets=schedule.assets if isinstance(schedule, OnAssets) else (),
        asks_for_interval=asks,
        covers_interval=asks and by_clock,
        timezone=settings.timezone,
        start_date=settings.start_date,
        end_date=settings.end_date,
        catchup=settings.catchup,
        max_active_runs=settings.max_active_runs,
        dagrun_timeout_s=_seconds(settings.dagrun_timeout),
        depends_on_past=settings.depends_on_past,
        handoff_uri=settings.handoff.uri,
        runtime_params=settings.runtime_params,
        env_vars=settings.env_vars,
        load_versions=settings.load_versions,
        project_path=settings.project_path,
        conf_source=settings.conf_source,
        notifies=bool(settings.notify.on_failure) or (settings.email_on_failure and bool(settings.email)),
        override_tasks=tuple(
            (task.select, {key: getattr(task, key) for key in sorted(task.changes)}) for task in settings.tasks
        ),
        unused_selectors=tuple((int(index), selector) for index, _, selector in unused),
        runner=settings.runner,
        mirrors=settings.mirrors,
        slots=settings.slots,
        memory_per_slot_mib=settings.memory_per_slot,
        ignored=tuple(settings.check.ignore),
        selected=settings.check.select,
        cron_gaps_s=cron_gaps(schedule) if by_clock and isinstance(schedule, str) else None,
    )


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _task_views(settings: DagSettings) -> Callable[[NodeInfo], TaskView]:
    if not settings.tasks and not settings.resource_profiles and settings.spark is None:
        one = _view(effective(settings, ""), settings)
        return lambda _: one
    return lambda node: _view(effective(settings, node.name, tags=node.tags, namespace=node.namespace), settings)


def _view(task: TaskSettings, settings: DagSettings) -> TaskView:
    profile = settings.resource_profiles.get(task.resource_profile or "")
    pods = task.kubernetes
    return TaskView(
        retries=task.retries,
        retry_delay_s=task.retry_delay.total_seconds(),
        timeout_s=_seconds(task.timeout),
        pool=task.pool,
        pool_slots=task.pool_slots,
        queue=task.queue,
        executor=task.executor,
        execution=task.execution,
        disk=_disk(task),
        image=task.image,
        resource_profile=task.resource_profile,
        requests=_amounts(profile.requests) if profile else (),
        limits=_amounts(profile.limits) if profile else (),
        has_template=pods is not None and pods.pod_template is not None,
        claim_modes=pods.volume.access_modes if pods is not None and pods.volume is not None else (),
        env_vars=task.env_vars,
    )


def _amounts(quantities: Mapping[str, str]) -> tuple[tuple[str, float], ...]:
    return tuple((name, amount(quantity)) for name, quantity in sorted(quantities.items()))


def _disk(task: TaskSettings) -> str:
    """What becomes of files that a task writes below the project; see `TaskView.disk`."""
    if task.execution == "docker":
        return "kept" if task.docker and task.docker.mounts else "none"
    if task.execution in ("kubernetes", "gke"):
        if task.kubernetes is None or task.kubernetes.pod_template is not None:
            return "unknown"
        return "run" if task.kubernetes.volume is not None else "none"
    if task.execution == "dataproc":
        return "none"
    return "unknown" if task.execution in ("ecs", "custom") else "kept"


def _other_pipelines(project: Project, snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """What the registered pipelines write that have no node of this one."""
    mine = set(snapshot.by_name)
    return {
        name: frozenset(pipeline.all_outputs())
        for name, pipeline in sorted(project.pipelines.items())
        if mine.isdisjoint(node.name for node in pipeline.nodes)
    }
