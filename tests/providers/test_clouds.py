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

SOURCE = Path(__file__).parents[2] / "src"
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
print(json.dumps(tasks, default=lambda one: sorted(one) if isinstance(one, set) else str(one)))
"""


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter with the providers; made once per machine."""
    return build_environment(REQUIREMENTS, python=None, cache=user_cache() / "environments")


def load(python: Path, name: str, tmp_path: Path, *attributes: str) -> dict[str, Any]:
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(GOLDEN / "containers" / f"shop_{name}_dag.py", dags)
    environment = user_environment(
        AIRFLOW_HOME=str(tmp_path), AIRFLOW__CORE__LOAD_EXAMPLES="False", PYTHONPATH=str(SOURCE)
    )
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
    assert fit["class"] == "GKEPodOperator"
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


@pytest.mark.parametrize("name", ["spark_dataproc", "spark_dataproc_pods"])
def test_dataproc(python: Path, tmp_path: Path, name: str) -> None:
    attributes = ("project_id", "region", "cluster_name", "cluster_config", "job", "gcp_conn_id", "deferrable")
    shape = ("is_setup", "is_teardown", "upstream_task_ids", "on_failure_fail_dagrun", "trigger_rule", "labels")
    tasks = load(python, name, tmp_path, *attributes, *shape)
    create, job, delete = (tasks[one] for one in ("create_spark_cluster", "count__join", "delete_spark_cluster"))
    assert [one["class"] for one in (create, job, delete)] == [
        "DataprocCreateClusterOperator",
        "DataprocSubmitJobOperator",
        "DataprocDeleteClusterOperator",
    ]
    for one in (create, job, delete):
        assert [one[key] for key in ("project_id", "region", "gcp_conn_id")] == ["shop-prod", "europe-west1", "google"]
        assert one["deferrable"]
    assert job["job"]["placement"]["cluster_name"] == create["cluster_name"] == delete["cluster_name"]
    assert create["is_setup"]
    assert create["upstream_task_ids"] == ["load"]
    assert create["labels"] == {"created-by": "kedro-aloft", "team": "data"}
    assert [one["executable_file"] for one in create["cluster_config"]["initialization_actions"]] == [
        "gs://shop/proxy.sh",
        "gs://shop/spark/0123456789ab/init.sh",
    ]
    spark = job["job"]["pyspark_job"]
    assert spark["main_python_file_uri"] == "gs://shop/spark/0123456789ab/launch.py"
    assert spark["properties"]["spark.executor.memory"] == "4g"
    assert [one.partition("=")[0] for one in spark["args"]] == ["STAGE", "KEDRO_ALOFT_TASK", "KEDRO_ALOFT_RUN"]


@pytest.mark.parametrize("name", ["spark_dataproc", "spark_dataproc_pods"])
def test_no_teardown_hides_a_failed_job(python: Path, tmp_path: Path, name: str) -> None:
    """A run has the state of its leaves; a teardown is none, unless it is asked to be."""
    tasks = load(python, name, tmp_path, "is_teardown", "upstream_task_ids", "on_failure_fail_dagrun", "trigger_rule")
    delete = tasks["delete_spark_cluster"]
    assert delete["is_teardown"]
    assert not delete["on_failure_fail_dagrun"]
    assert delete["trigger_rule"] == "all_done_setup_success"
    assert delete["upstream_task_ids"] == ["create_spark_cluster", "report.score"]
    assert "delete_spark_cluster" in tasks["clean_up_handoff"]["upstream_task_ids"]


_CHECKED_BY_CLIENT = """
import json, pathlib, sys
from airflow.dag_processing.dagbag import BundleDagBag
from google.cloud.dataproc_v1.types import ClusterConfig, Job

folder = pathlib.Path(sys.argv[1])
(dag,) = BundleDagBag(str(folder), bundle_path=folder, bundle_name="tests").dags.values()
ClusterConfig(dag.get_task("create_spark_cluster").cluster_config)
job = Job(dag.get_task("count__join").job)
print(json.dumps([job.placement.cluster_name, list(job.pyspark_job.python_file_uris)]))
"""


def test_googles_own_client_knows_every_key_of_cluster_and_job(python: Path, tmp_path: Path) -> None:
    """Its messages refuse keys that they do not have."""
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(GOLDEN / "containers" / "shop_spark_dataproc_dag.py", dags)
    environment = user_environment(AIRFLOW_HOME=str(tmp_path), PYTHONPATH=str(SOURCE))
    words = [python, "-c", _CHECKED_BY_CLIENT, dags]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    name, archives = json.loads(done.stdout.splitlines()[-1])
    assert name.startswith("kedro-shop-{{ macros.uuid")
    assert archives == ["gs://shop/spark/0123456789ab/project.zip"]
