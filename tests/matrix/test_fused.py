"""A fused task whose nodes are shown, with the installed versions: it does well, fails and goes on, is cleared by node.

Before Airflow 3.3 the same file shows its nodes by empty tasks; what each did is in the log and on the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.compat import has_workerless_tasks
from kedro_aloft.embedded import EmbeddedAirflow
from support.airflow import airflow_processes, task_log
from support.runs import tasks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

NAMES = ["n1", "n2", "n3", "n4", "n5"]
RUNNER = "__default__"

FUNCTIONS = """
import pandas

def step(name):
    def run(*data):
        note(name)
        order = PROJECT / "fails"
        if order.exists() and order.read_text() == name:
            order.unlink()
            raise OSError(f"{name} has no luck")
        return pandas.concat([*data, pandas.DataFrame({"name": [name]})])
    run.__name__ = name
    return run

n1, n2, n3, n4, n5 = map(step, ["n1", "n2", "n3", "n4", "n5"])
"""
NODES = """
    node(n1, None, "d1", name="n1"), node(n2, "d1", "d2", name="n2"), node(n3, "d2", "d3", name="n3"),
    node(n4, "d3", "d4", name="n4"), node(n5, "d4", "d5", name="n5"),
"""


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Iterator[Project]:
    """A chain of nodes in one task, one of which fails when a file says so."""
    project = (
        module_builder("fused")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pickles("d2", "d5")
        .airflow_yml("default: {group_by: pipeline, mirrors: auto, retries: 1, retry_delay: 0s}")
        .build()
    )
    project.airflow("up").ok()
    yield project
    project.airflow("down").ok()
    assert airflow_processes(project.path) == []


def ran(project: Project) -> list[str]:
    """Nodes that ran since the last question."""
    names = project.notes()
    (project.path / "notes.txt").unlink(missing_ok=True)
    return names


def nodes_of(outcome: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in tasks_of(outcome)[RUNNER]["nodes"]}


def states_of(project: Project, outcome: dict[str, Any]) -> dict[str, str]:
    tasks = EmbeddedAirflow(project.path).api().tasks(outcome["dag_id"], outcome["run_id"])
    return {task.task_id: task.state for task in tasks}


def test_all_is_well(project: Project) -> None:
    outcome = project.run()
    assert outcome["state"] == "success"
    assert ran(project) == NAMES
    assert states_of(project, outcome) == dict.fromkeys([*NAMES, RUNNER, f"{RUNNER}.gate", f"{RUNNER}.done"], "success")
    nodes = nodes_of(outcome)
    assert [nodes[name]["rows"] for name in NAMES] == [1, 2, 3, 4, 5]
    for figure in ("seconds", "bytes", "peak_memory_mib"):
        assert all(nodes[name][figure] > 0 for name in NAMES), figure
    assert [nodes[name]["outputs"][0]["kept_in"] for name in NAMES] == [
        "memory", "catalog", "memory", "memory", "catalog",
    ]  # fmt: skip


def test_a_retry_goes_on_and_table_and_log_tell_it(project: Project) -> None:
    project.write("fails", "n4")
    outcome = project.run("--set=mirrors=live")
    assert outcome["state"] == "success"
    assert ran(project) == ["n1", "n2", "n3", "n4", "n4", "n5"]
    assert list(project.pickled("d5")["name"]) == NAMES
    kept = {"n1": "kept", "n2": "kept", "n3": "kept", "n4": "success", "n5": "success"}
    assert {name: node["state"] for name, node in nodes_of(outcome).items()} == kept
    assert set(states_of(project, outcome).values()) == {"success"}
    watched = project.airflow("watch", outcome["run_id"]).ok()
    table = {line.split()[0]: line.split()[1:3] for line in watched.out.splitlines()}
    assert table == {"node": ["task", "state"], **{name: [RUNNER, state] for name, state in kept.items()}}
    said = [
        str(entry["event"])
        for entry in task_log(
            EmbeddedAirflow(project.path).api(), outcome["dag_id"], outcome["run_id"], RUNNER, try_number=2
        )
    ]
    assert "Resuming: 3 of 5 nodes are done. To run: n4, n5" in said
    assert any(line.startswith("Node n5: success in ") for line in said)


def test_a_failed_run_is_red_and_goes_on_where_its_node_is_cleared(project: Project) -> None:
    project.write("fails", "n4")
    outcome = project.run("--set=retries=0")
    assert outcome["state"] == "failed"
    assert ran(project) == ["n1", "n2", "n3", "n4"]
    told = {name: node["state"] for name, node in nodes_of(outcome).items()}
    assert told == {"n1": "success", "n2": "success", "n3": "success", "n4": "failed", "n5": "not run"}
    states = states_of(project, outcome)
    shown = ["success"] * 3 + ["failed", "skipped"] if has_workerless_tasks() else ["upstream_failed"] * 5
    assert [states[name] for name in NAMES] == shown
    again = project.airflow("clear", outcome["run_id"], "--node=n4", "--yes", "--wait", "--json").ok()
    assert again.json()["state"] == "success"
    assert ran(project) == ["n4", "n5"]
    assert list(project.pickled("d5")["name"]) == NAMES
