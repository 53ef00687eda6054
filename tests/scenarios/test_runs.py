"""N10, N18, N20, N21, N24 and DESIGN's laws of identity and failure: real runs on one embedded Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.runs import tasks_of, unpickle, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

    OnAirflow = Callable[[ProjectBuilder], Project]

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

RUNS = 10


# --- concurrent runs


def test_ten_runs_at_once_give_ten_correct_results(
    on_airflow: OnAirflow, builder: ProjectBuilder, api: AirflowApi
) -> None:
    """N10, A22, A26: ten runs of one DAG hand over and version their own data; none sees another one's."""
    project = on_airflow(
        builder.functions(
            """
            import time

            def start(number, wait):
                note(f"start {number}", "starts.txt")
                deadline = time.monotonic() + 600
                while wait and not (PROJECT / "go").exists():  # until all ten runs are there
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                return {"number": number, "values": [number] * 1000}

            def square(started): return started["number"], started["number"] ** 2
            def again(kept): return kept
            def check(started, number, kept_again, squared, parameter):
                assert started["values"] == [parameter] * 1000, started["number"]
                assert number == kept_again == parameter, (number, kept_again)
                return f"{parameter}: {squared}"
            """
        )
        .pipeline(
            "__default__",
            """
            node(start, ["params:number", "params:wait"], "started", name="start"),
            node(square, "started", ["kept", "squared"], name="square"),
            node(again, "kept", "kept_again", name="again"),
            node(check, ["started", "kept", "kept_again", "squared", "params:number"], "result", name="check"),
            """,
        )
        .pickles("kept", "result", versioned=True)
        .parameters(number=0, wait=False)
    )
    first = project.run(f"--set=max_active_runs={RUNS}")
    assert first["state"] == "success"
    dag_id = first["dag_id"]
    runs = [
        api.trigger(dag_id, conf={"kedro_params": {"number": number, "wait": True}}).run_id
        for number in range(1, RUNS + 1)
    ]
    wait_until(lambda: all(api.run(dag_id, run).state == "running" for run in runs), "ten runs that run")
    (project.path / "go").touch()
    wait_until(lambda: all(api.run(dag_id, run).finished for run in runs), "the end of ten runs")
    assert {api.run(dag_id, run).state for run in runs} == {"success"}
    results = sorted(path for path in (project.path / "data" / "result.pkl").glob("*/result.pkl"))
    assert len(results) == RUNS + 1
    assert sorted(map(unpickle, results)) == sorted(f"{number}: {number**2}" for number in range(RUNS + 1))
    versions = {path.parent.name for path in (project.path / "data" / "kept.pkl").glob("*/kept.pkl")}
    assert versions == {path.parent.name for path in results}
    assert sorted(project.notes("starts.txt")) == sorted(f"start {number}" for number in range(RUNS + 1))
    assert not list((project.handoff / dag_id).glob("*/*"))


# --- failures and retries

FLAKY = """
    def before(): note("before"); return 1

    def flaky(value):
        note("flaky")
        if len((PROJECT / "notes.txt").read_text().split("flaky")) < 3:
            raise OSError("not yet")
        return value + 1

    def after(value): note("after"); return value + 1
"""
FLAKY_NODES = """
    node(before, None, "one", name="before"),
    node(flaky, "one", "two", name="flaky"),
    node(after, "two", "three", name="after"),
"""


def flaky_project(builder: ProjectBuilder) -> ProjectBuilder:
    return (
        builder.functions(FLAKY)
        .pipeline("__default__", FLAKY_NODES)
        .pickles("two", "three")
        .airflow_yml("default: {retries: 1, retry_delay: 0s}")
    )


def test_a_node_that_fails_once_is_tried_once_more_and_no_finished_node_is_repeated(
    on_airflow: OnAirflow, builder: ProjectBuilder
) -> None:
    """Issue 2: one retry; nodes that are alone in their tasks run once."""
    project = on_airflow(flaky_project(builder))
    outcome = project.run()
    assert outcome["state"] == "success"
    assert {task_id: task["tries"] for task_id, task in tasks_of(outcome).items()} == {
        "before": 1,
        "flaky": 2,
        "after": 1,
    }
    assert project.notes() == ["before", "flaky", "flaky", "after"]
    assert project.pickled("three") == 3


