"""Plan: how a pipeline is cut into Airflow tasks. A value: everything after planning reads it, nothing changes it."""

from __future__ import annotations

import hashlib
import json
import operator
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import PlanError
from kedro_aloft.graph.algorithms import strongly_connected, topological_order
from kedro_aloft.graph.grouping import GroupBy, OnCycle, group_nodes
from kedro_aloft.graph.naming import MAX_ID_LENGTH, airflow_id, digest
from kedro_aloft.graph.snapshot import DatasetKind, Parameter, is_parameter, strip_transcoding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kedro_aloft.graph.costs import Costs
    from kedro_aloft.graph.grouping import Group
    from kedro_aloft.graph.snapshot import NodeInfo, Snapshot

SCHEMA_VERSION = 1
_HASH_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One Airflow task.

    Args:
        id: Airflow task id, with the ids of its task groups as dotted prefix.
        nodes: Names of the Kedro nodes that it runs, in order.
        upstream: Ids of the tasks that must succeed first, in the plan's order.
        inputs: Datasets that it reads and does not write itself, sorted, without parameters.
        outputs: Datasets that it writes, sorted.
        versioned: Versioned datasets that it writes, sorted.
        pinned: Versioned datasets that it uses and that this plan writes, sorted: read at the run's own version.
        task_group: Namespace path that shows the task in nested task groups; empty for none. Groups, too, never wait
            for each other in a circle.
        reason: Why several nodes share the task.
    """

    id: str
    nodes: tuple[str, ...]
    upstream: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    versioned: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    task_group: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A dataset that one task writes and another reads.

    Args:
        dataset: Name as the reader declares it.
        source, target: Ids of the two tasks.
        handed_over: True when the data lives in memory and goes through the handoff store; False when the catalog keeps
            it, or when the reader's transcoded name has data of its own.
        location: Where the catalog keeps it, when it does and the place is known.
    """

    dataset: str
    source: str
    target: str
    handed_over: bool
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A pipeline cut into tasks.

    Args:
        package, pipeline, env: What was planned.
        group_by: The strategy that grouped the nodes.
        tasks: In an order in which they could run one after the other.
        crossings: Every dataset that crosses a border between tasks, in the tasks' order.
        parameters: What the trigger form shows.
        selective: Whether Kedro may load this pipeline alone.
    """

    package: str
    pipeline: str
    env: str
    group_by: str
    tasks: tuple[Task, ...]
    crossings: tuple[Crossing, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    selective: bool = True
    hash: str = field(init=False, compare=False)
    _gives: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _takes: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no Airflow would load, and compute the hash."""
        self._check()
        object.__setattr__(self, "hash", _hash(self._content()))
        object.__setattr__(self, "_gives", _collect((one.source, one.dataset) for one in self.handed_over))
        object.__setattr__(self, "_takes", _collect((one.target, one.dataset) for one in self.handed_over))

    @property
    def handed_over(self) -> tuple[Crossing, ...]:
        """The crossings that go through the handoff store."""
        return tuple(crossing for crossing in self.crossings if crossing.handed_over)

    def gives(self, task_id: str) -> tuple[str, ...]:
        """Datasets that the task must put into the handoff store, sorted."""
        return self._gives.get(task_id, ())

    def takes(self, task_id: str) -> tuple[str, ...]:
        """Datasets that the task finds in the handoff store, sorted."""
        return self._takes.get(task_id, ())

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON types; `from_dict` reads it back."""
        return json.loads(json.dumps(self._content()))  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_dict` wrote.

        Raises:
            PlanError: If the content was written by another version of the schema.
        """
        if content.get("schema") != SCHEMA_VERSION:
            raise PlanError(
                f"The plan has schema {content.get('schema')!r}.", seen=f"this version reads schema {SCHEMA_VERSION}"
            )
        rest = {key: value for key, value in content.items() if key not in {"schema", "hash"}}
        rest["tasks"] = tuple(Task(**_tuples(task)) for task in rest["tasks"])
        rest["crossings"] = tuple(Crossing(**crossing) for crossing in rest["crossings"])
        rest["parameters"] = tuple(Parameter(**parameter) for parameter in rest["parameters"])
        return cls(**rest)

    def _content(self) -> dict[str, Any]:
        content = {name: getattr(self, name) for name in ("package", "pipeline", "env", "group_by", "selective")}
        for name in ("tasks", "crossings", "parameters"):
            content[name] = _values(getattr(self, name))
        return {"schema": SCHEMA_VERSION, **content}

    def _check(self) -> None:
        ids = Counter(task.id for task in self.tasks)
        nodes = Counter(node for task in self.tasks for node in task.nodes)
        doubled = list(dict.fromkeys(name for names in (ids, nodes) for name, count in names.items() if count > 1))
        if doubled or not self.tasks or any(not task.nodes for task in self.tasks):
            raise PlanError(
                f"The plan is not one: empty or doubled tasks {doubled}.", where=f"pipeline '{self.pipeline}'"
            )
        downstream: dict[str, list[str]] = {task.id: [] for task in self.tasks}
        for task in self.tasks:
            for parent in task.upstream:
                if parent not in ids:
                    raise PlanError(f"Task '{task.id}' waits for '{parent}', which is no task of the plan.")
                downstream[parent].append(task.id)
        if len(topological_order(downstream)) != len(self.tasks):
            raise PlanError("The plan's tasks wait for each other in a circle.", where=f"pipeline '{self.pipeline}'")


