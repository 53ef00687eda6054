"""The body of the DAG block: tasks in their groups, then the edges."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from kedro_aloft.render.around import before_finish
from kedro_aloft.render.groups import shown_groups
from kedro_aloft.render.layout import INDENT, LINE_LENGTH, Call, Name, lay_out
from kedro_aloft.render.mirrors import plan_mirrors
from kedro_aloft.render.statements import around_calls, asset_calls, cleanup_call, sensor_calls, task_call
from kedro_aloft.render.stock import without_us
from kedro_aloft.render.variables import name_variables
from kedro_aloft.settings.execution import CONTAINER_MODES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo
    from kedro_aloft.render.containers.file import Cluster, Containers
    from kedro_aloft.render.containers.volume import VolumeTasks
    from kedro_aloft.render.running import Running
    from kedro_aloft.settings.models import DagSettings

    _Edge = tuple[tuple[str, ...], list[str]]
    """Ids, and the ids that wait for exactly these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """One `variable = call`, inside task groups."""

    task_id: str
    call: Call
    group: tuple[str, ...] = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """The tasks around those that run nodes; None where there is nothing to do."""

    start: _Statement | None
    finish: _Statement | None
    cleanup: _Statement | None
    cluster: Cluster | None


def build_body(
    plan: Plan,
    settings: DagSettings,
    *,
    running: Running,
    nodes: Mapping[str, NodeInfo],
    datasets: Mapping[str, DatasetInfo],
    containers: Containers,
    reserved: Collection[str],
) -> tuple[str, tuple[Call, ...], tuple[str, ...]]:
    """Return the indented body of the DAG block, without a last newline, the calls in it and its variables."""
    groups = shown_groups(plan)
    taken = _ids_of_plan(plan)
    mirrors = plan_mirrors(plan, settings, running=running, nodes=nodes, groups=groups, taken=taken)
    taken |= {one for task in mirrors.values() for one in task.task_ids}
    sensors = sensor_calls(settings.wait_for, taken=taken)
    frame = _frame(plan, settings, running=running, containers=containers, taken={*taken, *sensors})
    statements = [_Statement(task_id=task_id, call=call) for task_id, call in sensors.items()]
    statements += [] if frame.start is None else [frame.start]
    for task in plan.tasks:
        outlets = asset_calls(task, plan, datasets) if settings.assets else ()
        contained = running.demands[task.id].execution in CONTAINER_MODES
        make = containers.task_call if contained else partial(task_call, mirrors=mirrors.get(task.id))
        call = make(task, plan, group=groups[task.id], running=running, nodes=nodes, outlets=outlets)
        statements.append(_Statement(task_id=task.id, call=call, group=groups[task.id]))
    statements += _of_cluster(frame.cluster)
    statements += [one for one in (frame.finish, frame.cleanup) if one is not None]
    edges = _edges(plan, frame, sensors=tuple(sensors))
    volume = containers.volume_tasks(taken={*taken, *sensors, *(one.task_id for one in statements)})
    if volume is not None:
        edges += _volume_edges(volume, frame if not running.needs_us else None)
        *before, after = _of_volume(volume)
        statements = [*before, *statements, after]
    if not running.needs_us:
        statements = [replace(one, call=without_us(one.call)) for one in statements]
    variables = name_variables({one.task_id: _room(one) for one in statements}, taken=reserved)
    blocks = _blocks(statements, variables, depth=0)
    lines = _edge_lines(edges, variables)
    calls = [statement.call for statement in statements]
    used_groups = [Call("TaskGroup")] if any(groups.values()) else []
    text = "\n\n".join([*blocks, *(["\n".join(lines)] if lines else [])])
    return text, (*calls, *used_groups), tuple(variables.values())


def _ids_of_plan(plan: Plan) -> set[str]:
    """Return the ids of all tasks and of all groups around them."""
    groups = {task.task_group[:depth] for task in plan.tasks for depth in range(1, 1 + len(task.task_group))}
    return {task.id for task in plan.tasks} | {".".join(group) for group in groups}


def _frame(
    plan: Plan, settings: DagSettings, *, running: Running, containers: Containers, taken: Collection[str]
) -> _Frame:
    ours = running.needs_us
    start = finish = cleanup = None
    if running.around.is_needed(settings):
        make = around_calls if ours else containers.around_calls
        (start_id, first), (finish_id, last) = make(plan, settings, running=running, taken=taken).items()
        start = _Statement(task_id=start_id, call=first, suffix="" if ours else ".as_setup()")
        finish = _Statement(task_id=finish_id, call=last, suffix="" if ours else ".as_teardown()")
    if plan.handed_over and not containers.keeps_handoff_in_volume:
        task_id, call = (cleanup_call if ours else containers.cleanup_call)(settings, taken=taken)
        cleanup = _Statement(task_id=task_id, call=call, suffix="" if ours else ".as_teardown()")
    return _Frame(start=start, finish=finish, cleanup=cleanup, cluster=containers.cluster(taken=taken))


def _of_cluster(cluster: Cluster | None) -> list[_Statement]:
    """No `on_failure_fail_dagrun`: with it the teardown would be the run's only leaf, and green hide failed jobs."""
    if cluster is None:
        return []
    return [
        _Statement(task_id=cluster.create, call=cluster.create_call, suffix=".as_setup()"),
        _Statement(task_id=cluster.delete, call=cluster.delete_call, suffix=".as_teardown()"),
    ]


