"""`kedro airflow clear` in Kedro's words on a real Airflow: of a fused task exactly what is named runs again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("airflow.sdk")

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

FUNCTIONS = """
    def step(name):
        def run(*data):
            note(name)
            order = PROJECT / "fails"
            if order.exists() and order.read_text() == name:
                order.unlink()
                raise ValueError(f"{name} has no luck")
            return [*sum(data, []), name]
        run.__name__ = name
        return run

    a1, a2, a3, b1, b2, b3 = map(step, ["a1", "a2", "a3", "b1", "b2", "b3"])
"""
NODES = """
    node(a1, None, "A1", name="a1", namespace="a"), node(a2, "A1", "A2", name="a2", namespace="a"),
    node(a3, "A2", "A3", name="a3", namespace="a"), node(b1, "A3", "B1", name="b1", namespace="b"),
    node(b2, "B1", "B2", name="b2", namespace="b"), node(b3, "B2", "B3", name="b3", namespace="b"),
"""
"""Two tasks of three nodes. `A2` and `B3` are persisted; `A3` is handed over."""

ALL = ["a1", "a2", "a3", "b1", "b2", "b3"]


@pytest.fixture(scope="module")
def project(
    on_airflow: Callable[[ProjectBuilder], Project], module_builder: Callable[[str], ProjectBuilder]
) -> Project:
    return on_airflow(
        module_builder("cleared")
        .functions(FUNCTIONS)
        .pipeline("live", NODES)
        .pipeline("plain", NODES)
        .pickles("A2", "B3")
        .airflow_yml("default: {group_by: namespace, retries: 0}\nlive: {mirrors: live}\nplain: {mirrors: off}\n")
    )


def run(project: Project, pipeline: str, *, fails: str = "") -> str:
    """Run a pipeline, in which a node fails once; return the words that name the run."""
    if fails:
        project.write("fails", fails)
    outcome = project.run(f"--pipelines={pipeline}")
    assert outcome["state"] == ("failed" if fails else "success"), outcome
    return str(outcome["run_id"])


def ran(project: Project) -> list[str]:
    """Nodes that ran since the last question."""
    names = project.notes()
    (project.path / "notes.txt").unlink(missing_ok=True)
    return names


def clear(project: Project, pipeline: str, run_id: str, *words: str) -> str:
    """Clear and wait for the run to end well; return what was told."""
    done = project.airflow("clear", run_id, f"--pipeline={pipeline}", *words, "--yes", "--wait", "--json").ok()
    assert done.json()["state"] == "success"
    return done.err


def test_a_node_runs_with_what_depends_on_it_and_with_what_was_handed_over(project: Project) -> None:
    run_id = run(project, "live", fails="b2")
    assert ran(project) == ALL[:5]
    told = clear(project, "live", run_id, "--node=b.b1")
    assert "b  failed  nodes b.b1, b.b2, b.b3" in told
    assert ran(project) == ["b1", "b2", "b3"], "the handoff has what `a` made"
    assert project.pickled("B3") == ALL


def test_of_a_green_run_a_node_runs_alone_with_what_it_needs(project: Project) -> None:
    run_id = run(project, "live")
    assert ran(project) == ALL
    told = clear(project, "live", run_id, "--node=a.a1", "--only")
    assert "a  success  nodes a.a1\n" in told
    assert ran(project) == ["a1"]
    only = ("--node=a.a3", "--only", "--yes", "--json")
    cleared = project.airflow("clear", run_id, "--pipeline=live", *only).ok().json()["cleared"]
    assert cleared == [{"task": "a", "state": "success", "nodes": ["a.a3"]}], "without those that only show nodes"
    project.airflow("watch", run_id, "--pipeline=live").ok()
    assert ran(project) == ["a3"], "what it needs is persisted"


def test_without_tasks_to_show_them_a_failed_task_goes_on_where_it_failed(project: Project) -> None:
    run_id = run(project, "plain", fails="b2")
    assert ran(project) == ALL[:5]
    clear(project, "plain", run_id, "--node=b.b2")
    assert ran(project) == ["b2", "b3"]
    assert project.pickled("B3") == ALL


def test_a_node_that_failed_is_told_once(project: Project) -> None:
    run_id = run(project, "live", fails="a2")
    watched = project.airflow("watch", run_id, "--pipeline=live", "--json")
    (line,) = (line for line in watched.err.splitlines() if "a.a2" in line and "failed" in line)
    assert line.startswith("  ✗ a.a2  failed  "), "its seconds are those of the node, not of the task that shows it"
    diagnosed = project.airflow("diagnose", watched.json()["dag_id"], run_id, "--json").json()
    assert [one["task"] for one in diagnosed] == ["a"]
    ran(project)