def test_a_retry_overwrites_only_what_its_own_run_wrote(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N10, A22: one version per run, also when the task that wrote it is tried again."""
    project = on_airflow(
        builder.functions(FLAKY)
        .pipeline("__default__", FLAKY_NODES)
        .pickles("one", "two", "three", versioned=True)
        .airflow_yml("default: {retries: 1, retry_delay: 0s, group_by: chain}")
    )
    outcomes = [project.run(), project.run()]
    assert [outcome["state"] for outcome in outcomes] == ["success", "success"]
    assert [task["tries"] for outcome in outcomes for task in outcome["tasks"]] == [2, 1]
    versions = {
        name: {path.parent.name for path in (project.path / "data" / f"{name}.pkl").glob("*/*.pkl")}
        for name in ("one", "two", "three")
    }
    assert len(versions["one"]) == 2
    assert versions["one"] == versions["two"] == versions["three"]


def test_a_failed_task_is_a_failed_run_in_spite_of_the_cleanup(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N18, K5, K6: the teardown hides nothing, what is independent still runs, and the data stays for a resume."""
    project = on_airflow(
        builder.functions(
            """
            def make(): note("make"); return [1, 2]
            def broken(value): raise RuntimeError("on purpose")
            def never(value): note("never")
            def aside(value): note("aside"); return value
            """
        )
        .pipeline(
            "__default__",
            """
            node(make, None, "made", name="make"),
            node(broken, "made", "bad", name="broken"),
            node(never, "bad", "out", name="never"),
            node(aside, "made", "kept", name="aside"),
            """,
        )
        .pickles("out", "kept")
        .airflow_yml("default: {retries: 0}")
    )
    outcome = project.run()
    assert outcome["state"] == "failed"
    states = {task_id: task["state"] for task_id, task in tasks_of(outcome).items()}
    assert states == {"make": "success", "broken": "failed", "never": "upstream_failed", "aside": "success"}
    assert sorted(project.notes()) == ["aside", "make"]
    kept = list((project.handoff / outcome["dag_id"]).glob("*/made.handoff"))
    assert len(kept) == 1
    text = project.airflow("run", f"--set=project_path={project.path}")
    assert text.code == 1
    assert "RuntimeError: on purpose" in text.err


def test_an_error_that_cannot_heal_is_not_tried_again(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N24, A21, A27, issue 2 "unpicklable object": no retry, and node and dataset are named with what to do."""
    project = on_airflow(
        builder.functions(
            """
            import threading

            def locked(): note("locked"); return threading.Lock()
            def use(value): return value
            def misspelled(): note("misspelled"); return undefined_name  # noqa: F821
            def good(): return 1
            """
        )
        .pipeline(
            "__default__",
            """
            node(locked, None, "the_lock", name="locked"), node(use, "the_lock", "a", name="use"),
            node(misspelled, None, "b", name="misspelled"),
            """,
        )
        .pickles("a", "b")
        .airflow_yml("default: {retries: 3, retry_delay: 5m}")
    )
    done = project.airflow("run", "--json", f"--set=project_path={project.path}")
    assert done.code == 1
    tasks = tasks_of(done.json())
    assert (tasks["locked"]["state"], tasks["locked"]["tries"]) == ("failed", 1)
    assert (tasks["misspelled"]["state"], tasks["misspelled"]["tries"]) == ("failed", 1)
    assert sorted(project.notes()) == ["locked", "misspelled"]
    for word in ("'the_lock'", "locked", "pickle", "NameError", "undefined_name"):
        assert word in done.err


# --- one run after another


def test_a_changed_pipeline_runs_its_new_code(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N20, K7: `run` waits until Airflow serves this very content; a stale version cannot be triggered."""
    project = on_airflow(
        builder.functions("def first(value): note(f'first {value}'); return value")
        .pipeline("__default__", 'node(first, "params:n", "x", name="old")')
        .parameters(n=1)
    )
    assert list(tasks_of(project.run())) == ["old"]
    registry = project.path / "src" / project.package / "pipeline_registry.py"
    registry.write_text(registry.read_text().replace("name='old'", "name='new'").replace('name="old"', 'name="new"'))
    project.write("conf/base/parameters.yml", "n: 2")
    assert list(tasks_of(project.run())) == ["new"]
    assert project.notes() == ["first 1", "first 2"]


def test_a_run_that_has_to_queue_is_waited_for(on_airflow: OnAirflow, builder: ProjectBuilder, api: AirflowApi) -> None:
    """N21, K8: queued → running → success, with max_active_runs 1 and another run ahead."""
    project = on_airflow(
        builder.functions(
            """
            import time

            def hold(wait):
                note(f"hold {wait}")
                deadline = time.monotonic() + 600
                while wait and not (PROJECT / "go").exists():
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                return wait
            """
        )
        .pipeline("__default__", 'node(hold, "params:wait", "held", name="hold")')
        .pickles("held")
        .parameters(wait=False)
    )
    dag_id = project.run()["dag_id"]
    ahead = api.trigger(dag_id, conf={"kedro_params": {"wait": True}}).run_id
    wait_until(lambda: api.run(dag_id, ahead).state == "running", "the run ahead")
    behind = api.trigger(dag_id).run_id
    assert api.run(dag_id, behind).state == "queued"
    (project.path / "go").touch()
    outcome = project.run()
    assert outcome["state"] == "success"
    assert {api.run(dag_id, run).state for run in (ahead, behind)} == {"success"}


def test_several_pipelines_run_one_after_the_other(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """Issue 2: `run -p a,b --json` prints a list; the second does not start when the first fails."""
    project = on_airflow(
        builder.functions("def leave(name): note(name)\ndef fail(name): raise OSError(name)")
        .pipeline("good", 'node(leave, "params:good", None, name="g")')
        .pipeline("bad", 'node(fail, "params:good", None, name="b")')
        .pipeline("also_good", 'node(leave, "params:also", None, name="a")')
        .parameters(good="good", also="also")
        .airflow_yml("default: {retries: 0}")
    )
    outcomes: Any = project.run("-p", "good,bad,also_good")
    assert [outcome["state"] for outcome in outcomes] == ["success", "failed"]
    assert project.notes() == ["good"]