def _of_volume(volume: VolumeTasks) -> list[_Statement]:
    """The tasks of a run's volume, its removal last."""
    return [_Statement(task_id=one, call=call, suffix=suffix) for one, (call, suffix) in volume.calls.items()]


def _volume_edges(volume: VolumeTasks, frame: _Frame | None) -> list[_Edge]:
    """Return what runs after what around the volume; `frame` when its tasks are pods too, of the first task's kind."""
    edges: list[_Edge] = [(before, list(after)) for before, after in volume.edges]
    *_, ready, removal = volume.calls
    if frame is not None and frame.start is not None and frame.finish is not None:
        edges += [((ready,), [frame.start.task_id]), ((frame.finish.task_id,), [removal])]
    return edges


def _room(statement: _Statement) -> int:
    """Return how long the variable may be so that `variable = Function(` fits on its line."""
    return LINE_LENGTH - len(INDENT) * (1 + len(statement.group)) - len(f" = {statement.call.function}(")


def _blocks(statements: Sequence[_Statement], variables: Mapping[str, str], *, depth: int) -> list[str]:
    """Return the statements as text, those of one group together where its first one stands."""
    blocks: dict[str, list[_Statement]] = {}
    for statement in statements:
        inside = len(statement.group) > depth
        key = f"group {statement.group[depth]}" if inside else f"task {statement.task_id}"
        blocks.setdefault(key, []).append(statement)
    return [_block(members, variables, depth=depth) for members in blocks.values()]


def _block(members: Sequence[_Statement], variables: Mapping[str, str], *, depth: int) -> str:
    first, indent = members[0], depth + 1
    if len(first.group) > depth:
        header = lay_out(Call("TaskGroup", (first.group[depth],)), indent=indent, prefix="with ", suffix=":")
        return header + "\n" + "\n\n".join(_blocks(members, variables, depth=depth + 1))
    return lay_out(first.call, indent=indent, prefix=f"{variables[first.task_id]} = ", suffix=first.suffix)


def _edges(plan: Plan, frame: _Frame, *, sensors: Sequence[str]) -> list[_Edge]:
    """Return what runs after what: upstream ids and the ids that wait for exactly these."""
    below: dict[tuple[str, ...], list[str]] = defaultdict(list)
    roots = [task.id for task in plan.tasks if not task.upstream]
    first = roots if frame.start is None else [frame.start.task_id]
    for sensor in sensors:
        below[(sensor,)] += first
    if frame.start is not None:
        below[(frame.start.task_id,)] += roots
    for task in plan.tasks:
        if task.upstream:
            below[task.upstream].append(task.id)
    edges = list(below.items())
    if frame.start is not None and frame.finish is not None:
        # Airflow knows by this edge that the two belong together, and clears them with any task between.
        edges.append(((frame.start.task_id, *before_finish(plan)), [frame.finish.task_id]))
    if frame.cleanup is not None:
        edges.append((_before_cleanup(plan), [frame.cleanup.task_id]))
    return [*edges, *(_cluster_edges(frame.cluster, frame, sensors) if frame.cluster is not None else ())]


def _cluster_edges(cluster: Cluster, frame: _Frame, sensors: Sequence[str]) -> Iterator[_Edge]:
    """A cluster is there before its first task and after its last one, those of the frame that run on it included."""
    start, finish, cleanup = (
        None if one is None else one.task_id for one in (frame.start, frame.finish, frame.cleanup)
    )
    before, after = cluster.there.after, [one for one in (finish, cleanup) if one is not None]
    if not before:
        before = tuple(sensors) if start is None or cluster.has_all else (start,)
    first = [start] if start is not None and cluster.has_all else []
    if before:
        yield before, [cluster.create]
    yield (cluster.create,), [*first, *cluster.there.first, cluster.delete]
    yield (*cluster.there.last, *(after if cluster.has_all else ())), [cluster.delete]
    if cleanup is not None and not cluster.has_all:
        yield (cluster.delete,), [cleanup]


def _before_cleanup(plan: Plan) -> tuple[str, ...]:
    """Tasks without followers, and those that touch the store.

    The leaves alone would not do: a leaf ends at once as `upstream_failed` while another branch still runs.
    """
    followed = {parent for task in plan.tasks for parent in task.upstream}
    touching = {one for crossing in plan.handed_over for one in (crossing.source, crossing.target)}
    return tuple(task.id for task in plan.tasks if task.id not in followed or task.id in touching)


def _edge_lines(edges: Iterable[_Edge], variables: Mapping[str, str]) -> list[str]:
    lines = []
    for upstream, downstream in edges:
        before = [variables[one] for one in upstream]
        after = [variables[one] for one in downstream]
        if len(before) == 1:
            lines.append(_fan_out(before[0], after))
        else:
            lines += [_fan_in(before, one) for one in after]
    return lines


def _fan_out(before: str, after: list[str]) -> str:
    line = f"{INDENT}{before} >> {after[0]}"
    if len(after) == 1 and len(line) <= LINE_LENGTH:
        return line
    return lay_out([Name(one) for one in after], indent=1, prefix=f"{before} >> ")


def _fan_in(before: list[str], after: str) -> str:
    line = f"{INDENT}[{', '.join(before)}] >> {after}"  # variables are ASCII
    if len(line) <= LINE_LENGTH:
        return line
    return lay_out([Name(one) for one in before], indent=1, suffix=f" >> {after}")
