"""What mirrors show: the rules one by one, then every order of events up to a bound."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from contract.mirror_model import Budget, begin, complaints, explore, is_end
from kedro_aloft.contract.journal import FAILED, KEPT, OK, RUNNING, Journal, NodeEntry
from kedro_aloft.contract.mirror import Finished, MirrorTry, Showing, Sight, judge, nodes_to_run, read_journal

FIRST, SECOND = "01a1fde6-857c-7a46-9128-000000000000", "01a1fde7-ffff-7a46-9128-000000000000"


def journal(state: str | None = None, *, attempt: str = FIRST, clear: int = 0, ended: float | None = None) -> Journal:
    nodes = {} if state is None else {"train": NodeEntry(state=state, start=1.0, end=2.0)}
    return Journal(attempt=attempt, clear_number=clear, ended=ended, nodes=nodes)


def mirror(*, tries: int = 1, own: str = FIRST, clear: int = 0) -> MirrorTry:
    return MirrorTry(node="train", id=own, try_number=tries, clear_number=clear)


@pytest.mark.parametrize(
    ("runner", "state", "expected"),
    [
        (None, None, Showing.WAITING),
        ("queued", OK, Showing.WAITING),
        ("running", None, Showing.WAITING),
        ("running", RUNNING, Showing.RUNNING),
        ("running", FAILED, Showing.RUNNING),
        ("running", OK, Showing.SUCCESS),
        ("running", KEPT, Showing.SUCCESS),
        ("restarting", OK, Showing.WAITING),
        ("up_for_retry", FAILED, Showing.WAITING),
        ("success", OK, Showing.SUCCESS),
        ("success", None, Showing.SKIPPED),
        ("failed", OK, Showing.SUCCESS),
        ("failed", FAILED, Showing.FAILED),
        ("failed", RUNNING, Showing.FAILED),
        ("failed", None, Showing.SKIPPED),
        ("upstream_failed", None, Showing.SKIPPED),
        ("skipped", None, Showing.SKIPPED),
        ("removed", None, Showing.SKIPPED),
    ],
)
def test_a_mirror_shows_its_node(runner: str | None, state: str | None, expected: Showing) -> None:
    assert judge(mirror(), Sight(runner=runner, journal=journal(state))).showing is expected


def test_without_a_journal_nothing_is_green() -> None:
    assert judge(mirror(), Sight(runner="success")).showing is Showing.SKIPPED
    assert judge(mirror(), Sight(runner="running")).showing is Showing.WAITING


@pytest.mark.parametrize(
    ("told", "own", "expected"),
    [
        (journal(OK), mirror(tries=2, own=SECOND, clear=1), Showing.SKIPPED),
        (journal(OK, attempt=SECOND), mirror(tries=2, own=SECOND), Showing.SUCCESS),
        (journal(OK, clear=1), mirror(tries=2, own=SECOND, clear=1), Showing.SUCCESS),
        (journal(OK, attempt="?"), mirror(tries=2, own=SECOND), Showing.SKIPPED),
    ],
    ids=["older", "newer by its id", "newer by its clear", "nobody knows"],
)
def test_a_cleared_mirror_shows_no_journal_that_is_older(told: Journal, own: MirrorTry, expected: Showing) -> None:
    assert judge(own, Sight(runner="success", journal=told)).showing is expected


def test_the_journal_of_the_try_before_is_not_that_of_the_try_that_runs() -> None:
    between = Sight().followed_by("running", journal(OK)).followed_by("up_for_retry", journal(OK))
    assert judge(mirror(), between.followed_by("running", journal(OK))).showing is Showing.WAITING
    assert judge(mirror(), between.followed_by("running", journal(OK, attempt=SECOND))).showing is Showing.SUCCESS
    assert judge(mirror(), Sight(runner="running", journal=journal(OK, ended=3.0))).showing is Showing.WAITING
    assert judge(mirror(), between.followed_by("failed", journal(FAILED))).showing is Showing.FAILED
    again = mirror(tries=2)
    assert judge(again, between.followed_by("failed", journal(OK))).showing is Showing.SKIPPED
    begun_since = Sight().followed_by("queued", journal(OK))
    assert judge(again, begun_since.followed_by("running", journal(OK))).showing is Showing.SUCCESS


@pytest.mark.parametrize("content", [None, "", [], {"v": 9}, {"v": 1}, {"v": 1, "nodes": {"train": "ok"}}])
def test_what_is_no_journal_counts_as_none(content: object) -> None:
    assert read_journal(content) is None


def test_what_finished_is_not_run_again_without_a_clear() -> None:
    states = {"a": "deferred", "b": "deferred", "c": "deferred"}
    assert nodes_to_run(states, Finished(nodes=frozenset("a"))) == ("b", "c")
    assert nodes_to_run(states, Finished(nodes=frozenset("abc"))) == ()
    assert nodes_to_run(states, Finished(nodes=frozenset("a")), clear_number=1) == ("a", "b", "c")


def test_who_clears_a_mirror_asks_for_its_node() -> None:
    states = {"a": "success", "b": None, "c": "skipped", "d": "success"}
    assert nodes_to_run(states, None) == ("b", "c")
    assert nodes_to_run(states, Finished(nodes=frozenset("abcd")), clear_number=1) == ("b",)
    assert nodes_to_run(states, Finished(nodes=frozenset("abc")), clear_number=1) == ("b", "d")


def test_a_static_mirror_that_nobody_cleared_asks_for_what_did_not_finish() -> None:
    ill = "upstream_failed"
    finished = Finished(nodes=frozenset("ab"))
    assert nodes_to_run({"a": ill, "b": ill, "c": ill, "d": ill}, finished, clear_number=1) == ("c", "d")
    assert nodes_to_run({"a": ill, "b": None, "c": ill, "d": ill}, finished, clear_number=1) == ("b", "c", "d")


def test_who_clears_the_runner_alone_asks_for_all() -> None:
    states = {"a": "success", "b": "success"}
    assert nodes_to_run(states, Finished(nodes=frozenset("ab")), clear_number=1) == ("a", "b")


def test_what_is_remembered_survives_json() -> None:
    finished = Finished(nodes=frozenset("ab"), clear_number=2)
    assert Finished.from_json(finished.to_json()) == finished
    assert Finished.from_json({"nodes": 3}) is Finished.from_json(None) is None
    assert finished.without("b", clear_number=3) == Finished(nodes=frozenset("a"), clear_number=3)
    nodes = {"b": NodeEntry(state=RUNNING), "c": NodeEntry(state=OK), "d": NodeEntry(state=KEPT)}
    assert finished.after(Journal(nodes=nodes)) == Finished(nodes=frozenset("acd"), clear_number=2)


DEEP = int(os.environ.get("MIRRORS_DEPTH", "1"))
"""2 explores for a minute, 3 for an hour."""

BOUNDS = [
    (3, Budget(failures=1)),
    (2, Budget(failures=1, retries=1, kills=1)),
    (1, Budget(failures=1, clears=1, restarts=1)),
    (1, Budget(kills=1, clears=1)),
    (2, Budget(clears=1)),
    (2, Budget(failures=1, kills=1, hops=1)),
    (1, Budget(kills=1, retries=1, hops=1)),
    (1, Budget(clears=1, hops=1)),
    *([(2, Budget(failures=1, clears=1)), (1, Budget(kills=1, retries=1, clears=1))] if DEEP > 1 else []),
    *([(3, Budget(failures=1, retries=1, kills=1, restarts=1))] if DEEP > 1 else []),
    *([(1, Budget(failures=1, kills=1, retries=1, clears=1, restarts=1))] if DEEP > 1 else []),
    *([(2, Budget(failures=2, clears=2)), (2, Budget(failures=1, kills=1, retries=1, clears=1))] if DEEP > 2 else []),
]


@pytest.mark.parametrize(("nodes", "budget"), BOUNDS, ids=range(len(BOUNDS)))
def test_every_order_of_events_ends_as_it_should(nodes: int, budget: Budget) -> None:
    found: Counter[str] = Counter()
    ends: set[tuple[str, ...]] = set()
    for world, goes_on in explore(begin(nodes, budget), limit=20_000_000 if DEEP > 2 else 2_000_000):
        if is_end(world):
            ends.add((world.runner, *(one.state for one in world.mirrors)))
            found.update(complaints(world))
        elif not goes_on:
            found["stuck"] += 1
    assert not found
    assert ("success", *["success"] * nodes) in ends
    assert any(runner == "failed" for runner, *_ in ends) == (budget.failures + budget.kills > budget.retries)
