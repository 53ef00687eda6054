"""DAG files with operators of large providers, loaded by those providers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kedro_aloft.venv import build_environment
from render.conftest import GOLDEN
from support.commands import user_cache, user_environment

pytestmark = pytest.mark.e2e

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "providers.txt"

_LOAD = """
import json, pathlib, sys
from airflow.dag_processing.dagbag import BundleDagBag

folder = pathlib.Path(sys.argv[1])
bag = BundleDagBag(str(folder), bundle_path=folder, bundle_name="tests")
assert not bag.import_errors, bag.import_errors
(dag,) = bag.dags.values()
tasks = {
    task.task_id: {"class": type(task).__name__, **{name: getattr(task, name, None) for name in sys.argv[2:]}}
    for task in dag.tasks
}
print(json.dumps(tasks, default=str))
"""


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter with the providers; made once per machine."""
    return build_environment(REQUIREMENTS, python=None, cache=user_cache() / "environments")


def load(python: Path, name: str, tmp_path: Path, *attributes: str) -> dict[str, Any]:
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(GOLDEN / "containers" / f"shop_{name}_dag.py", dags)
    environment = user_environment(AIRFLOW_HOME=str(tmp_path), AIRFLOW__CORE__LOAD_EXAMPLES="False")
    done = subprocess.run(
        [python, "-c", _LOAD, dags, *attributes], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    tasks: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return tasks


def test_gke(python: Path, tmp_path: Path) -> None:
    attributes = ("project_id", "location", "cluster_name", "use_internal_ip", "gcp_conn_id", "pod_template_dict")
    tasks = load(python, "gke", tmp_path, *attributes)
    fit = tasks["fit"]
    assert fit["class"] == "GKEStartPodOperator"
    assert [fit[name] for name in attributes[:5]] == ["shop-prod", "europe-west1", "batch", True, "google"]
    assert fit["pod_template_dict"]["spec"]["nodeSelector"] == {"pool": "gpu"}
    assert tasks["wait_for_ingest_orders"]["class"] == "ExternalTaskSensor"


def test_ecs(python: Path, tmp_path: Path) -> None:
    attributes = ("cluster", "task_definition", "launch_type", "network_configuration", "awslogs_group", "overrides")
    tasks = load(python, "ecs", tmp_path, *attributes)
    fit = tasks["fit"]
    assert fit["class"] == "EcsRunTaskOperator"
    assert [fit[name] for name in attributes[:3]] == ["batch", "shop", "FARGATE"]
    (container,) = fit["overrides"]["containerOverrides"]
    assert (container["name"], container["cpu"], container["memory"]) == ("shop", 8192, 16384)
    assert {"name": "OMP_NUM_THREADS", "value": "2"} in container["environment"]
    assert fit["network_configuration"]["awsvpcConfiguration"]["subnets"] == ["subnet-1"]
