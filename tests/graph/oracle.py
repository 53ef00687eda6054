"""The laws again, written for readers and not for speed: what every plan is compared with."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kedro_aloft.graph.grouping import GROUP_TAG_PREFIX, GroupBy
from kedro_aloft.graph.snapshot import DatasetKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kedro_aloft.graph.snapshot import NodeInfo, Snapshot

Edges = set[tuple[str, str]]
Parts = list[frozenset[str]]


def is_data(name: str) -> bool:
    """Whether a dataset is no parameter."""
    return name != "parameters" and not name.startswith("params:")


def data_edges(snapshot: Snapshot) -> Edges:
    """Writer and reader of each dataset, transcoding set aside."""
    return {
        (writer.name, reader.name)
        for writer in snapshot.nodes
        for reader in snapshot.nodes
        if writer is not reader and _stems(writer.outputs) & _stems(reader.inputs)
    }


def place_edges(snapshot: Snapshot) -> Edges:
    """Nodes that use one place under different names, one of them writing, in Kedro's order."""
    names: dict[str, set[str]] = {}
    for one in snapshot.datasets.values():
        if one.kind is DatasetKind.PERSISTED and one.location:
            names.setdefault(one.location, set()).add(one.name.split("@")[0])
    edges = set()
    for shared in names.values():
        if len(shared) < 2:
            continue
        for first, second in combinations(snapshot.nodes, 2):
            both = all(_stems((*node.inputs, *node.outputs)) & shared for node in (first, second))
            if both and (_stems(first.outputs) | _stems(second.outputs)) & shared:
                edges.add((first.name, second.name))
    return edges


def all_edges(snapshot: Snapshot) -> Edges:
    """What must run before what."""
    return data_edges(snapshot) | place_edges(snapshot)


def proposal(snapshot: Snapshot, group_by: GroupBy, needs: Mapping[str, str]) -> Parts:
    """What shares a task before anything is merged."""
    if group_by in (GroupBy.CHAIN, GroupBy.MEMORY):
        links = _chain_links(snapshot) if group_by is GroupBy.CHAIN else _memory_links(snapshot)
        return joined(snapshot, {(a, b) for a, b in links if needs.get(a, "") == needs.get(b, "")})
    parts: dict[object, set[str]] = {}
    for node in snapshot.nodes:
        label = _label(snapshot, node, group_by)
        parts.setdefault((label, needs.get(node.name, "")) if label else node.name, set()).add(node.name)
    return [frozenset(part) for part in parts.values()]


def _label(snapshot: Snapshot, node: NodeInfo, group_by: GroupBy) -> str | None:
    if group_by is GroupBy.NAMESPACE:
        return (node.namespace or "").split(".")[0]
    if group_by is GroupBy.PIPELINE:
        return next(iter(node.pipelines), "__default__")
    if group_by is GroupBy.TAG:
        marked = any(tag.startswith(GROUP_TAG_PREFIX) for one in snapshot.nodes for tag in one.tags)
        tags = [tag for tag in node.tags if not marked or tag.startswith(GROUP_TAG_PREFIX)]
        return tags[0] if tags else None
    return None


def _chain_links(snapshot: Snapshot) -> Edges:
    edges = all_edges(snapshot)
    return {
        (a, b)
        for a, b in edges
        if sum(one == a for one, _ in edges) == 1 and sum(other == b for _, other in edges) == 1
    }


def _memory_links(snapshot: Snapshot) -> Edges:
    in_memory = {name for name, one in snapshot.datasets.items() if one.kind is DatasetKind.MEMORY}
    return {
        (writer.name, reader.name)
        for writer in snapshot.nodes
        for reader in snapshot.nodes
        if _stems(writer.outputs) & _stems(in_memory & set(reader.inputs))
    }


def joined(snapshot: Snapshot, links: Edges) -> Parts:
    """The nodes, linked ones in one part."""
    parts = [frozenset({node.name}) for node in snapshot.nodes]
    for a, b in links:
        touching = [part for part in parts if a in part or b in part]
        parts = [part for part in parts if part not in touching] + [frozenset().union(*touching)]
    return parts


def is_acyclic(parts: Iterable[frozenset[str]], edges: Edges) -> bool:
    """Whether the graph of the parts has no circle: take away parts without parents until none is left."""
    left = list(parts)
    while left:
        free = [part for part in left if not any(b in part and a not in part and _owner(a, left) for a, b in edges)]
        if not free:
            return False
        left = [part for part in left if part not in free]
    return True


def _owner(name: str, parts: Sequence[frozenset[str]]) -> bool:
    return any(name in part for part in parts)


def merged(parts: Sequence[frozenset[str]], edges: Edges) -> Parts:
    """The parts after those that wait for each other have become one."""
    before = {part: {other for other in parts if any(a in other and b in part for a, b in edges)} for part in parts}
    for _ in parts:
        before = {part: found.union(*(before[one] for one in found)) for part, found in before.items()}
    classes = {frozenset({part, *(other for other in before[part] if part in before[other])}) for part in parts}
    return [frozenset().union(*one) for one in classes]


def all_coarser(parts: Sequence[frozenset[str]]) -> Iterator[Parts]:
    """Every way to merge some of the parts, the way that merges none included."""
    if not parts:
        yield []
        return
    first, *rest = parts
    for others in all_coarser(rest):
        yield [first, *others]
        for position, one in enumerate(others):
            yield [*others[:position], one | first, *others[position + 1 :]]


def _stems(names: Iterable[str]) -> set[str]:
    return {name.split("@")[0] for name in names}
