"""What pods need from their cluster: on the double of the API, each check fires and stays silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.preflight import ClusterWanted, PodWanted, look_at_cluster
from kedro_aloft.preflight.nodes import objections
from kedro_aloft.testing.kube import KubeDouble
from support.kube import NAMESPACE, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kedro_aloft.doctor import Answer
    from support.engine import Engine

pytestmark = pytest.mark.docker

IMAGE = "127.0.0.1:9/lost:1"
POD: dict[str, Any] = {
    "metadata": {"namespace": NAMESPACE},
    "spec": {
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"pool": "batch"},
        "containers": [
            {
                "name": "base",
                "image": IMAGE,
                "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
                "envFrom": [{"configMapRef": {"name": "shop"}}, {"secretRef": {"name": "free", "optional": True}}],
                "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "4Gi"}},
            }
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    },
}


@pytest.fixture
def cluster(engine: Engine) -> Iterator[Cluster]:
    with KubeDouble(engine.url) as kube:
        yield Cluster(kube, engine.base_image())


def look(cluster: Cluster, pod: dict[str, Any] | None = None, **more: Any) -> dict[tuple[str, str], Answer]:
    wanted = PodWanted(pod=pod or POD, tasks=("train",), **more)
    answers = look_at_cluster(ClusterWanted(config_file=str(cluster.kube.kubeconfig), pods=(wanted,)))
    return {(one.code, one.title): one for one in answers}


def states(answers: dict[tuple[str, str], Answer]) -> dict[str, str]:
    return {title: one.result.state.value for (_, title), one in answers.items()}


def furnish(cluster: Cluster) -> None:
    """Make what the pod names."""
    cluster.api.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": "runner"}})
    cluster.api.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "registry"}})
    secret = {"metadata": {"name": "db"}, "stringData": {"password": "hush-hush"}}
    cluster.api.create_namespaced_secret(NAMESPACE, secret)
    cluster.api.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "shop"}})
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    cluster.api.create_namespaced_persistent_volume_claim(NAMESPACE, {"metadata": {"name": "data"}, "spec": claim})
    cluster.kube.add_node("node-2", labels={"pool": "batch"})


def test_what_is_missing_is_bad_and_says_what_to_do(cluster: Cluster) -> None:
    answers = look(cluster)
    assert states(answers) == {
        **dict.fromkeys(("Cluster", "Namespace default"), "ok"),
        "Service account default/runner": "bad",
        "Config map default/shop": "bad",
        "Claim default/data": "bad",
        "Secret default/db": "bad",
        "Secret default/registry": "bad",
        "A node for train": "bad",
        f"Image {IMAGE}": "unknown",
    }
    node = answers["node", "A node for train"].result
    assert node.seen == "none of 1 takes it (it asks for cpu 2, memory 4294967296): 1 lacks the label pool=batch"
    assert all(one.result.remedy for one in answers.values() if one.result.state.value == "bad")


def test_what_is_there_is_ok_and_no_secret_is_shown(cluster: Cluster) -> None:
    furnish(cluster)
    answers = look(cluster)
    assert set(states(answers).values()) == {"ok", "unknown"}
    assert states(answers)[f"Image {IMAGE}"] == "unknown"
    assert "hush" not in str(answers)


def test_a_secret_without_the_key_is_bad(cluster: Cluster) -> None:
    cluster.api.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "db"}, "stringData": {"user": "x"}})
    assert look(cluster)["secret", "Secret default/db"].result.seen == "lacks password; it has user"


def test_a_missing_namespace_is_said_once(cluster: Cluster) -> None:
    answers = look(cluster, {**POD, "metadata": {"namespace": "nowhere"}})
    assert states(answers) == {
        "Cluster": "ok",
        "Namespace nowhere": "bad",
        "A node for train": "bad",
        f"Image {IMAGE}": "unknown",
    }


def test_what_must_not_be_read_is_unknown(cluster: Cluster) -> None:
    furnish(cluster)
    cluster.kube.refuse("list", "nodes")
    cluster.kube.refuse("get", "secrets")
    answers = look(cluster)
    unknown = {title for title, state in states(answers).items() if state == "unknown"}
    assert unknown == {"Secret default/db", "Secret default/registry", "A node for train", f"Image {IMAGE}"}
    assert "forbidden" in answers["secret", "Secret default/db"].result.seen


@pytest.mark.parametrize(
    ("hard", "state", "seen"),
    [
        ({"requests.cpu": "1"}, "bad", "requests.cpu is 1, and train asks for 2"),
        ({"limits.cpu": "4"}, "bad", "counts limits.cpu, and the pod of train does not say it"),
        ({"pods": "0"}, "bad", "pods is 0, and train asks for 1"),
        ({"requests.memory": "8Gi", "pods": "3"}, "ok", "pods 0 of 3, requests.memory 0 of 8Gi"),
    ],
)
def test_quotas(cluster: Cluster, hard: dict[str, str], state: str, seen: str) -> None:
    cluster.api.create_namespaced_resource_quota(NAMESPACE, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    told = look(cluster)["quota", "Quota default/q"].result
    assert (told.state.value, told.seen) == (state, seen)


def test_a_quota_that_others_use_up_is_a_warning(cluster: Cluster) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}
    cluster.api.create_namespaced_resource_quota(NAMESPACE, quota)
    cluster.create("other", "sleep 100")
    told = look(cluster)["quota", "Quota default/q"].result
    assert (told.state.value, told.seen) == ("warn", "pods: 1 of 1 is used, and train asks for 1")


def test_storage_classes_that_cannot_be_asked_are_unknown(cluster: Cluster) -> None:
    told = look(cluster, claims_volume=True, storage_class="fast")["storage-class", "Storage class fast"]
    assert told.result.state.value == "unknown"  # the double has no such kind


def test_a_cluster_that_does_not_answer_is_one_bad_answer(tmp_path: Path) -> None:
    config = tmp_path / "config"
    (one,) = look_at_cluster(ClusterWanted(config_file=str(config)))
    assert (one.code, one.result.state.value) == ("cluster", "bad")
    assert str(config) in one.result.seen


def node(**more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "8", "memory": "16Gi"}}, **more}


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [], **spec}}


def affinity(operator: str, *values: str) -> dict[str, Any]:
    expression = {"key": "zone", "operator": operator, "values": list(values)}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


_TAINTED = node(spec={"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]})
_ZONE = node(metadata={"name": "n", "labels": {"zone": "3"}})


@pytest.mark.parametrize(
    ("wanted", "offered", "objection"),
    [
        (pod(), node(), None),
        (pod(), node(spec={"unschedulable": True}), "is closed (cordoned)"),
        (pod(), _TAINTED, "has the taint gpu=yes:NoSchedule"),
        (pod(tolerations=[{"key": "gpu", "value": "yes"}]), _TAINTED, None),
        (pod(tolerations=[{"operator": "Exists"}]), _TAINTED, None),
        (pod(tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}]), _TAINTED, "has the taint"),
        (pod(affinity=affinity("In", "3", "4")), _ZONE, None),
        (pod(affinity=affinity("NotIn", "3")), _ZONE, "does not match the affinity"),
        (pod(affinity=affinity("Gt", "2")), _ZONE, None),
        (pod(affinity=affinity("Lt", "2")), _ZONE, "does not match the affinity"),
        (pod(affinity=affinity("Exists")), node(), "does not match the affinity"),
        (pod(containers=[{"resources": {"limits": {"nvidia.com/gpu": "1"}}}]), node(), "has nvidia.com/gpu none"),
        (pod(containers=[{"resources": {"requests": {"cpu": "8500m"}}}]), node(), "has cpu 8"),
    ],
)
def test_a_node_is_judged_as_the_scheduler_would(wanted: Any, offered: Any, objection: str | None) -> None:
    found = objections(wanted, [offered])
    if objection is None:
        assert found is None
    else:
        assert found is not None
        assert next(iter(found)).startswith(objection)
