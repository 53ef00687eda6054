"""The calls of a DAG file: the pipeline, the DAG, its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kedro_aloft.contract.keys import PER_RUN
from kedro_aloft.graph.naming import MAX_ID_LENGTH, airflow_id, digest
from kedro_aloft.graph.snapshot import DatasetKind, strip_transcoding
from kedro_aloft.render.around import FINISH_ID, START_ID
from kedro_aloft.render.describe import describe_task
from kedro_aloft.render.form import build_form
from kedro_aloft.render.layout import Call, Name, Text
from kedro_aloft.render.running import as_expressions
from kedro_aloft.render.schedule import build_schedule, duration_call, instant_call
from kedro_aloft.settings.execution import CONTAINER_MODES
from kedro_aloft.settings.models import DagSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo
    from kedro_aloft.render.around import Around
    from kedro_aloft.render.mirrors import Mirrors
    from kedro_aloft.render.running import Running
    from kedro_aloft.settings.models import Notifier, WaitFor

OWN_TAGS = ("kedro", "kedro-aloft")
"""Tags that every DAG of ours has, before those of the settings."""

CLEANUP_ID = "clean_up_handoff"
"""`KedroCleanup`'s own default, used unless a task is called so."""

_MAX_ASSET_LENGTH = 1000
"""For the dataset's part of an asset's name. Source: Airflow 3.0–3.3 Task SDK, `_validate_identifier`: 1500."""

_Arguments = dict[str, Any]


def pipeline_call(plan: Plan, settings: DagSettings, *, around: Around, release: Mapping[str, str]) -> Call:
    """Return `KedroPipeline(...)`: what all tasks share. Values that are everybody's defaults are left out."""
    handoff, usual = settings.handoff, DagSettings()
    values: _Arguments = {
        "conf_source": (settings.conf_source, None),
        "project_path": (settings.project_path, None),
        "selective": (plan.selective, True),
        "handoff": (handoff.uri, usual.handoff.uri),
        "handoff_ttl": (int(handoff.ttl.total_seconds()), int(usual.handoff.ttl.total_seconds())),
        "handoff_keep": (handoff.keep, usual.handoff.keep),
        "runner": (settings.runner, usual.runner),
        "resume": (settings.resume, usual.resume),
        "warm": (settings.warm, usual.warm),
        "skip_plugin_hooks": (tuple(settings.skip_plugin_hooks), tuple(usual.skip_plugin_hooks)),
        "runtime_params": (_plain(settings.runtime_params), {}),
        "load_versions": (_plain(settings.load_versions), {}),
    }
    identity = {"package": plan.package, "pipeline": plan.pipeline, "env": plan.env}
    return open_call(
        "KedroPipeline",
        {
            **identity,
            **release,
            **{key: value for key, (value, default) in values.items() if value != default},
            **around.shared(settings),
        },
    )


def dag_call(plan: Plan, settings: DagSettings, *, shared: Mapping[str, Any], dag_id: str) -> Call:
    """Return `DAG(...)`.

    Args:
        plan: What runs.
        settings: When it runs and whom it tells.
        shared: Arguments of all operators.
        dag_id: Id of the DAG.
    """
    zone = settings.timezone
    form = build_form(plan.parameters, hide=settings.params_hide) if settings.params_form else {}
    optional = {
        "dag_display_name": settings.display_name,
        "end_date": settings.end_date and instant_call(settings.end_date, zone),
        "dagrun_timeout": settings.dagrun_timeout and duration_call(settings.dagrun_timeout),
        "on_failure_callback": _notifiers(settings.notify.on_failure),
        "on_success_callback": _notifiers(settings.notify.on_success),
        # Here and not after the tasks, where a parse would copy it less: a task's copy takes the values of a run, and
        # without one Airflow writes them into the DAG's own parameters, which we need as the defaults to compare with.
        "params": form,
    }
    arguments = {
        "dag_id": dag_id,
        "description": settings.description or f"Kedro pipeline '{plan.pipeline}' of {plan.package}, env '{plan.env}'",
        "schedule": build_schedule(settings),
        "start_date": instant_call(settings.start_date, zone),
        "catchup": settings.catchup,
        "max_active_runs": settings.max_active_runs,
        **{key: value for key, value in optional.items() if value},
        "default_args": _default_args(settings, shared),
        "tags": list(dict.fromkeys([*OWN_TAGS, *settings.tags])),
        "doc_md": Name("DOC"),
    }
    return open_call("DAG", arguments)


