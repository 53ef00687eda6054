"""What a run leaves in `.airflow/history`, and what becomes of files that are no history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kedro_aloft.cli.history_store import read_histories, record_run, seen_in
from kedro_aloft.cli.outcome import NodeOutcome, Outcome, TaskOutcome
from kedro_aloft.graph.costs import History

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def node_report(name: str, seconds: float | None, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": "success", "seconds": seconds, "peak_memory_mib": None, "outputs": [], **more}


def run_of(*tasks: tuple[str, float | None, tuple[str, ...]], dag_id: str = "shop") -> Outcome:
    made = tuple(
        TaskOutcome(
            id=task_id,
            state="success",
            seconds=seconds,
            tries=1,
            nodes=tuple(NodeOutcome(name=name, state="success") for name in nodes),
        )
        for task_id, seconds, nodes in tasks
    )
    return Outcome(dag_id=dag_id, run_id="r", state="success", seconds=9.0, tasks=made)


RUN = run_of(("a__b", 4.0, ("a", "b")), ("c", 2.5, ("c",)))
OUTPUTS = [{"name": "x", "rows": 3, "bytes": 50_000_000, "kept_in": "handoff"}]
REPORTS = {
    "a__b": {"nodes": [node_report("a", 1.0, outputs=OUTPUTS), node_report("b", 2.0, peak_memory_mib=300.0)]},
    "c": {"nodes": [node_report("c", 1.0)]},
}


def test_a_run_shows_nodes_datasets_and_what_a_task_costs_by_itself() -> None:
    assert seen_in(RUN, REPORTS, slots=2) == History(
        seconds={"a": 1.0, "b": 2.0, "c": 1.0},
        memory_mib={"b": 300.0},
        size_bytes={"x": 50_000_000},
        overhead_s=1.25,
        slots=2,
    )


def test_what_was_not_measured_is_not_invented() -> None:
    reports = {"a__b": {"nodes": [node_report("a", None)]}}
    assert seen_in(RUN, reports) == History()


def test_nodes_that_ran_beside_each_other_tell_nothing_about_the_task() -> None:
    reports = {"a__b": {"nodes": [node_report("a", 3.9), node_report("b", 3.9)]}}
    assert seen_in(RUN, reports).overhead_s is None


def test_a_run_is_remembered_and_the_same_run_again_changes_no_byte(tmp_path: Path) -> None:
    record_run(tmp_path, RUN, REPORTS, slots=2)
    (file,) = (tmp_path / ".airflow" / "history").iterdir()
    first = file.read_bytes()
    assert read_histories(tmp_path) == {"shop": seen_in(RUN, REPORTS, slots=2)}
    record_run(tmp_path, RUN, REPORTS, slots=2)
    assert file.read_bytes() == first


def test_any_dag_id_has_a_file(tmp_path: Path) -> None:
    for dag_id in ("../up", "ümläut 🚀", "x" * 250):
        record_run(tmp_path, run_of(("c", 2.5, ("c",)), dag_id=dag_id), REPORTS, slots=2)
    assert set(read_histories(tmp_path)) == {"../up", "ümläut 🚀", "x" * 250}
    assert {path.name for path in tmp_path.iterdir()} == {".airflow"}


def test_a_file_that_is_no_history_is_left_out_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / ".airflow" / "history"
    folder.mkdir(parents=True)
    for name, text in {"a": "{", "b": "[]", "c": "{}", "d": json.dumps({"dag_id": "d", "schema": 99})}.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    record_run(tmp_path, RUN, REPORTS, slots=2)
    assert list(read_histories(tmp_path)) == ["shop"]
    told = capsys.readouterr().err
    assert all(f"history {name}.json is ignored" in told for name in "abcd")


def test_without_runs_there_is_no_history(tmp_path: Path) -> None:
    assert read_histories(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_history_that_cannot_be_written_fails_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".airflow").mkdir()
    (tmp_path / ".airflow" / "history").write_text("a file where the folder should be", encoding="utf-8")
    record_run(tmp_path, RUN, REPORTS, slots=2)
    assert "is not remembered" in capsys.readouterr().err
