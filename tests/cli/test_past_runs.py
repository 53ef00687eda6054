"""What the runs of another Airflow teach: from reports, and shared out where a task left none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from kedro_aloft.cli.past_runs import PastRun, history_of, tasks_at_work
from kedro_aloft.client import TaskState

NODES = {"a": ("a",), "b": ("b",), "a__b": ("a", "b")}
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def past_run(reports: dict[str, Any] | None = None, **seconds: float | None) -> PastRun:
    tasks = tuple(
        TaskState(
            task_id=task_id,
            state="success",
            start=NOON,
            end=None if value is None else NOON + timedelta(seconds=value),
            seconds=value,
            tries=1,
        )
        for task_id, value in seconds.items()
    )
    return PastRun(run_id="r", tasks=tasks, reports=reports or {})


def report(*, cut: str = "", **seconds: float) -> dict[str, Any]:
    nodes = [
        {"name": name, "state": "success", "seconds": value, "peak_memory_mib": 200.0, "outputs": []}
        for name, value in seconds.items()
    ]
    return {"nodes": nodes, **({"cut": cut} if cut else {})}


def test_reports_tell_every_node_and_what_a_task_takes_by_itself() -> None:
    seen = history_of([past_run({"a__b": report(a=1.0, b=4.0)}, a__b=6.5)], NODES, overhead_s=None)
    assert (seen.seconds, seen.overhead_s, seen.memory_mib) == ({"a": 1.0, "b": 4.0}, 1.5, {"a": 200.0, "b": 200.0})


def test_reports_count_though_the_dag_is_cut_otherwise_now() -> None:
    seen = history_of([past_run({"old": report(a=1.0, b=4.0)}, old=6.0)], NODES, overhead_s=None)
    assert (seen.seconds, seen.overhead_s) == ({"a": 1.0, "b": 4.0}, 1.0)


def test_a_task_without_a_report_gives_its_time_less_what_a_task_takes_by_itself() -> None:
    seen = history_of([past_run(a=3.0, a__b=0.5)], NODES, overhead_s=2.0)
    assert seen.overhead_s is None
    assert seen.seconds == {"a": 0.0, "b": 0.0}  # the later task is shorter than what a task takes by itself
    assert history_of([past_run(a=3.0)], NODES, overhead_s=2.0).seconds == {"a": 1.0}
    assert history_of([past_run(a=3.0)], NODES, overhead_s=None).seconds == {"a": 2.0}  # the planner's guess


def test_a_fused_task_without_a_report_shares_its_time_evenly() -> None:
    assert history_of([past_run(a__b=9.0)], NODES, overhead_s=1.0).seconds == {"a": 4.0, "b": 4.0}


def test_what_tasks_take_by_themselves_is_learned_from_those_that_reported() -> None:
    seen = history_of([past_run({"a": report(a=1.0)}, a=4.0, b=8.0)], NODES, overhead_s=0.5)
    assert (seen.seconds, seen.overhead_s) == ({"a": 1.0, "b": 5.0}, 3.0)


def test_of_several_runs_the_median_counts() -> None:
    runs = [past_run({"a": report(a=seconds)}, a=seconds + 1) for seconds in (2.0, 90.0, 3.0)]
    assert history_of(runs, NODES, overhead_s=None).seconds == {"a": 3.0}


def test_a_shortened_report_says_nothing_about_the_task_itself() -> None:
    shortened = report(cut="the 1 slowest of 900 nodes", b=4.0)
    seen = history_of([past_run({"a__b": shortened}, a__b=60.0)], NODES, overhead_s=None)
    assert (seen.seconds, seen.overhead_s) == ({"b": 4.0}, None)


def test_unknown_tasks_and_tasks_without_an_end_teach_nothing() -> None:
    assert history_of([past_run(cleanup=3.0, a=None)], NODES, overhead_s=None).seconds == {}


def test_the_wait_of_a_task_that_shows_a_node_is_not_the_time_of_the_node() -> None:
    """It is called as the node's own task would be, and has no report."""
    named = {"a": "KedroMirror", "b": "EmptyOperator", "a__b": "KedroOperator", "c": "BashOperator"}
    tasks = [TaskState(task_id=one, state="success", operator=operator) for one, operator in named.items()]
    failed = TaskState(task_id="d", state="failed", operator="KedroOperator")
    assert [task.task_id for task in tasks_at_work([*tasks, failed])] == ["a__b", "c"]