def _default_args(settings: DagSettings, shared: Mapping[str, Any]) -> _Arguments:
    arguments: _Arguments = {"owner": settings.owner, **as_expressions(shared)}
    if settings.retry_exponential_backoff:
        arguments["retry_exponential_backoff"] = True
    if settings.depends_on_past:
        arguments["depends_on_past"] = True
    if settings.notify.on_retry:
        arguments["on_retry_callback"] = _notifiers(settings.notify.on_retry)
    if settings.email:
        # Airflow sends both kinds unless told otherwise; without an address the keys would only raise its warnings.
        arguments |= {
            "email": list(settings.email),
            "email_on_failure": settings.email_on_failure,
            "email_on_retry": settings.email_on_retry,
        }
    return arguments


def _notifiers(notifiers: Iterable[Notifier]) -> list[Call]:
    return [Call("notifier", (one.class_path,), tuple(_plain(one.kwargs).items())) for one in notifiers]


def task_call(
    task: Task,
    plan: Plan,
    *,
    group: Sequence[str],
    running: Running,
    nodes: Mapping[str, NodeInfo],
    outlets: Sequence[Call] = (),
    mirrors: Mirrors | None = None,
) -> Call:
    """Return `KedroOperator(...)` for a task, or `fused(...)` when it shows its nodes.

    Args:
        task: The task.
        plan: The plan that has it.
        group: Task groups around it, whose ids Airflow puts before its own.
        running: Arguments from settings.
        nodes: What is known of the nodes, by name.
        outlets: Assets that it updates.
        mirrors: How it shows its nodes; None when it does not.
    """
    prefix = "".join(f"{part}." for part in group)
    optional = {
        "gives": plan.gives(task.id),
        "takes": plan.takes(task.id),
        "pinned": task.pinned,
        "versioned": task.versioned,
        "outlets": outlets,
    }
    arguments = {
        "task_id": task.id.removeprefix(prefix),
        "kedro": Name("kedro"),
        **({"nodes": list(task.nodes)} if mirrors is None else _shown(task, mirrors, prefix)),
        **{key: list(value) for key, value in optional.items() if value},
        **as_expressions(running.own[task.id]),
        "doc_md": Text(describe_task(task, nodes)),
    }
    return open_call("KedroOperator" if mirrors is None else "fused", arguments)


def _shown(task: Task, mirrors: Mirrors, prefix: str) -> _Arguments:
    """Return the arguments of `fused` for nodes; ids only where they are not what `fused` would take itself."""
    ids = {node: task_id for node, task_id in mirrors.ids.items() if task_id != node}
    around = {"gate": mirrors.gate, "done": mirrors.done}
    named = {key: one.removeprefix(prefix) for key, one in around.items() if one != f"{task.id}.{key}"}
    nodes = {node: list(parents) for node, parents in mirrors.parents.items()}
    return {"nodes": nodes, "mirrors": mirrors.mode, **({"ids": ids} if ids else {}), **named}


def asset_calls(task: Task, plan: Plan, datasets: Mapping[str, DatasetInfo]) -> list[Call]:
    """Return `Asset(...)` for each persisted output of a task, sorted: another order would be another DAG version."""
    crossing = {one.dataset: one.handed_over for one in plan.crossings if one.source == task.id}
    kept = {
        strip_transcoding(name)
        for name in task.outputs
        if (datasets[name].kind is DatasetKind.PERSISTED if name in datasets else crossing.get(name) is False)
    }
    return [_asset_call(plan.package, name) for name in sorted(kept)]


def _asset_call(package: str, dataset: str) -> Call:
    """Name an asset as Airflow 3.0 wants it, in ASCII, and not longer than its tables hold."""
    quoted = _shortened(quote(dataset, safe="", errors="surrogatepass"), dataset)
    name = _shortened(dataset, dataset) if dataset.isascii() and dataset.isprintable() else quoted
    return Call("Asset", kwargs=(("name", f"{package}/{name}"), ("uri", f"kedro://{package}/{quoted}")))


