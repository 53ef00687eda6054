"""XCom gets a report of bounded size that says when something is cut."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.contract.report import DatasetReport, Failure, NodeReport, TaskReport
from kedro_aloft.contract.summary import MAX_BYTES, MAX_MESSAGE, shorten, summarise

pytestmark = pytest.mark.airflow


def report_of(count: int, *, outputs: int = 1, failure: Failure | None = None) -> TaskReport:
    """A report of many nodes; later ones are slower; the last one failed when there is a failure."""
    nodes = [
        NodeReport(
            name=f"node_{n}",
            state="failed" if failure and n == count - 1 else "success",
            seconds=0.0 if failure and n == count - 1 else n / 10,
            outputs=tuple(DatasetReport(name=f"out_{n}_{m}", rows=n) for m in range(outputs)),
        )
        for n in range(count)
    ]
    return TaskReport(nodes=tuple(nodes), seconds=1.0, failure=failure)


def test_a_report_of_usual_size_is_whole() -> None:
    report = report_of(50)
    assert summarise(report) == report.to_dict()


def test_outputs_go_first() -> None:
    summary = summarise(report_of(1500, outputs=3))
    assert len(summary["nodes"]) == 1500
    assert {len(node["outputs"]) for node in summary["nodes"]} == {0}
    assert "outputs of the nodes are left out" in summary["cut"]
    assert len(json.dumps(summary)) <= MAX_BYTES


@pytest.mark.parametrize("count", [5_000, 50_000])
def test_the_slowest_nodes_and_the_failed_one_stay_in_their_order(count: int) -> None:
    failure = Failure(type="builtins.ValueError", message="no", deterministic=False, node=f"node_{count - 1}")
    summary = summarise(report_of(count, failure=failure))
    numbers = [int(node["name"].removeprefix("node_")) for node in summary["nodes"]]
    assert numbers == list(range(count - len(numbers), count))
    assert f"the {len(numbers):,} slowest of {count:,} nodes" in summary["cut"]
    assert MAX_BYTES * 0.9 < len(json.dumps(summary)) <= MAX_BYTES


def test_the_traceback_stays_in_the_log_and_long_messages_end() -> None:
    failure = Failure(type="x.Y", message="m" * 100_000, deterministic=True, traceback="Traceback: secret")
    summary = summarise(TaskReport(failure=failure))
    assert summary["failure"]["traceback"] == ""
    assert summary["failure"]["message"] == "m" * MAX_MESSAGE + "… (96,000 more characters in the task's log)"


def test_short_messages_stay() -> None:
    assert shorten("m" * MAX_MESSAGE) == "m" * MAX_MESSAGE
