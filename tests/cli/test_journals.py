"""Journals of a run's tasks, from XCom or from a container's log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.cli.journals import nodes_of_run, read_journal
from kedro_aloft.cli.outcome import Outcome, TaskOutcome, _nodes, _size, print_outcome
from kedro_aloft.client import AirflowApi, TaskState
from kedro_aloft.contract.journal import Journal, NodeEntry

if TYPE_CHECKING:
    import pytest

ENTRY = NodeEntry(state="ok", start=1.0, end=3.5, rows=2, outputs={"x": "memory"})


class Answers:
    """A transport with answers by the end of the path."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def send(self, method: str, path: str, **_: Any) -> tuple[int, Any]:
        assert method == "GET"
        return next(((200, answer) for part, answer in self.answers.items() if f"/{part}/" in path), (404, {}))


def api(**answers: Any) -> AirflowApi:
    return AirflowApi("http://localhost:1", token=lambda: "t", transport=Answers(**answers))


def task(state: str = "running", *, tries: int = 1) -> TaskState:
    return TaskState(task_id="all", state=state, start=None, end=None, seconds=None, tries=tries)


def test_a_journal_is_read_from_xcom() -> None:
    journal = Journal(try_number=2, nodes={"a": ENTRY})
    found = api(xcomEntries={"value": journal.to_json()})
    assert nodes_of_run(found, "shop", "r", [task(tries=2)]) == {"all": {"a": ENTRY}}
    assert nodes_of_run(found, "shop", "r", [task("queued", tries=2)]) == {}, "it has not started"


def test_the_journal_of_the_try_before_does_not_count() -> None:
    journal = Journal(try_number=1, nodes={"a": ENTRY})
    assert read_journal(api(xcomEntries={"value": journal.to_json()}), "shop", "r", task(tries=2)) is None


def test_a_containers_journal_is_read_from_its_log() -> None:
    lines = [
        {"event": 'INFO kedro-aloft journal: {"a": ["running", 1.0, null, {}]}'},
        {"event": "something else"},
        'kedro-aloft journal: {"b": ["running", 4.0, null, {}], "a": ["ok", 1.0, 3.5, {"rows": 2}]}',
        {"event": "kedro-aloft journal: {broken"},
    ]
    journal = read_journal(api(logs={"content": lines}), "shop", "r", task())
    assert journal is not None
    assert {name: entry.state for name, entry in journal.nodes.items()} == {"a": "ok", "b": "running"}
    assert read_journal(api(), "shop", "r", task()) is None


def test_nodes_of_a_killed_task_are_told_by_its_journal() -> None:
    journal = {"a": ENTRY, "b": NodeEntry(state="running", start=4.0)}
    nodes = _nodes(("a", "b", "c"), "failed", None, journal)
    assert [(node.name, node.state, node.seconds) for node in nodes] == [
        ("a", "success", 2.5),
        ("b", "failed", None),
        ("c", "not run", None),
    ]
    assert [node.state for node in _nodes(("a", "c"), "failed", None, None)] == ["failed", "failed"]


def test_the_table_has_every_figure_of_a_node(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # a terminal has a width, and folds what is wider
    entry = replace(ENTRY, rows=1234, bytes=5 << 20, peak=131.2, outputs={"x": "memory", "y": "catalog"})
    nodes = _nodes(("a", "b"), "failed", None, {"a": replace(entry, state="kept"), "b": replace(entry, state="failed")})
    task = TaskOutcome(id="all", state="failed", seconds=9.0, tries=2, nodes=nodes)
    print_outcome(Outcome(dag_id="shop", run_id="r", state="failed", seconds=12.0, tasks=(task,)))
    printed = capsys.readouterr()
    _, first, second = (" ".join(line.split()) for line in printed.out.splitlines())
    assert first == "a all kept ████████████ 2.5 s 1,234 5.0 MiB 131 MiB catalog, memory 9.0 s"
    assert second == first.replace("a all kept", "b all failed")
    assert "failed in 12.0 s" in printed.err


def test_sizes_are_told_in_the_largest_unit() -> None:
    assert [_size(size) for size in (None, 0, 1023, 2048, 5 << 20, 3 << 40)] == [
        "",
        "0 B",
        "1023 B",
        "2.0 KiB",
        "5.0 MiB",
        "3072.0 GiB",
    ]
