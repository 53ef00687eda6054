"""A real MLflow server, and an environment in which Airflow, Kedro and kedro-mlflow are together."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.embedded import EmbeddedAirflow
from scripts.make_env import make_env
from support.airflow import locked, share_airflow
from support.commands import run_command, user_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

ROOT = Path(__file__).parents[2]
_CACHE = ROOT / ".cache" / "mlflow"

# One process, so that it ends with us however we end. `mlflow server` starts many, some of which would stay.
_SERVER = """
import os, socket, sys, threading

def end_with_parent():
    sys.stdin.read()
    os._exit(0)

threading.Thread(target=end_with_parent, daemon=True).start()
import uvicorn
from mlflow.server.fastapi_app import app
from mlflow.server.handlers import initialize_backend_stores

listener = socket.create_server(("127.0.0.1", 0))
initialize_backend_stores(os.environ["_MLFLOW_SERVER_FILE_STORE"], default_artifact_root="mlflow-artifacts:/")
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""

_AIRFLOW = """
import sys
from pathlib import Path
from kedro_aloft.embedded import EmbeddedAirflow

with EmbeddedAirflow(Path(sys.argv[1]), parallelism=4).running():
    print("up", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The environment, and a tracking server."""

    bin: Path
    server: str

    def kedro(self, project: Project, *words: str) -> Any:
        """Run `kedro …` in the project, with MLflow."""
        return run_command(self.bin / "kedro", *words, cwd=project.path, env=self.variables())

    def run(self, project: Project, *words: str) -> dict[str, Any]:
        """Return what `kedro airflow run --json` prints."""
        done = self.kedro(project, "airflow", "run", "--json", f"--set=project_path={project.path}", *words)
        assert done.out.strip(), done.text
        outcome: dict[str, Any] = done.json()
        return outcome

    def runs(self, project: Project) -> list[dict[str, Any]]:
        """Return the MLflow runs of the project's experiment, the earliest first, as another program sees them."""
        found: list[dict[str, Any]] = json.loads(self.python(_RUNS, project.package).splitlines()[-1])
        return found

    def python(self, code: str, *words: str, cwd: Path = ROOT) -> str:
        """Run Python code in the environment; return what it prints."""
        return run_command(self.bin / "python", "-c", code, *words, cwd=cwd, env=self.variables()).ok().out

    def variables(self) -> dict[str, str]:
        """Return what a process needs to find both."""
        return {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "MLFLOW_TRACKING_URI": self.server}

    def configured(self, builder: ProjectBuilder) -> ProjectBuilder:
        """Return a builder whose project uses the server through kedro-mlflow."""
        return builder.file("conf/base/mlflow.yml", f"server: {{mlflow_tracking_uri: '{self.server}'}}")


_RUNS = """
import json, sys
import mlflow

client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name(sys.argv[1])
runs = [] if experiment is None else client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
print(json.dumps([
    {"id": run.info.run_id, "name": run.info.run_name, "status": run.info.status, "params": run.data.params,
     "metrics": run.data.metrics, "tags": run.data.tags,
     "history": {key: len(client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics}}
    for run in runs
]))
"""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The environment, made once per clone, and a server on a port of its own."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with locked(_CACHE / "lock"):
        make_env(_CACHE / "environment", ROOT / "requirements" / "mlflow.txt")
    python, folder = _CACHE / "environment" / "bin" / "python", tmp_path_factory.mktemp("mlflow")
    variables = {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/mlflow.db",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with _kept(python, _SERVER, env=variables, log=folder / "server.log") as port:
        yield World(bin=python.parent, server=f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def mlflow_airflow(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAirflow]:
    """One embedded Airflow in the environment that has MLflow."""
    path = tmp_path_factory.mktemp("airflow")
    with _kept(world.bin / "python", _AIRFLOW, path, env=world.variables(), log=path / "log.txt"):
        yield EmbeddedAirflow(path)


@pytest.fixture
def api(mlflow_airflow: EmbeddedAirflow) -> AirflowApi:
    """A client of that Airflow."""
    return mlflow_airflow.api()


@pytest.fixture(scope="session")
def on_airflow(mlflow_airflow: EmbeddedAirflow) -> Any:
    """Build projects whose `kedro airflow run` uses that Airflow."""
    return lambda builder: share_airflow(builder.build(), mlflow_airflow.project_path)


@contextmanager
def _kept(python: Path, code: str, *words: Path, env: dict[str, str], log: Path) -> Iterator[str]:
    """Run a program as long as the block lasts; give its first line. It ends when its input does."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [python, "-c", code, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=user_environment(**env),
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        assert line, log.read_text()
        yield line
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