def _values(items: Sequence[Task | Crossing | Parameter]) -> list[dict[str, Any]]:
    """Return the fields of values of one kind: texts, numbers and tuples of them, each of which `asdict` would copy."""
    if not items:
        return []
    names = tuple(items[0].__dataclass_fields__)
    read = operator.attrgetter(*names)
    return [dict(zip(names, read(item), strict=True)) for item in items]


def _tuples(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}


def _hash(content: Mapping[str, Any]) -> str:
    # Keys of parameters may be numbers, which sort in another way than the texts that JSON makes of them.
    content = {**content, "parameters": json.loads(json.dumps(content["parameters"]))}
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def _collect(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """For each first the distinct seconds, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return {key: tuple(sorted(values)) for key, values in found.items()}


def build_plan(
    snapshot: Snapshot,
    *,
    group_by: GroupBy = GroupBy.NONE,
    on_cycle: OnCycle = OnCycle.MERGE,
    group_tags: Collection[str] = (),
    requirements: Mapping[str, str] | None = None,
    costs: Costs | None = None,
    together: Sequence[Group] = (),
    task_groups: bool = True,
) -> Plan:
    """Cut a pipeline into tasks.

    Args:
        snapshot: The pipeline.
        group_by, on_cycle, group_tags, requirements, costs, together: See `grouping.group_nodes`.
        task_groups: Whether namespaces become nested task groups of the DAG.

    Returns:
        A plan in which every node is in exactly one task and the graph of tasks is acyclic.

    Raises:
        PlanError: If the pipeline is empty, an input can never be there, or no acyclic grouping is allowed.
    """
    _check_inputs(snapshot)
    groups = group_nodes(
        snapshot,
        group_by=group_by,
        on_cycle=on_cycle,
        group_tags=group_tags,
        requirements=requirements,
        costs=costs,
        together=together,
    )
    nodes = snapshot.by_name
    paths = [_task_group(group, nodes) if task_groups else () for group in groups]
    ids = _task_ids(groups, nodes, paths)
    tasks = _tasks(snapshot, groups, ids, paths)
    return Plan(
        package=snapshot.package,
        pipeline=snapshot.pipeline,
        env=snapshot.env,
        group_by=group_by.value,
        tasks=tasks,
        crossings=_crossings(snapshot, tasks),
        parameters=snapshot.parameters,
        selective=snapshot.selective,
    )


def _check_inputs(snapshot: Snapshot) -> None:
    if not snapshot.nodes:
        raise PlanError(
            "The selection is empty: no node is left to run.",
            where=f"pipeline '{snapshot.pipeline}', env '{snapshot.env}'",
            remedy="loosen the filters, or see what there is with `kedro registry describe`",
            code="ALOFT-301",
        )
    written = {name for node in snapshot.nodes for name in node.outputs}
    read = {name for node in snapshot.nodes for name in node.inputs if not is_parameter(name)}
    in_memory = {
        info.name for info in snapshot.datasets.values() if info.kind is DatasetKind.MEMORY and not info.filled
    }
    missing = sorted((read & in_memory) - written)
    if missing:
        users = sorted({node.name for node in snapshot.nodes for name in node.inputs if name in missing})
        raise PlanError(
            f"No node writes and no catalog entry keeps: {', '.join(missing)}.",
            where=f"read by {', '.join(users)} in pipeline '{snapshot.pipeline}', env '{snapshot.env}'",
            seen="an input is written by a node of the same pipeline or kept by the catalog",
            remedy="add a catalog entry, or select the node that writes it too",
            code="ALOFT-302",
        )


def _task_group(group: Group, nodes: Mapping[str, NodeInfo]) -> tuple[str, ...]:
    """The deepest namespace that all nodes of a group share, up to the level that the task is called after."""
    paths = [tuple((nodes[name].namespace or "").split(".")) if nodes[name].namespace else () for name in group.nodes]
    shared: list[str] = []
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1 or level[0] == group.label:
            break
        shared.append(level[0])
    return tuple(airflow_id(part) for part in shared)


def _task_ids(
    groups: Sequence[Group], nodes: Mapping[str, NodeInfo], paths: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    """One id per group; an id that a task group or another task has taken gets a digest.

    Of those who want one id, a single node goes first: it alone has the id as its name. The order of the pipeline
    decides nothing, because it changes with edges that have nothing to do with names.
    """
    taken = {".".join(path[:depth]) for path in paths for depth in range(1, len(path) + 1)}
    ids: dict[str, str] = {}  # by first nodes
    pairs = zip(groups, paths, strict=True)
    for group, path in sorted(pairs, key=lambda pair: (len(pair[0].nodes) > 1, min(pair[0].nodes))):
        wanted = _wanted_id(group, nodes, path)
        ids[group.nodes[0]] = found = next((one for one in _free_ids(wanted, group) if one not in taken), wanted)
        taken.add(found)
    return tuple(ids[group.nodes[0]] for group in groups)


def _free_ids(wanted: str, group: Group) -> Iterator[str]:
    yield wanted
    for name in (wanted, "\0".join(sorted(group.nodes))):
        yield airflow_id(f"{wanted[: MAX_ID_LENGTH - 10]}-{digest(name)}")


def _wanted_id(group: Group, nodes: Mapping[str, NodeInfo], path: tuple[str, ...]) -> str:
    if group.label is not None:
        name = group.label
    else:
        names = [nodes[name].short_name if path else name for name in group.nodes]
        name = names[0] if len(names) == 1 else f"{names[0]}__{names[-1]}"
    prefix = "".join(f"{part}." for part in path)
    room = MAX_ID_LENGTH - len(prefix)
    return f"{prefix}{airflow_id(name, max_length=room)}" if room > MAX_ID_LENGTH // 2 else airflow_id(prefix + name)


def _tasks(
    snapshot: Snapshot, groups: Sequence[Group], ids: Sequence[str], paths: Sequence[tuple[str, ...]]
) -> tuple[Task, ...]:
    task_of = {name: task_id for group, task_id in zip(groups, ids, strict=True) for name in group.nodes}
    downstream: dict[str, dict[str, None]] = {task_id: {} for task_id in ids}
    for name, children in snapshot.children.items():
        downstream[task_of[name]].update(
            {task_of[child]: None for child in children if task_of[child] != task_of[name]}
        )
    upstream: dict[str, list[str]] = defaultdict(list)
    order = topological_order(downstream)
    for task_id in order:
        for child in downstream[task_id]:
            upstream[child].append(task_id)
    built = {
        task_id: _task(snapshot, group, task_id, path, upstream[task_id])
        for group, task_id, path in zip(groups, ids, paths, strict=True)
    }
    return _with_groups_in_order(tuple(built[task_id] for task_id in order))


def _with_groups_in_order(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Take tasks out of task groups that wait for each other in a circle, although their tasks do not.

    Source: Airflow 3.3 `SerializedTaskGroup.topological_sort`; for such groups grid and graph answer with an error.
    """
    paths = {task.id: task.task_group for task in tasks}
    for depth in range(max(len(path) for path in paths.values())):
        circles = _circles_of_groups(tasks, paths, depth)
        paths = {task_id: path[:depth] if path[: depth + 1] in circles else path for task_id, path in paths.items()}
    return tuple(
        task if paths[task.id] == task.task_group else replace(task, task_group=paths[task.id]) for task in tasks
    )


def _circles_of_groups(tasks: Sequence[Task], paths: Mapping[str, tuple[str, ...]], depth: int) -> set[tuple[str, ...]]:
    """The task groups of one level that wait for each other, or for a task beside them, in a circle."""
    inside = {task.id for task in tasks if len(paths[task.id]) >= depth}
    box = {name: (paths[name][: depth + 1], name if len(paths[name]) == depth else "") for name in inside}
    after: dict[tuple[tuple[str, ...], str], dict[tuple[tuple[str, ...], str], None]]
    after = {box[task.id]: {} for task in tasks if task.id in inside}
    for task in tasks:
        for parent in task.upstream:
            together = {task.id, parent} <= inside and paths[task.id][:depth] == paths[parent][:depth]
            if together and box[task.id] != box[parent]:
                after[box[parent]][box[task.id]] = None
    knots = (members for members in strongly_connected(after) if len(members) > 1)
    return {path for members in knots for path, task_id in members if not task_id}


def _task(snapshot: Snapshot, group: Group, task_id: str, path: tuple[str, ...], upstream: Sequence[str]) -> Task:
    nodes = snapshot.by_name
    members = [nodes[name] for name in group.nodes]
    outputs = {name for node in members for name in node.outputs}
    written = {strip_transcoding(name) for name in outputs}
    reads = {name for node in members for name in node.inputs if not is_parameter(name)}
    produced = snapshot.producers()
    versioned = {name for name in reads | outputs if snapshot.datasets[name].versioned}
    return Task(
        id=task_id,
        nodes=group.nodes,
        upstream=tuple(upstream),
        inputs=tuple(sorted([name for name in reads if strip_transcoding(name) not in written])),
        outputs=tuple(sorted(outputs)),
        versioned=tuple(sorted(versioned & outputs)),
        pinned=tuple(sorted([name for name in versioned if strip_transcoding(name) in produced])),
        task_group=path if path and task_id.startswith(".".join(path) + ".") else (),
        reason=group.reason,
    )


def _crossings(snapshot: Snapshot, tasks: Sequence[Task]) -> tuple[Crossing, ...]:
    rank = {task.id: position for position, task in enumerate(tasks)}
    task_of = {name: task.id for task in tasks for name in task.nodes}
    producers = snapshot.producers()
    found: dict[tuple[str, str, str], Crossing] = {}
    for node in snapshot.nodes:
        target = task_of[node.name]
        for name in node.inputs:
            producer = producers.get(strip_transcoding(name))
            if producer is None or task_of[producer.name] == target:
                continue
            source, info = task_of[producer.name], snapshot.datasets[name]
            found[source, target, name] = Crossing(
                dataset=name,
                source=source,
                target=target,
                handed_over=info.kind is DatasetKind.MEMORY and name in producer.outputs,
                location=info.location,
            )
    return tuple(found[key] for key in sorted(found, key=lambda key: (rank[key[0]], rank[key[1]], key[2])))
