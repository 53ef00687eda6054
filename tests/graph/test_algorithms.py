"""The algorithms, on random graphs with circles, against their definitions; deep graphs need no deep stack."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.strategies import LAWS
from kedro_aloft.graph.algorithms import (
    connected,
    find_cycle,
    reachable,
    reverse,
    strongly_connected,
    topological_order,
)

Graph = dict[int, tuple[int, ...]]
DEPTH = 20 * sys.getrecursionlimit()


def graphs() -> st.SearchStrategy[Graph]:
    vertices = st.permutations(range(7))
    edges = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14)
    return st.tuples(vertices, edges).map(
        lambda drawn: {vertex: tuple(b for a, b in drawn[1] if a == vertex) for vertex in drawn[0]}
    )


def _reach(graph: Graph, start: int) -> set[int]:
    """All that can be reached in at least one step."""
    found: set[int] = set()
    for _ in graph:
        found |= {b for a in {start, *found} for b in graph[a]}
    return found


@LAWS
@given(graph=graphs())
def test_the_order_has_all_that_no_circle_holds_back_and_keeps_the_edges(
    graph: Graph,
) -> None:
    order = topological_order(graph)
    on_circles = {vertex for vertex in graph if vertex in _reach(graph, vertex)}
    held_back = on_circles.union(*(_reach(graph, vertex) for vertex in on_circles))
    assert sorted(order) == sorted(set(graph) - held_back)
    assert all(order.index(a) < order.index(b) for a in order for b in graph[a] if b in order)


@LAWS
@given(graph=graphs())
def test_earlier_keys_come_first_among_equals(graph: Graph) -> None:
    order, rank = topological_order(graph), list(graph)
    for position, vertex in enumerate(order):
        ready = [one for one in order[position:] if not any(one in graph[other] for other in order[position:])]
        assert vertex == min(ready, key=rank.index)


@LAWS
@given(graph=graphs())
def test_components_are_what_reaches_each_other(graph: Graph) -> None:
    rank = list(graph)
    components = strongly_connected(graph)
    assert sorted(vertex for members in components for vertex in members) == sorted(graph)
    for members in components:
        reaching = {one for one in graph if one in _reach(graph, members[0]) and members[0] in _reach(graph, one)}
        assert set(members) == reaching | {members[0]}
        assert list(members) == sorted(members, key=rank.index)
    assert [one[0] for one in components] == sorted((one[0] for one in components), key=rank.index)


@LAWS
@given(graph=graphs())
def test_a_circle_is_a_shortest_one_through_the_first_member(graph: Graph) -> None:
    for members in strongly_connected(graph):
        if len(members) == 1:
            continue
        circle = find_cycle(graph, members)
        assert circle[0] == circle[-1] == members[0]
        assert all(b in graph[a] for a, b in pairwise(circle))
        assert set(circle) <= set(members)
        frontier, steps = {members[0]}, 0
        while members[0] not in frontier or not steps:
            frontier, steps = {b for a in frontier for b in graph[a] if b in members}, steps + 1
        assert len(circle) - 1 == steps


@LAWS
@given(graph=graphs())
def test_turning_round_twice_changes_no_edge(graph: Graph) -> None:
    turned = reverse(graph)
    assert list(turned) == list(graph)
    assert sorted((b, a) for a, after in turned.items() for b in after) == sorted(
        (a, b) for a, after in graph.items() for b in after
    )


@LAWS
@given(graph=graphs(), starts=st.sets(st.integers(0, 6)))
def test_reachable_is_the_starts_and_all_after_them(graph: Graph, starts: set[int]) -> None:
    assert reachable(graph, starts) == starts.union(*(_reach(graph, start) for start in starts))


@LAWS
@given(graph=graphs())
def test_linked_vertices_have_one_representative_and_it_is_the_first(graph: Graph) -> None:
    links = [(a, b) for a, after in graph.items() for b in after]
    both_ways = {vertex: (*after, *(a for a, b in links if b == vertex)) for vertex, after in graph.items()}
    leaders = connected(list(graph), links)
    rank = list(graph)
    assert leaders == {vertex: min({vertex} | _reach(both_ways, vertex), key=rank.index) for vertex in graph}


def test_what_lies_on_no_circle_has_none() -> None:
    with pytest.raises(ValueError, match="'a' lies on no cycle"):
        find_cycle({"a": ("b",), "b": ()}, ["a"])


@pytest.mark.parametrize("circle", [False, True], ids=["line", "circle"])
def test_depth_is_no_limit(circle: bool) -> None:
    graph = {number: (number + 1,) for number in range(DEPTH)} | {DEPTH: (0,) if circle else ()}
    assert len(topological_order(graph)) == (0 if circle else DEPTH + 1)
    assert len(strongly_connected(graph)) == (1 if circle else DEPTH + 1)
    assert len(reachable(graph, [0])) == DEPTH + 1
    assert set(connected(list(graph), [(number, number + 1) for number in range(DEPTH)]).values()) == {0}
    if circle:
        assert len(find_cycle(graph, graph)) == DEPTH + 2
