"""Snapshot: a frozen description of one pipeline of a Kedro project, read once, never changed."""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import PlanError
from kedro_aloft.graph.algorithms import find_cycle, strongly_connected, topological_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class DatasetKind(str, enum.Enum):
    """Where the data of a dataset lives between two nodes."""

    PERSISTED = "persisted"
    MEMORY = "memory"
    PARAMETER = "parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLocation:
    """Where a node's function is defined: a path relative to the project and a line, counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """One Kedro node.

    Args:
        name: Full name with namespace, unique in the pipeline.
        func: Readable name of the function.
        inputs, outputs, confirms: Dataset names as the node declares them, transcoding included.
        namespace: Dotted namespace, or None.
        tags: Sorted.
        pipelines: Registered pipelines that own the node, the smallest first, `__default__` never.
        source: Where the function is defined, or None when it is not in the project.
    """

    name: str
    func: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    confirms: tuple[str, ...] = ()
    namespace: str | None = None
    tags: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    source: SourceLocation | None = None

    @property
    def short_name(self) -> str:
        """The name without the namespace."""
        prefix = f"{self.namespace}."
        return self.name[len(prefix) :] if self.namespace and self.name.startswith(prefix) else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """One dataset that the pipeline uses.

    Args:
        name: As nodes declare it, transcoding included.
        kind: Where the data lives between nodes.
        type: Dataset type as the catalog spells it.
        location: Physical place: a path relative to the project, or a URI without credentials; None when unknown.
        versioned: Whether each save makes a new version.
        layer: Kedro-Viz layer, or None.
        pattern: The factory pattern that the entry was resolved from, or None.
        filled: Whether a memory dataset has data before any node runs (put there by a hook).
        config: The catalog entry, without the values of its credentials; for rules.
    """

    name: str
    kind: DatasetKind
    type: str = ""
    location: str | None = None
    versioned: bool = False
    layer: str | None = None
    pattern: str | None = None
    filled: bool = False
    config: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter that the pipeline uses.

    Args:
        name: Path in the parameters, dotted for nested ones (`model_options.test_size`).
        default: Value in the configuration; JSON types only.
    """

    name: str
    default: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One pipeline of a Kedro project, after all filters.

    Args:
        package: Python package of the project.
        pipeline: Name of the registered pipeline.
        env: Kedro environment that was read.
        nodes: In the order in which Kedro would run them.
        datasets: Every dataset that a node uses, by name, parameters included.
        parameters: What the trigger form shows, sorted by name.
        selective: Whether Kedro may load this pipeline alone (see `project.read`).

    Raises:
        PlanError: If nodes share a name, use an unknown dataset, or depend on each other in a circle.
    """

    package: str
    pipeline: str
    env: str
    nodes: tuple[NodeInfo, ...]
    datasets: Mapping[str, DatasetInfo]
    parameters: tuple[Parameter, ...] = ()
    selective: bool = True
    _children: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _producers: Mapping[str, NodeInfo] = field(init=False, repr=False, compare=False)
    _by_name: Mapping[str, NodeInfo] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no pipeline, and compute the order once."""
        object.__setattr__(self, "datasets", MappingProxyType(dict(self.datasets)))
        self._check_names()
        producers = {strip_transcoding(output): node for node in self.nodes for output in node.outputs}
        object.__setattr__(self, "_producers", MappingProxyType(producers))
        object.__setattr__(self, "_by_name", MappingProxyType({node.name: node for node in self.nodes}))
        object.__setattr__(self, "_children", MappingProxyType(self._order_nodes()))
        self._check_acyclic()

    @property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """For each node name, the names of the nodes that must run after it; both in Kedro's order."""
        return self._children

    @property
    def by_name(self) -> Mapping[str, NodeInfo]:
        """The nodes by their names."""
        return self._by_name

    def producers(self) -> Mapping[str, NodeInfo]:
        """The node that writes each dataset, by the dataset's name without transcoding."""
        return self._producers

    def free_inputs(self) -> tuple[str, ...]:
        """Datasets that nodes read and none writes, sorted, without parameters."""
        produced = self.producers()
        used = {name for node in self.nodes for name in node.inputs}
        return tuple(
            sorted(name for name in used if not is_parameter(name) and strip_transcoding(name) not in produced)
        )

    def free_outputs(self) -> tuple[str, ...]:
        """Datasets that nodes write and none reads, sorted."""
        read = {strip_transcoding(name) for node in self.nodes for name in node.inputs}
        written = {name for node in self.nodes for name in node.outputs}
        return tuple(sorted(name for name in written if strip_transcoding(name) not in read))

    def shared_locations(self) -> dict[str, tuple[str, ...]]:
        """Physical places that several datasets use, with the datasets' names, both sorted.

        Transcoded names of one dataset share their place on purpose and do not count.
        """
        users: dict[str, set[str]] = defaultdict(set)
        for info in self.datasets.values():
            if info.kind is DatasetKind.PERSISTED and info.location:
                users[info.location].add(strip_transcoding(info.name))
        return {place: tuple(sorted(names)) for place, names in sorted(users.items()) if len(names) > 1}

    def _check_names(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise PlanError(f"Two nodes are called '{node.name}'.", where=f"pipeline '{self.pipeline}'")
            seen.add(node.name)
            unknown = [name for name in (*node.inputs, *node.outputs) if name not in self.datasets]
            if unknown:
                raise PlanError(f"Node '{node.name}' uses datasets that the snapshot lacks: {unknown}.")

    def _order_nodes(self) -> dict[str, tuple[str, ...]]:
        rank = {node.name: position for position, node in enumerate(self.nodes)}
        children: dict[str, set[str]] = {node.name: set() for node in self.nodes}
        for before, after in self._data_edges():
            children[before].add(after)
        for before, after in _location_edges(self):
            children[before].add(after)
        return {name: tuple(sorted(after, key=rank.__getitem__)) for name, after in children.items()}

    def _data_edges(self) -> Iterator[tuple[str, str]]:
        producers = self.producers()
        for node in self.nodes:
            for name in node.inputs:
                producer = producers.get(strip_transcoding(name))
                if producer is not None and producer.name != node.name:
                    yield producer.name, node.name

    def _check_acyclic(self) -> None:
        if len(topological_order(self.children)) == len(self.nodes):
            return
        knot = next(members for members in strongly_connected(self.children) if len(members) > 1)
        circle = " → ".join(find_cycle(self.children, knot))
        raise PlanError(f"Nodes wait for each other in a circle: {circle}.", where=f"pipeline '{self.pipeline}'")


def _location_edges(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Order nodes that use one physical place through different datasets, as `kedro run` would.

    Kedro sees no dependency between such nodes, yet runs them one after the other; side by side they would race.
    """
    shared = snapshot.shared_locations()
    if not shared:
        return
    place_of = {name: place for place, names in shared.items() for name in names}
    users: dict[str, list[tuple[NodeInfo, bool]]] = defaultdict(list)
    for node in snapshot.nodes:
        for place, writes in _accesses(node, place_of).items():
            users[place].append((node, writes))
    for accesses in users.values():
        for (first, first_writes), (second, second_writes) in combinations(accesses, 2):
            if first_writes or second_writes:
                yield first.name, second.name


def _accesses(node: NodeInfo, place_of: Mapping[str, str]) -> dict[str, bool]:
    """The shared places that a node uses, and whether it writes there."""
    places = {place_of[key]: False for name in node.inputs if (key := strip_transcoding(name)) in place_of}
    places |= {place_of[key]: True for name in node.outputs if (key := strip_transcoding(name)) in place_of}
    return places


def strip_transcoding(name: str) -> str:
    """Return the dataset's name without its `@…` part."""
    return name.partition("@")[0]


def is_parameter(name: str) -> bool:
    """Whether a node input is `parameters` or `params:…`."""
    return name == "parameters" or name.startswith("params:")


def datasets_of(nodes: Iterable[NodeInfo]) -> set[str]:
    """All dataset names that the nodes declare, parameters included."""
    return {name for node in nodes for name in (*node.inputs, *node.outputs)}
