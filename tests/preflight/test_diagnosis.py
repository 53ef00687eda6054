"""Why a pod is stuck or failed: on the double of the API, with real containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.preflight import Cluster as Looked
from kedro_aloft.preflight import ClusterWanted
from kedro_aloft.preflight.causes import Hint, explain
from kedro_aloft.preflight.diagnosis import look_at_pod
from kedro_aloft.testing.kube import KubeDouble
from support.kube import Cluster
from support.warm import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.engine import Engine

pytestmark = pytest.mark.docker
LABELS = {"dag_id": "d", "run_id": "r", "task_id": "t"}


@pytest.fixture
def cluster(engine: Engine) -> Iterator[Cluster]:
    with KubeDouble(engine.url) as kube:
        yield Cluster(kube, engine.base_image())


def cause(cluster: Cluster, script: str = "true", **spec: Any) -> Hint:
    cluster.create("p", script, labels=LABELS, **spec)
    looked = Looked.connect(ClusterWanted(config_file=str(cluster.kube.kubeconfig)))

    def hint() -> Hint | None:
        (pod,) = looked.pods_of("d", "r", "t", namespaces=("default",)).value
        said, started = look_at_pod(looked, pod)
        return explain(said, started=started)

    found: Hint = wait_until(hint, "the pod says why")
    return found


def test_a_selector_that_no_node_has(cluster: Cluster) -> None:
    assert cause(cluster, nodeSelector={"pool": "gpu"}).code == "selector"


def test_an_image_that_cannot_be_pulled(cluster: Cluster) -> None:
    assert "nowhere.example/lost:1" in cause(cluster, container={"image": "nowhere.example/lost:1"}).text


def test_want_of_memory_names_the_limit(cluster: Cluster) -> None:
    container = {"resources": {"limits": {"memory": "64Mi"}}}
    found = cause(cluster, "exec python3 -c 'b\"x\" * 300_000_000'", container=container)
    assert (found.code, "64Mi" in found.text) == ("out-of-memory", True)


def test_an_exit_code(cluster: Cluster) -> None:
    assert "exit code 3" in cause(cluster, "exit 3").text


def test_a_missing_secret(cluster: Cluster) -> None:
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]
    found = cause(cluster, container={"env": env})
    assert (found.code, "'db'" in found.text) == ("secret", True)


def test_pods_of_other_namespaces_are_found_beside_one_that_may_not_be_read(cluster: Cluster) -> None:
    cluster.api.create_namespace({"metadata": {"name": "jobs"}})
    cluster.api.create_namespaced_pod("jobs", cluster.pod("p", "true", labels=LABELS, nodeSelector={"pool": "gpu"}))
    cluster.kube.refuse("list", "pods", namespace="default")
    looked = Looked.connect(ClusterWanted(config_file=str(cluster.kube.kubeconfig)))
    found = looked.pods_of("d", "r", "t", namespaces=("default", "jobs"))
    assert [pod["metadata"]["namespace"] for pod in found.value] == ["jobs"]
    assert "default" in found.refusal
    assert looked.pods_of("d", "r", "t", namespaces=("default",)).value == []
