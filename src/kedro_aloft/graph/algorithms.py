"""Graph algorithms on `{vertex: successors}` mappings; iterative, so depth is no limit.

Every function is deterministic: the order of the mapping's keys breaks ties.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

V = TypeVar("V", bound="Hashable")


def topological_order(successors: Mapping[V, Collection[V]]) -> tuple[V, ...]:
    """Return the vertices so that each comes before its successors; earlier keys first among equals.

    Args:
        successors: Every vertex as a key, with the vertices that must come after it.

    Returns:
        All vertices, or only those outside and before every cycle when there is one
        (compare the lengths to detect it).
    """
    rank = {vertex: position for position, vertex in enumerate(successors)}
    vertices = list(successors)
    waiting_for = dict.fromkeys(successors, 0)
    for targets in successors.values():
        for target in set(targets):
            waiting_for[target] += 1
    ready = [rank[vertex] for vertex, count in waiting_for.items() if count == 0]
    heapq.heapify(ready)
    order: list[V] = []
    while ready:
        vertex = vertices[heapq.heappop(ready)]
        order.append(vertex)
        for target in set(successors[vertex]):
            waiting_for[target] -= 1
            if waiting_for[target] == 0:
                heapq.heappush(ready, rank[target])
    return tuple(order)


def strongly_connected(successors: Mapping[V, Collection[V]]) -> tuple[tuple[V, ...], ...]:
    """Return the strongly connected components, members in key order, components by first member.

    Two vertices are in one component when each can be reached from the other.
    """
    rank = {vertex: position for position, vertex in enumerate(successors)}
    found: list[tuple[V, ...]] = []
    assigned: set[V] = set()
    reversed_graph = reverse(successors)
    for root in reversed(_finish_order(successors)):
        if root in assigned:
            continue
        members = _reach(reversed_graph, [root], blocked=assigned)
        assigned |= members
        found.append(tuple(sorted(members, key=rank.__getitem__)))
    return tuple(sorted(found, key=lambda members: rank[members[0]]))


def connected(vertices: Sequence[V], pairs: Iterable[tuple[V, V]]) -> dict[V, V]:
    """Return for each vertex the representative (the earliest member) of its undirected component."""
    parent = {vertex: vertex for vertex in vertices}
    rank = {vertex: position for position, vertex in enumerate(vertices)}

    def find(vertex: V) -> V:
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for left, right in pairs:
        first, second = sorted((find(left), find(right)), key=rank.__getitem__)
        parent[second] = first
    return {vertex: find(vertex) for vertex in vertices}


def reverse(successors: Mapping[V, Collection[V]]) -> dict[V, tuple[V, ...]]:
    """Return the graph with every edge turned round; keys keep their order."""
    turned: dict[V, list[V]] = {vertex: [] for vertex in successors}
    for vertex, targets in successors.items():
        for target in targets:
            turned[target].append(vertex)
    return {vertex: tuple(sources) for vertex, sources in turned.items()}


def reachable(successors: Mapping[V, Collection[V]], starts: Iterable[V]) -> set[V]:
    """Return all vertices that can be reached from `starts`, the starts included."""
    return _reach(successors, starts, blocked=set())


def find_cycle(successors: Mapping[V, Collection[V]], members: Collection[V]) -> tuple[V, ...]:
    """Return one shortest cycle inside a strongly connected component, its first vertex repeated at the end."""
    inside = set(members)
    start = next(vertex for vertex in successors if vertex in inside)
    came_from: dict[V, V] = {}
    frontier = [start]
    while frontier:
        following: list[V] = []
        for vertex in frontier:
            for target in successors[vertex]:
                if target == start:
                    return _walk_back(came_from, start, vertex)
                if target in inside and target not in came_from:
                    came_from[target] = vertex
                    following.append(target)
        frontier = following
    msg = f"{start!r} lies on no cycle"
    raise ValueError(msg)


def _walk_back(came_from: Mapping[V, V], start: V, end: V) -> tuple[V, ...]:
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return (*reversed(path), start)


def _finish_order(successors: Mapping[V, Collection[V]]) -> list[V]:
    """Vertices in the order in which a depth-first search leaves them."""
    seen: set[V] = set()
    finished: list[V] = []
    for root in successors:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(successors[root]))]
        while stack:
            vertex, targets = stack[-1]
            target = next((one for one in targets if one not in seen), None)
            if target is None:
                stack.pop()
                finished.append(vertex)
            else:
                seen.add(target)
                stack.append((target, iter(successors[target])))
    return finished


def _reach(successors: Mapping[V, Collection[V]], starts: Iterable[V], *, blocked: set[V]) -> set[V]:
    seen = {start for start in starts if start not in blocked}
    stack = list(seen)
    while stack:
        for target in successors[stack.pop()]:
            if target not in seen and target not in blocked:
                seen.add(target)
                stack.append(target)
    return seen
