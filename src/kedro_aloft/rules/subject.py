"""What a rule may ask: everything that is known of one DAG before it runs. Costly answers are made when asked for."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.snapshot import DatasetKind, strip_transcoding
from kedro_aloft.rules.sources import Function
from kedro_aloft.rules.syntax import read_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo, Snapshot
    from kedro_aloft.rules.sources import Sources
    from kedro_aloft.rules.syntax import Code, Definition, Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is known of the place where the DAG will run.

    Args:
        name: As the user named it.
        several_machines: Whether tasks run on machines, or in containers, that share no disk.
    """

    name: str
    several_machines: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """The settings that hold for one node, after all overrides; see `settings.TaskSettings`.

    Args:
        execution: Where the node runs.
        disk: What becomes of files below the project: `kept` on a disk of the machine, on one of the `run` that goes
            with it, on `none` but the container's own, or `unknown`.
        image: Of the container.
        resource_profile: Name of what the container may take.
        requests, limits: What the pod is sure to get and may take at most: cores, bytes, or a count, by name.
        has_template: Whether a pod template may say more.
        claim_modes: How pods share the claim of a run; empty without one.
    """

    retries: int = 1
    retry_delay_s: float = 30.0
    timeout_s: float | None = None
    pool: str | None = None
    pool_slots: int = 1
    queue: str | None = None
    executor: str | None = None
    execution: str = "process"
    disk: str = "kept"
    image: str | None = None
    resource_profile: str | None = None
    requests: tuple[tuple[str, float], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    has_template: bool = False
    claim_modes: tuple[str, ...] = ()
    env_vars: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """The settings of a DAG in plain types; see `settings.DagSettings` for what they mean.

    Args:
        written: Keys that somebody wrote, in airflow.yml or with `--set`.
        schedule: Cron or preset; None when there is none of them.
        every_s: Seconds from run to run, for `{every: …}`.
        assets: What the DAG waits for, for `{assets: […]}`.
        asks_for_interval: Whether a setting uses the data interval.
        covers_interval: Whether a run covers the period before it, so that its data interval has a length.
        start_date, end_date: With zone.
        notifies: Whether anybody hears of a failure.
        override_tasks: Each entry of `tasks`: its selectors and the keys that it changes.
        unused_selectors: Index of the override and the selector, for each that matches no node.
        runner: Kedro's runner inside of a task.
        mirrors: How Airflow shows the nodes of a task that runs several.
        slots: How many tasks run at the same time, when somebody said so.
        memory_per_slot_mib: What a task may take.
        cron_gaps_s: Shortest and longest pause between runs of a cron, in seconds; None without cron.
        ignored, selected: Names of rules in `check`.
    """

    written: frozenset[str] = frozenset()
    schedule: str | None = None
    every_s: float | None = None
    assets: tuple[str, ...] = ()
    asks_for_interval: bool = False
    covers_interval: bool = False
    timezone: str = "UTC"
    start_date: datetime | None = None
    end_date: datetime | None = None
    catchup: bool = False
    max_active_runs: int = 1
    dagrun_timeout_s: float | None = None
    depends_on_past: bool = False
    handoff_uri: str = ".airflow/handoff"
    runtime_params: Mapping[str, Any] = field(default_factory=dict)
    env_vars: Mapping[str, str] = field(default_factory=dict)
    load_versions: Mapping[str, str] = field(default_factory=dict)
    project_path: str | None = None
    conf_source: str | None = None
    notifies: bool = False
    override_tasks: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = ()
    unused_selectors: tuple[tuple[int, str], ...] = ()
    runner: str = "SequentialRunner"
    mirrors: str = "auto"
    slots: int | None = None
    memory_per_slot_mib: float | None = None
    cron_gaps_s: tuple[float, float] | None = None
    ignored: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()

    @property
    def scheduled(self) -> bool:
        """Whether runs start by themselves."""
        return bool(self.schedule or self.every_s or self.assets)

    @property
    def timed(self) -> bool:
        """Whether runs start by the clock."""
        return self.every_s is not None or bool(self.schedule and self.schedule not in ("@once", "@continuous"))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Everything that a rule may ask.

    Args:
        snapshot, plan: The pipeline and its tasks.
        settings: Of the DAG.
        sources: The project's files.
        target: Where it will run; None when nobody said.
        dag_id, file_name: Of the DAG.
        dags_folder: Where `create` writes, relative to the project.
        render: Returns the DAG file that `create` would write.
        now: The moment of the question.
        task_view: Returns the settings of a node.
        memory_mib: The most that a node took in earlier runs, by name.
        other_pipelines: Returns, by registered pipeline that is none of the ordered ones' twin, the datasets that its
            nodes write.
    """

    snapshot: Snapshot
    plan: Plan
    settings: SettingsView
    sources: Sources
    target: Target | None = None
    dag_id: str = ""
    file_name: str = ""
    dags_folder: str = "airflow_dags"
    render: Callable[[], str] = field(default=lambda: "")
    now: datetime | None = None
    task_view: Callable[[NodeInfo], TaskView] = field(default=lambda _: TaskView())
    memory_mib: Mapping[str, float] = field(default_factory=dict)
    other_pipelines: Callable[[], Mapping[str, frozenset[str]]] = field(default=dict)

    @functools.cached_property
    def dag_source(self) -> str:
        """The DAG file that `create` would write."""
        return self.render()

    @functools.cached_property
    def several_machines(self) -> bool:
        """Whether tasks are known to run on machines or in containers that share no disk."""
        if self.target is not None:
            return self.target.several_machines
        return any(is_remote_executor(view.executor) for view in self.views)

    @functools.cached_property
    def tasks_by_node(self) -> Mapping[str, TaskView]:
        """The settings of each node, by its name."""
        return {node.name: self.task_view(node) for node in self.snapshot.nodes}

    @functools.cached_property
    def views(self) -> tuple[TaskView, ...]:
        """The settings that any node has; mostly one answers for all of thousands."""
        return tuple({id(view): view for view in self.tasks_by_node.values()}.values())

    def task(self, node: NodeInfo) -> TaskView:
        """Return the settings of a node."""
        return self.tasks_by_node[node.name]

    @functools.cached_property
    def persisted(self) -> tuple[DatasetInfo, ...]:
        """The datasets that the catalog keeps, in the order of their names."""
        kept = DatasetKind.PERSISTED
        return tuple(info for _, info in sorted(self.snapshot.datasets.items()) if info.kind is kept)

    @functools.cached_property
    def written(self) -> frozenset[str]:
        """Names of the datasets that nodes of this pipeline write, as the nodes spell them."""
        return frozenset(name for node in self.snapshot.nodes for name in node.outputs)

    @functools.cached_property
    def outputs(self) -> tuple[DatasetInfo, ...]:
        """The datasets that the catalog keeps and nodes of this pipeline write."""
        return tuple(info for info in self.persisted if info.name in self.written)

    @functools.cached_property
    def inputs(self) -> tuple[DatasetInfo, ...]:
        """The datasets that the catalog keeps and this pipeline reads but does not write."""
        free = set(self.snapshot.free_inputs())
        return tuple(info for info in self.persisted if info.name in free)

    def writers(self, name: str) -> tuple[NodeInfo, ...]:
        """Return the nodes that write a dataset."""
        return self._users[0].get(strip_transcoding(name), ())

    def readers(self, name: str) -> tuple[NodeInfo, ...]:
        """Return the nodes that read a dataset."""
        return self._users[1].get(strip_transcoding(name), ())

    @functools.cached_property
    def _users(self) -> tuple[dict[str, tuple[NodeInfo, ...]], dict[str, tuple[NodeInfo, ...]]]:
        found: tuple[dict[str, dict[str, NodeInfo]], ...] = (defaultdict(dict), defaultdict(dict))
        for node in self.snapshot.nodes:
            for users, names in zip(found, (node.outputs, node.inputs), strict=True):
                for name in names:
                    users[strip_transcoding(name)][node.name] = node
        writers, readers = ({name: tuple(nodes.values()) for name, nodes in users.items()} for users in found)
        return writers, readers

    @functools.cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions of nodes that stand in the project, each once, by file and line."""
        nodes: dict[tuple[str, int], list[str]] = defaultdict(list)
        for node in self.snapshot.nodes:
            if node.source is not None:
                nodes[node.source.file, node.source.line].append(node.name)
        return tuple(self._functions(nodes))

    def _functions(self, nodes: Mapping[tuple[str, int], list[str]]) -> Iterator[Function]:
        for (path, line), names in sorted(nodes.items()):
            module = self.sources.tree(path)
            if module is not None:
                yield Function(
                    nodes=tuple(names),
                    file=path,
                    line=line,
                    tree=self.sources.function(path, line),
                    module=module,
                )

    @functools.cached_property
    def code(self) -> tuple[Code, ...]:
        """What nodes run of the project and may be of interest: functions, and those that they call in their module."""
        return read_code(self._definitions())

    @functools.cached_property
    def modules(self) -> Mapping[str, tuple[tuple[str, ...], Module]]:
        """The modules of the project that have functions of nodes, by file, with the names of the nodes."""
        nodes: dict[str, list[str]] = defaultdict(list)
        for function in self.functions:
            nodes[function.file].extend(function.nodes)
        modules = ((path, self.sources.module(path)) for path in nodes)
        return {path: (tuple(nodes[path]), module) for path, module in modules if module is not None}

    def _definitions(self) -> Iterator[tuple[tuple[str, ...], str, Definition, Module]]:
        for function in self.functions:
            module = self.sources.module(function.file)
            assert module is not None
            definition = function.tree or module.lambdas.get(function.line)
            if definition is not None:
                yield function.nodes, function.file, definition, module


def is_remote_executor(executor: str | None) -> bool:
    """Whether an executor starts tasks on other machines."""
    return bool(executor) and "Local" not in str(executor)


def listed(names: Iterator[str] | tuple[str, ...] | list[str], *, most: int = 5) -> str:
    """Return names for a message: the first few, and a mark when there are more."""
    known = list(names)
    return f"{', '.join(known[:most])}{' …' if len(known) > most else ''}"
