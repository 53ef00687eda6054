"""One project, compiled and run by the real commands with the installed versions of Airflow and Kedro."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.embedded import EmbeddedAirflow
from support.airflow import airflow_processes, load_one, nodes_by_task
from support.runs import tasks_of, unpickle

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

KEDRO = tuple(int(part) for part in version("kedro").split(".")[:2])

REGISTRY = """\
from kedro.framework.project import find_pipelines


def register_pipelines():
    found = find_pipelines()
    return {**found, "__default__": sum(found.values())}
"""

FUNCTIONS = """
from pathlib import Path

LOADED = []


def clean(raw, factor):
    process = Path("/proc/self/comm").read_text().strip()
    note(f"{'warm' if process == 'kedro-aloft' else 'fresh'}: {' '.join(sorted(LOADED))}", "loaded.txt")
    return [value * factor for value in raw]


def fit(table):
    note("fit")
    if len([line for line in (PROJECT / "notes.txt").read_text().splitlines() if line == "fit"]) < 2:
        raise OSError("not yet")
    return {"mean": sum(table) / len(table), "function": lambda value: value + 1}


def score(model, table): return model["function"](model["mean"]) + len(table)
"""

PIPELINE = """\
from kedro.pipeline import Pipeline, node, pipeline

from {package} import functions

functions.LOADED.append("{name}")


def create_pipeline(**_):
    return {body}
"""

TRAINING = """pipeline(
        [
            node(functions.clean, ["raw", "params:factor"], "table", name="clean"),
            node(functions.fit, "table", "model", name="fit"),
            node(functions.score, ["model", "table"], "score", name="score"),
        ],
        namespace="shop.train",
        inputs="raw",
        outputs="score",
        parameters="factor",
    )"""
OTHER = 'Pipeline([node(functions.clean, ["raw", "params:factor"], "other", name="other")])'


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Any:
    """Two pipelines; memory datasets that cross tasks, a namespace, a versioned output, a node that fails once."""
    builder = module_builder("matrix")
    for name, body in (("training", TRAINING), ("other", OTHER)):
        folder = f"src/{builder.package}/pipelines/{name}"
        builder.file(f"{folder}/__init__.py", PIPELINE.format(package=builder.package, name=name, body=body))
    project = (
        builder.functions(FUNCTIONS)
        .registry(REGISTRY)
        .file(f"src/{builder.package}/pipelines/__init__.py", "")
        .pickles("score", versioned=True)
        .pickles("other")
        .catalog("raw: {type: json.JSONDataset, filepath: data/raw.json}")
        .file("data/raw.json", json.dumps([1, 2, 3]))
        .parameters(factor=2)
        .airflow_yml("default: {retries: 1, retry_delay: 0s, tags: [matrix]}")
        .build()
    )
    yield project
    project.airflow("down")
    assert airflow_processes(project.path) == []


@pytest.fixture(scope="module")
def outcome(project: Project) -> dict[str, Any]:
    """What the first run printed: an unedited catalog, parameters of the command line."""
    return project.run("--pipelines=training", "--params=factor=4")


def test_what_create_writes_loads(project: Project) -> None:
    project.create("--all", "--verify")
    assert len(project.dag_files) == 3
    project.create("--pipelines=training", "--target-dir=single")
    nodes = nodes_by_task(load_one(project.path / "single"))
    assert sorted(name for names in nodes.values() for name in names) == [
        "shop.train.clean",
        "shop.train.fit",
        "shop.train.score",
    ]


def test_the_run_is_green_and_its_data_right(project: Project, outcome: dict[str, Any]) -> None:
    assert outcome["state"] == "success"
    (result,) = (project.path / "data" / "score.pkl").glob("*/score.pkl")
    assert unpickle(result) == 4 * 2 + 1 + 3


def test_the_node_that_failed_once_was_tried_again_alone(outcome: dict[str, Any]) -> None:
    tries = {task_id.rpartition(".")[2]: task["tries"] for task_id, task in tasks_of(outcome).items()}
    assert tries == {"clean": 1, "fit": 2, "score": 1}


def test_what_was_handed_over_is_gone(project: Project, outcome: dict[str, Any]) -> None:
    assert not list((project.handoff / outcome["dag_id"]).glob("*/*"))


def test_nothing_runs_any_more(project: Project, outcome: dict[str, Any]) -> None:
    assert outcome["run_id"]
    assert airflow_processes(project.path) == []


def test_tasks_start_warm(project: Project, outcome: dict[str, Any]) -> None:
    assert outcome["state"] == "success"
    assert project.notes("loaded.txt") == ["warm: other training"]


def check_fused(project: Project) -> None:
    """The nodes of one task are green tasks, live or not."""
    outcome = project.run("--pipelines=training", "--group-by=pipeline", "--set=mirrors=live")
    assert outcome["state"] == "success"
    api = EmbeddedAirflow(project.path).api()
    dag_id, run_id = outcome["dag_id"], outcome["run_id"]
    states = {task.task_id: task.state for task in api.tasks(dag_id, run_id)}
    assert set(states.values()) == {"success"}
    assert {f"shop.train.{node}" for node in ("clean", "fit", "score")} < set(states)


def test_up_keeps_airflow_running_for_the_next_run(project: Project) -> None:
    """Kedro ≥ 1.3 finds only the pipelines that a session asks for; before, a task imports all: right, and slower."""
    project.airflow("up").ok()
    assert project.airflow("status", "--json").ok().json()["up"] is True
    outcome = project.run("--pipelines=other", "--group-by=memory", "--set=warm=never")
    assert outcome["state"] == "success"
    assert project.pickled("other") == [2, 4, 6]
    assert project.notes("loaded.txt")[-1] == ("fresh: other training" if KEDRO < (1, 3) else "fresh: other")
    check_fused(project)
    project.airflow("down").ok()
    assert airflow_processes(project.path) == []
