"""Airflow's own KubernetesPodOperator on the double: what it shall do on a cluster, it does here."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING

import pytest
from kubernetes import watch

from kedro_aloft.testing.kube import KubeDouble
from support.airflow import DAG_TEST_DEADLINE_S, run_dag_test
from support.kube import NAMESPACE, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.airflow import DagTest
    from support.engine import Engine

pytestmark = [pytest.mark.docker, pytest.mark.airflow]

_DAG = """
import json, os
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG
from kubernetes.client import models as k8s

COMMON = dict(
    kubernetes_conn_id=None, config_file={config!r}, in_cluster=False, namespace="default", image={image!r},
    cmds=["bash", "-c"], startup_check_interval_seconds=1, startup_timeout_seconds=30, on_finish_action="keep_pod",
    base_container_status_polling_interval=0.2, service_account_name="default", poll_interval=0.5,
)

def pod(task_id, script, **options):
    return KubernetesPodOperator(
        task_id=task_id, name=task_id.replace("_", "-"), random_name_suffix=False, arguments=[script],
        **{{**COMMON, **options}},
    )

with DAG("pods", schedule=None):
    pod("good", "echo said by good", labels={{"team": "a"}}, env_vars={{"X": "1"}})
    pod("exit_three", "echo last words; exit 3")
    pod("no_image", "true", image="nowhere.example/lost:1")
    pod("no_memory", "exec python3 -c 'b\\"x\\" * 300_000_000'",
        container_resources=k8s.V1ResourceRequirements(limits={{"memory": "64Mi"}}))
    pod("deferred", "echo said by deferred; sleep 1", deferrable=True)
    pod("deferred_three", "exit 3", deferrable=True)
    pod("no_account", "true", service_account_name="robot")
    pod("taken_away", "sleep 1000", termination_grace_period=1)
"""


@pytest.fixture(scope="module")
def cluster(engine: Engine) -> Iterator[Cluster]:
    with KubeDouble(engine.url) as kube:
        yield Cluster(kube, engine.base_image())


@pytest.fixture(scope="module")
def run(cluster: Cluster, airflow_database: Path, tmp_path_factory: pytest.TempPathFactory) -> DagTest:
    """One run of a DAG with a task for each way to end."""
    path = tmp_path_factory.mktemp("pods")
    dags = path / "dags"
    dags.mkdir()
    config = str(cluster.kube.kubeconfig)
    (dags / "pods.py").write_text(_DAG.format(config=config, image=cluster.image))
    taker = threading.Thread(target=_take_away, args=(cluster,), daemon=True)
    taker.start()
    done = run_dag_test(dags, "pods", template=airflow_database, workdir=path)
    taker.join(timeout=1)
    return done


def _take_away(cluster: Cluster) -> None:
    """Delete one pod as soon as it runs."""
    pods = watch.Watch().stream(
        cluster.api.list_namespaced_pod,
        NAMESPACE,
        field_selector="metadata.name=taken-away",
        timeout_seconds=DAG_TEST_DEADLINE_S,
    )
    if any(event["object"].status.phase == "Running" for event in pods):
        cluster.api.delete_namespaced_pod("taken-away", NAMESPACE, grace_period_seconds=1)


def test_each_task_ends_as_its_pod_did(run: DagTest) -> None:
    good = {"good", "deferred"}
    bad = {"exit_three", "no_image", "no_memory", "deferred_three", "no_account", "taken_away"}
    assert run.tasks == {**dict.fromkeys(good, "success"), **dict.fromkeys(bad, "failed")}, run.log


def test_what_a_pod_prints_is_in_the_log(run: DagTest) -> None:
    assert "said by good" in run.log
    assert "last words" in run.log
    assert "said by deferred" in run.log


def test_errors_tell_the_cause(run: DagTest) -> None:
    assert "ErrImagePull" in run.log
    assert "OOMKilled" in run.log
    assert re.search(r'pods \\*"no-account\\*" is forbidden: error looking up service account', run.log)


def test_the_operator_marks_its_pods_with_their_task(run: DagTest, cluster: Cluster) -> None:
    assert run.tasks
    labels = cluster.read("good").metadata.labels
    assert {"dag_id": "pods", "task_id": "good", "team": "a"}.items() <= labels.items(), json.dumps(labels)
