"""A real Airflow tries fused tasks again: each goes on where it failed, and the command shows it node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk")

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

FUNCTIONS = """
    import pathlib, signal

    def once(name):
        flag = pathlib.Path(f"{name}.flag")
        there = flag.exists()
        flag.touch()
        return not there

    def first(): note("first"); return [1]
    def second(x): note("second"); return [*x, 2]
    def third(x):
        note("third")
        if once("third"): raise OSError("comes back")
        return [*x, 3]
    def kept(): note("kept"); return [1]
    def killed(x):
        note("killed")
        if once("killed"): os.kill(os.getpid(), signal.SIGKILL)
        return [*x, 2]
    def before(): note("before"); return [1]
    def asked(x):
        note("asked")
        if once("asked"): os.kill(os.getpid(), signal.SIGTERM)
        return [*x, 2]
    def early(): note("early"); return [1]
    def late(x):
        note("late")
        if once("late"): signal.raise_signal(signal.SIGALRM)
        return [*x, 2]
"""
FAILS = """
    node(first, None, "A", name="first"), node(second, "A", "B", name="second"), node(third, "B", "C", name="third"),
"""
KILLED = 'node(kept, None, "K", name="kept"), node(killed, "K", "L", name="killed"),'
STOPPED = 'node(before, None, "M", name="before"), node(asked, "M", "S", name="asked"),'
"""In the task's own process, as Airflow's supervisor does when the worker goes away."""

LATE = 'node(early, None, "E", name="early"), node(late, "E", "T", name="late"),'
"""By the signal on which Airflow's timeout waits: an hour, so that nothing else can meet it."""


@pytest.fixture(scope="module")
def outcomes(
    on_airflow: Callable[[ProjectBuilder], Project], module_builder: Callable[[str], ProjectBuilder]
) -> tuple[Project, list[dict[str, Any]], list[str]]:
    """Runs of four pipelines: a node fails once, kills its process, has it stopped, or takes too long."""
    project = on_airflow(
        module_builder("resume")
        .functions(FUNCTIONS)
        .pipeline("fails", FAILS)
        .pipeline("killed", KILLED)
        .pipeline("stopped", STOPPED)
        .pipeline("late", LATE)
        .pickles("C", "K", "L", "S", "T")
        .parameters(x=1)
        .airflow_yml(
            """
            default: {group_by: pipeline, retries: 1, retry_delay: 1s}
            stopped: {warm: never}
            late: {warm: never, timeout: 1h}
            """
        )
    )
    found = [project.run(f"--pipelines={pipeline}") for pipeline in ("fails", "killed", "stopped", "late")]
    return project, found, project.notes()


def test_only_what_is_not_done_runs_again(outcomes: tuple[Project, list[dict[str, Any]], list[str]]) -> None:
    project, found, notes = outcomes
    assert [outcome["state"] for outcome in found] == ["success"] * 4
    assert notes[:7] == ["first", "second", "third", "third", "kept", "killed", "killed"]
    assert notes[7:] == ["before", "asked", "asked", "early", "late", "late"]
    assert project.pickled("S") == project.pickled("T") == [1, 2]
    assert project.pickled("C") == [1, 2, 3]
    assert project.pickled("L") == [1, 2]
    assert not list(project.path.rglob("resume.jsonl"))


def test_the_outcome_says_what_was_kept(outcomes: tuple[Project, list[dict[str, Any]], list[str]]) -> None:
    _, found, _ = outcomes
    tasks = [outcome["tasks"] for outcome in found]
    assert [len(one) for one in tasks] == [1] * 4
    assert [one[0]["tries"] for one in tasks] == [2] * 4
    states = {node["name"]: node["state"] for one in tasks for node in one[0]["nodes"]}
    assert states == {
        "first": "kept",
        "second": "kept",
        "third": "success",
        "kept": "kept",
        "killed": "success",
        "before": "kept",
        "asked": "success",
        "early": "kept",
        "late": "success",
    }
    figures = {node["name"]: node for one in tasks for node in one[0]["nodes"]}
    assert figures["second"]["rows"] == 2, "as the try that ran it measured"
    assert figures["kept"]["outputs"] == [{"name": "K", "kept_in": "catalog"}]
