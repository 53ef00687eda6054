"""The journal of a try: it grows by replacement, crosses as JSON, and never gets larger than it may."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.contract.journal import Journal, NodeEntry, entry_of
from kedro_aloft.contract.report import DatasetReport, NodeReport
from kedro_aloft.errors import RequestError

SECONDS = st.one_of(st.none(), st.floats(min_value=0, max_value=2e9))
COUNTS = st.one_of(st.none(), st.integers(min_value=0, max_value=10**12))
ENTRIES = st.builds(
    NodeEntry,
    state=st.sampled_from(["ok", "running", "failed", "kept"]),
    start=SECONDS,
    end=SECONDS,
    rows=COUNTS,
    bytes=COUNTS,
    peak=SECONDS,
    outputs=st.dictionaries(st.text(max_size=9), st.sampled_from(["catalog", "handoff", "memory"]), max_size=3),
    message=st.text(max_size=50),
)
JOURNALS = st.builds(
    Journal,
    attempt=st.text(max_size=36),
    try_number=st.integers(min_value=1, max_value=99),
    clear_number=st.integers(min_value=0, max_value=99),
    started=SECONDS,
    ended=SECONDS,
    nodes=st.dictionaries(st.text(max_size=9), ENTRIES, max_size=5),
)


@given(JOURNALS)
def test_a_journal_comes_back_as_it_was(journal: Journal) -> None:
    assert Journal.from_json(journal.to_json()) == journal
    assert Journal.from_json(journal.to_dict()) == journal


@given(JOURNALS, st.integers(min_value=0, max_value=2000))
def test_states_and_times_are_never_cut(journal: Journal, max_bytes: int) -> None:
    cut = Journal.from_json(journal.to_dict(max_bytes=max_bytes))
    kept = {name: (entry.state, entry.start, entry.end) for name, entry in journal.nodes.items()}
    assert {name: (entry.state, entry.start, entry.end) for name, entry in cut.nodes.items()} == kept


def test_figures_go_first_and_messages_last() -> None:
    entry = NodeEntry(state="failed", start=1.0, end=2.0, rows=3, outputs={"a" * 50: "memory"}, message="m" * 50)
    journal = Journal(nodes={"a": entry})
    whole, *cut = (journal.to_json(max_bytes=size) for size in (10**6, 200, 180, 1))
    figures = ("outputs", "rows", "message")
    assert all(figure in whole for figure in figures)
    assert [[figure for figure in figures if figure in text] for text in cut] == [["rows", "message"], ["message"], []]


def test_a_node_begins_and_ends() -> None:
    journal = Journal(started=10.0)
    running = journal.with_started("a", 11.0)
    assert running.nodes["a"] == NodeEntry(state="running", start=11.0)
    next_one = running.with_ended("a", 13.5, rows=4).with_started("b", 14.0)
    ended = next_one.with_ended("b", 15.0, failed=True, message="no")
    assert ended.nodes["a"].seconds == 2.5
    assert ended.nodes["b"] == NodeEntry(state="failed", start=14.0, end=15.0, message="no")
    assert ended.done == {"a"}
    assert not journal.nodes, "journals do not change"
    assert ended.with_end(16.0).ended == 16.0


def test_what_was_kept_of_an_earlier_try_is_done() -> None:
    assert Journal(nodes={"a": NodeEntry(state="kept"), "b": NodeEntry(state="running")}).done == {"a"}


def test_the_report_of_a_node_becomes_an_entry() -> None:
    outputs = (DatasetReport(name="x", rows=2, bytes=10), DatasetReport(name="y", rows=5, bytes=1, kept_in="memory"))
    report = NodeReport(name="a", state="success", seconds=1.0, peak_memory_mib=99.5, outputs=outputs)
    entry = entry_of(report, start=1.0, end=2.0)
    assert entry == NodeEntry(
        state="ok", start=1.0, end=2.0, rows=5, bytes=11, peak=99.5, outputs={"x": "catalog", "y": "memory"}
    )


@pytest.mark.parametrize(
    "content",
    ["", "[]", "null", '{"v": 1}', '{"v": 2}', {"v": 1, "nodes": []}, 7],
    ids=["empty", "list", "null", "fields", "version", "no-nodes", "number"],
)
def test_what_is_no_journal_is_refused(content: Any) -> None:
    with pytest.raises(RequestError):
        Journal.from_json(content)


@pytest.mark.parametrize("entry", [["ok"], ["done", 1, 2, {}], "ok", None, ["ok", 1, 2, None]], ids=repr)
def test_a_malformed_entry_is_refused(entry: Any) -> None:
    with pytest.raises(RequestError):
        NodeEntry.from_json(entry)


def test_figures_of_a_newer_version_are_left_out() -> None:
    assert NodeEntry.from_json(["ok", 1.0, 2.0, {"rows": 1, "colour": "red"}]) == NodeEntry(
        state="ok", start=1.0, end=2.0, rows=1
    )