def _shortened(text: str, dataset: str) -> str:
    return text if len(text) <= _MAX_ASSET_LENGTH else f"{text[:_MAX_ASSET_LENGTH]}-{digest(dataset)}"


def sensor_calls(waits: Iterable[WaitFor], *, taken: Collection[str]) -> dict[str, Call]:
    """Return `wait_for(...)` for each DAG to wait for, by task id, in their order.

    Args:
        waits: What to wait for.
        taken: Ids of tasks and groups.
    """
    used = set(taken)
    calls: dict[str, Call] = {}
    for wait in waits:
        task_id = free_id("_".join(["wait_for", wait.dag_id, *([wait.task_id] if wait.task_id else [])]), used)
        used.add(task_id)
        calls[task_id] = _sensor_call(wait, task_id)
    return calls


def _sensor_call(wait: WaitFor, task_id: str) -> Call:
    arguments: _Arguments = {"task_id": task_id, "dag_id": wait.dag_id}
    if wait.task_id is not None:
        arguments["external_task_id"] = wait.task_id
    arguments["timeout"] = duration_call(wait.timeout)
    if wait.execution_delta is not None:
        arguments["execution_delta"] = duration_call(wait.execution_delta)
    return open_call("wait_for", arguments)


def cleanup_call(settings: DagSettings, *, taken: Collection[str]) -> tuple[str, Call]:
    """Return the id and the call of the task that removes handed-over data."""
    task_id = free_id(CLEANUP_ID, taken)
    named = {} if task_id == CLEANUP_ID else {"task_id": task_id}
    # Else one failed cleanup would hold up every later run.
    alone = {"depends_on_past": False} if settings.depends_on_past else {}
    return task_id, Call("KedroCleanup", kwargs=tuple({**named, "kedro": Name("kedro"), **alone}.items()))


def around_calls(plan: Plan, settings: DagSettings, *, running: Running, taken: Collection[str]) -> dict[str, Call]:
    """Return the calls of `KedroStart` and of `KedroFinish` by task id, in this order."""
    first = next(task.id for task in plan.tasks if running.demands[task.id].execution not in CONTAINER_MODES)
    ids = free_around_ids(taken)
    calls = {}
    for task_id, usual, starts in zip(ids, (START_ID, FINISH_ID), (True, False), strict=True):
        arguments = {
            **({} if task_id == usual else {"task_id": task_id}),
            "kedro": Name("kedro"),
            **running.around.work(plan, settings),
            **as_expressions({**running.own[first], **around_arguments(settings, starts=starts)}),
            "doc_md": running.around.describe(settings, starts=starts),
        }
        calls[task_id] = open_call("KedroStart" if starts else "KedroFinish", arguments)
    return calls


def around_arguments(settings: DagSettings, *, starts: bool) -> _Arguments:
    """Return the arguments in which the setup and the teardown of a run differ from tasks that run nodes."""
    return {
        # A hook that was called once shall not be called again because another one failed.
        **({"retries": 0} if settings.pipeline_hooks == PER_RUN else {}),
        # Else one failed teardown would hold up every later run.
        **({"depends_on_past": False} if settings.depends_on_past and not starts else {}),
    }


def free_around_ids(taken: Collection[str]) -> tuple[str, str]:
    """Return the ids of the setup and of the teardown of a run."""
    return free_id(START_ID, taken), free_id(FINISH_ID, taken)


def free_id(wanted: str, taken: Collection[str]) -> str:
    """Return a task id that is free: the one that is wanted, or the first with a number behind it."""
    number, free = 2, airflow_id(wanted)
    while free in taken:
        free = airflow_id(
            f"{wanted[: MAX_ID_LENGTH - 20]}-{digest(wanted)}_{number}"
            if len(wanted) > MAX_ID_LENGTH - 20
            else f"{wanted}_{number}"
        )
        number += 1
    return free


def open_call(function: str, arguments: Mapping[str, Any]) -> Call:
    """Return a call with one argument on each line."""
    return Call(function, kwargs=tuple(arguments.items()), open=True)


def _plain(values: Any) -> Any:
    """Return settings' mappings and tuples as the plain dicts and lists that have literals."""
    if hasattr(values, "items"):
        return {key: _plain(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [_plain(value) for value in values]
    return values
