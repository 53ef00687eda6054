"""One MLflow run from several real containers: each has nothing of the others but the run's identity and the data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.contract.keys import RUN_VARIABLE, TASK_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World
    from support.engine import Engine
    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.docker, pytest.mark.e2e]

FUNCTIONS = """
def fit(rate):
    import mlflow
    mlflow.log_metric("rows", 7)
    return rate * 2

def score(model): return model + 1
"""


@pytest.fixture
def project(world: World, builder: ProjectBuilder) -> Project:
    return (
        world.configured(builder)
        .functions(FUNCTIONS)
        .pipeline("__default__", "node(fit, 'params:rate', 'model', name='fit'),"
                  "node(score, 'model', 'accuracy', name='score')")
        .catalog("accuracy: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}")
        .pickles("model")
        .parameters(rate=0.5)
        .build()
    )  # fmt: skip


def run_container(engine: Engine, world: World, project: Project, *words: str, nodes: tuple[str, ...] = ()) -> None:
    """Run the runtime in a container that sees this machine's network, interpreter and project."""
    python = world.bin / "python"
    work = {"package": project.package, "pipeline": "__default__", "mlflow": True, "nodes": list(nodes)}
    run = {"dag_id": project.package, "run_id": "r1", "task_id": "t", "try_number": 1, "states": {}, "teardowns": []}
    variables = {
        "MLFLOW_TRACKING_URI": world.server,
        TASK_VARIABLE: json.dumps({name: value for name, value in work.items() if value}),
        RUN_VARIABLE: json.dumps({**run, "run_after": "2026-01-02T03:04:05+00:00"}),
    }
    engine.docker(
        *("run", "--rm", "--network=host", f"--workdir={project.path}", f"--volume={project.path}:{project.path}"),
        *(f"--volume={folder}:{folder}:ro" for folder in _folders(python)),
        *(f"--env={name}={value}" for name, value in variables.items()),
        *(engine.base_image(), python, "-m", "kedro_aloft.runtime", *words),
    )


def _folders(python: Path) -> list[Path]:
    """The environment, what it was made from, and the source tree."""
    return [python.resolve().parents[1], python.parents[4]]


def test_containers_log_into_one_run(engine: Engine, world: World, project: Project) -> None:
    run_container(engine, world, project, "start")
    run_container(engine, world, project, nodes=("fit",))
    run_container(engine, world, project, nodes=("score",))
    (run,) = world.runs(project)
    assert run["status"] == "RUNNING"
    run_container(engine, world, project, "finish")
    (run,) = world.runs(project)
    assert (run["status"], run["name"]) == ("FINISHED", "r1")
    assert run["params"] == {"rate": "0.5"}
    assert run["metrics"] == {"rows": 7.0, "accuracy": 2.0}
