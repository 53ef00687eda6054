"""The double of the Kubernetes API, seen by the official client: real containers, real refusals."""

from __future__ import annotations

import base64
import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from kedro_aloft.testing.kube import KubeDouble
from support.kube import NAMESPACE, Cluster
from support.warm import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.engine import Engine

pytestmark = pytest.mark.docker


@pytest.fixture
def cluster(engine: Engine) -> Iterator[Cluster]:
    with KubeDouble(engine.url) as kube:
        yield Cluster(kube, engine.base_image())


def refusal(error: pytest.ExceptionInfo[ApiException]) -> tuple[int, str, str]:
    """Return status, reason and message of a refusal; it must have the shape of a real one."""
    body = json.loads(error.value.body)
    assert body["kind"] == "Status"
    assert body["status"] == "Failure"
    assert body["code"] == error.value.status
    return body["code"], body["reason"], body["message"]


class TestRuns:
    def test_a_pod_runs_to_its_end_and_leaves_log_code_and_events(self, cluster: Cluster) -> None:
        pod = cluster.run("hello", "echo out; echo err >&2; exit 3")
        state = pod.status.container_statuses[0].state.terminated
        assert (pod.status.phase, state.exit_code, state.reason) == ("Failed", 3, "Error")
        assert sorted(cluster.log("hello").split()) == ["err", "out"]
        assert cluster.reasons("hello") == ["Scheduled", "Pulled", "Created", "Started"]

    def test_a_watcher_sees_each_phase_once_and_in_order(self, cluster: Cluster) -> None:
        cluster.create("steps", "true", labels={"part": "one"})
        seen: list[str] = []
        for event in watch.Watch().stream(
            cluster.api.list_namespaced_pod, NAMESPACE, label_selector="part=one", timeout_seconds=60
        ):
            seen.append(event["object"].status.phase)
            if seen[-1] == "Succeeded":
                break
        assert list(dict.fromkeys(seen)) == ["Pending", "Running", "Succeeded"]
        assert seen == sorted(seen, key=["Pending", "Running", "Succeeded"].index)

    def test_logs_follow_and_can_be_cut(self, cluster: Cluster) -> None:
        cluster.create("talk", "for i in 1 2 3; do echo line $i; sleep 0.2; done")
        cluster.running("talk")
        followed = cluster.log("talk", follow=True)
        assert followed == "line 1\nline 2\nline 3\n"
        assert cluster.log("talk", tail_lines=1) == "line 3\n"
        stamp, _, text = cluster.log("talk", timestamps=True, tail_lines=1).partition(" ")
        assert text == "line 3\n"
        assert stamp.endswith("Z")
        assert cluster.log("talk", limit_bytes=6) == "line 1"

    def test_want_of_memory_kills(self, cluster: Cluster) -> None:
        pod = cluster.run(
            "hungry",
            "exec python3 -c 'b\"x\" * 300_000_000'",
            container={"resources": {"limits": {"memory": "64Mi", "cpu": "500m"}}},
        )
        state = pod.status.container_statuses[0].state.terminated
        assert (state.exit_code, state.reason) == (137, "OOMKilled")

    def test_environment_comes_from_values_secrets_maps_and_fields(self, cluster: Cluster) -> None:
        cluster.api.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"password": "p-w"}})
        cluster.api.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "m"}, "data": {"COLOR": "red"}})
        env = [
            {"name": "PLAIN", "value": "one"},
            {"name": "BOTH", "value": "$(PLAIN) and $$(PLAIN)"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "TEAM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}},
        ]
        container = {"env": env, "envFrom": [{"configMapRef": {"name": "m"}}]}
        cluster.run(
            "env", 'echo "$BOTH|$PASSWORD|$ME|$TEAM|$COLOR|$(id -u)"', labels={"team": "a"}, container=container
        )
        assert cluster.log("env") == "one and $(PLAIN)|p-w|env|a|red|0\n"

    def test_volumes_hold_secrets_maps_and_what_containers_share(self, cluster: Cluster) -> None:
        secret = {"metadata": {"name": "s"}, "data": {"key": base64.b64encode(b"hidden").decode()}}
        cluster.api.create_namespaced_secret(NAMESPACE, secret)
        volumes = [{"name": "s", "secret": {"secretName": "s"}}, {"name": "shared", "emptyDir": {}}]
        mounts = [{"name": "s", "mountPath": "/s", "readOnly": True}, {"name": "shared", "mountPath": "/shared"}]
        first = {"name": "first", "image": cluster.image, "command": ["bash", "-c", "cp /s/key /shared/copy"]}
        pod = cluster.run(
            "files",
            "cat /shared/copy; touch /s/no 2>/dev/null || echo ' read-only'; echo told >/dev/termination-log",
            container={"volumeMounts": mounts},
            volumes=volumes,
            initContainers=[{**first, "volumeMounts": mounts}],
        )
        assert pod.status.phase == "Succeeded"
        assert cluster.log("files") == "hidden read-only\n"
        assert pod.status.container_statuses[0].state.terminated.message == "told\n"

    def test_a_claim_outlives_pods_and_goes_when_it_is_deleted(self, cluster: Cluster) -> None:
        claim = {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
        cluster.api.create_namespaced_persistent_volume_claim(NAMESPACE, claim)
        disk: dict[str, Any] = {
            "container": {"volumeMounts": [{"name": "d", "mountPath": "/d"}]},
            "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
        }
        cluster.run("writer", "echo kept >/d/file", **copy.deepcopy(disk))
        cluster.api.delete_namespaced_pod("writer", NAMESPACE)
        cluster.create("reader", "cat /d/file; sleep 100", **copy.deepcopy(disk))
        cluster.running("reader")
        wait_until(lambda: cluster.log("reader") == "kept\n", "the reader reads")
        deleted = cluster.api.delete_namespaced_persistent_volume_claim("data", NAMESPACE)
        assert deleted.metadata.finalizers == ["kubernetes.io/pvc-protection"]
        cluster.api.delete_namespaced_pod("reader", NAMESPACE, grace_period_seconds=0)
        wait_until(
            lambda: not cluster.api.list_namespaced_persistent_volume_claim(NAMESPACE).items, "the claim goes at last"
        )

    def test_deletion_from_outside_sends_sigterm_first(self, cluster: Cluster) -> None:
        cluster.create("stubborn", "trap 'sleep 2.5; exit 7' TERM; echo up; while :; do sleep 0.05; done")
        cluster.running("stubborn")
        wait_until(lambda: "up" in cluster.log("stubborn"), "the script has set its trap")
        version = cluster.read("stubborn").metadata.resource_version
        cluster.api.delete_namespaced_pod("stubborn", NAMESPACE, grace_period_seconds=20)
        codes = []
        for event in watch.Watch().stream(
            cluster.api.list_namespaced_pod, NAMESPACE, resource_version=version, timeout_seconds=60
        ):
            terminated = event["object"].status.container_statuses[0].state.terminated
            codes += [terminated.exit_code] if terminated else []
            if event["type"] == "DELETED":
                break
        assert set(codes) == {7}
        with pytest.raises(ApiException) as error:
            cluster.read("stubborn")
        assert refusal(error) == (404, "NotFound", 'pods "stubborn" not found')

    def test_security_contexts_decide_who_runs_and_who_may_write(self, cluster: Cluster) -> None:
        cluster.api.create_namespaced_persistent_volume_claim(NAMESPACE, {"metadata": {"name": "data"}, "spec": {}})
        disk: dict[str, Any] = {
            "container": {"volumeMounts": [{"name": "d", "mountPath": "/d"}]},
            "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
        }
        script = "id -u; touch /d/file 2>/dev/null && echo writes"
        cluster.run("alien", script, securityContext={"runAsUser": 1234, "runAsGroup": 1234}, **copy.deepcopy(disk))
        assert cluster.log("alien") == "1234\n"
        cluster.run("member", script, securityContext={"runAsUser": 1234, "fsGroup": 2000}, **copy.deepcopy(disk))
        assert cluster.log("member") == "1234\nwrites\n"

    def test_a_failed_init_container_fails_the_pod_before_the_others_start(self, cluster: Cluster) -> None:
        first = {"name": "first", "image": cluster.image, "command": ["bash", "-c", "echo no; exit 4"]}
        pod = cluster.run("early", "echo never", initContainers=[first])
        assert pod.status.phase == "Failed"
        assert pod.status.init_container_statuses[0].state.terminated.exit_code == 4
        assert cluster.waiting("early") == "PodInitializing"
        assert cluster.log("early", container="first") == "no\n"

    def test_containers_of_a_pod_run_beside_each_other(self, cluster: Cluster) -> None:
        pod = cluster.pod(
            "pair", "until [ -e /s/x ]; do sleep 0.02; done; echo one", volumes=[{"name": "s", "emptyDir": {}}]
        )
        mounts = [{"name": "s", "mountPath": "/s"}]
        other = {"name": "other", "image": cluster.image, "command": ["touch", "/s/x"], "volumeMounts": mounts}
        pod["spec"]["containers"][0]["volumeMounts"] = mounts
        pod["spec"]["containers"].append(other)
        cluster.api.create_namespaced_pod(NAMESPACE, pod)
        assert cluster.ended("pair").status.phase == "Succeeded"
        assert cluster.log("pair", container="base") == "one\n"
        with pytest.raises(ApiException) as error:
            cluster.log("pair")
        assert "a container name must be specified for pod pair, choose one of: [base other]" in refusal(error)[2]

    def test_a_program_that_is_not_there_is_an_error_of_the_start(self, cluster: Cluster) -> None:
        state = (
            cluster.run("typo", "", container={"command": ["no-such-program"]})
            .status.container_statuses[0]
            .state.terminated
        )
        assert (state.exit_code, state.reason) == (128, "StartError")
        assert "no-such-program" in state.message

    def test_a_pod_that_takes_too_long_fails(self, cluster: Cluster) -> None:
        pod = cluster.run("slow", "exec sleep 1000", activeDeadlineSeconds=1, terminationGracePeriodSeconds=0)
        assert (pod.status.phase, pod.status.reason) == ("Failed", "DeadlineExceeded")

    def test_a_namespace_takes_everything_with_it(self, cluster: Cluster) -> None:
        cluster.api.create_namespace({"metadata": {"name": "short"}})
        cluster.api.create_namespaced_pod("short", cluster.pod("p", "exec sleep 1000"))
        cluster.api.create_namespaced_secret("short", {"metadata": {"name": "s"}})
        cluster.api.delete_namespace("short")
        names = [item.metadata.name for item in cluster.api.list_namespace().items]
        assert names == ["default", "kube-system"]
        assert cluster.api.list_pod_for_all_namespaces().items == []
        assert cluster.api.list_secret_for_all_namespaces().items == []

    def test_nothing_is_left_when_the_double_stops(self, engine: Engine) -> None:
        with KubeDouble(engine.url) as kube:
            cluster = Cluster(kube, engine.base_image())
            pod = cluster.create("left", "sleep 1000")
            cluster.running("left")
            name = f"k8s_base_left_{pod.metadata.uid}"
            assert engine.docker("ps", "--all", "--quiet", "--filter", f"name={name}")
            path = kube.kubeconfig.parent
        assert not engine.docker("ps", "--all", "--quiet", "--filter", f"name={name}")
        assert not path.exists()


class TestWaits:
    def test_for_an_image_and_says_so(self, cluster: Cluster) -> None:
        cluster.create("lost", container={"image": "nowhere.example/lost:1"})
        wait_until(lambda: cluster.waiting("lost") == "ErrImagePull", "the first failure")
        with pytest.raises(ApiException) as error:
            cluster.log("lost")
        message = 'container "base" in pod "lost" is waiting to start: trying and failing to pull image'
        assert refusal(error) == (400, "BadRequest", message)
        wait_until(lambda: cluster.waiting("lost") == "ImagePullBackOff", "the second failure")
        assert cluster.reasons("lost")[:4] == ["Scheduled", "Pulling", "Failed", "Failed"]

    def test_for_a_node_that_fits(self, cluster: Cluster) -> None:
        taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
        tolerations = [{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}]
        cluster.create("picky", nodeSelector={"disk": "fast"}, tolerations=tolerations)
        told = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
        assert cluster.told("picky", told) == "FailedScheduling"
        condition = cluster.read("picky").status.conditions[0]
        assert (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable")
        cluster.kube.add_node("node-2", labels={"disk": "fast"}, taints=[taint])
        assert cluster.ended("picky").spec.node_name == "node-2"

    def test_for_room(self, cluster: Cluster) -> None:
        cluster.create("big", container={"resources": {"requests": {"memory": "64Gi", "cpu": 1}}})
        assert cluster.told("big", "0/1 nodes are available: 1 Insufficient memory.") == "FailedScheduling"

    def test_for_a_claim(self, cluster: Cluster) -> None:
        cluster.create("diskless", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "none"}}])
        assert cluster.told("diskless", 'persistentvolumeclaim "none" not found') == "FailedScheduling"

    def test_for_a_secret_of_its_environment(self, cluster: Cluster) -> None:
        cluster.create("blind", "echo $KEY", container={"envFrom": [{"secretRef": {"name": "late"}}]})
        wait_until(lambda: cluster.waiting("blind") == "CreateContainerConfigError", "the wait has a name")
        assert cluster.told("blind", 'secret "late" not found') == "Failed"
        cluster.api.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "late"}, "stringData": {"KEY": "here"}})
        cluster.ended("blind")
        assert cluster.log("blind") == "here\n"

    def test_for_a_secret_of_its_files(self, cluster: Cluster) -> None:
        cluster.create("fileless", volumes=[{"name": "v", "secret": {"secretName": "none"}}])
        told = 'MountVolume.SetUp failed for volume "v" : secret "none" not found'
        assert cluster.told("fileless", told) == "FailedMount"

    def test_for_a_claim_of_an_unknown_class(self, cluster: Cluster) -> None:
        claim = {"metadata": {"name": "odd"}, "spec": {"storageClassName": "gold"}}
        cluster.api.create_namespaced_persistent_volume_claim(NAMESPACE, claim)
        assert cluster.told("odd", 'storageclass.storage.k8s.io "gold" not found') == "ProvisioningFailed"
        cluster.create("unbound", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "odd"}}])
        assert cluster.told("unbound", "pod has unbound immediate PersistentVolumeClaims") == "FailedScheduling"

    def test_and_can_be_deleted_meanwhile(self, cluster: Cluster) -> None:
        cluster.create("lost", container={"image": "nowhere.example/lost:1"})
        wait_until(lambda: cluster.waiting("lost"), "it waits")
        cluster.api.delete_namespaced_pod("lost", NAMESPACE)
        wait_until(lambda: not cluster.api.list_namespaced_pod(NAMESPACE).items, "it is gone")


class TestRefuses:
    def test_fields_that_the_official_models_do_not_know(self, cluster: Cluster) -> None:
        with pytest.raises(ApiException) as error:
            cluster.create("wrong", container={"imagePulPolicy": "Always"})
        assert refusal(error)[:2] == (400, "BadRequest")
        assert 'unknown field "spec.containers[0].imagePulPolicy"' in refusal(error)[2]

    def test_wrong_values_and_names_them_all(self, cluster: Cluster) -> None:
        container = {"resources": {"limits": {"memory": "lots"}}, "volumeMounts": [{"name": "no", "mountPath": "/x"}]}
        with pytest.raises(ApiException) as error:
            cluster.create("Wrong_Name", container=container)
        assert refusal(error)[:2] == (422, "Invalid")
        causes = json.loads(error.value.body)["details"]["causes"]
        assert [cause["field"] for cause in causes] == [
            "metadata.name",
            "spec.containers[0].volumeMounts[0].name",
            "spec.containers[0].resources.limits[memory]",
        ]

    def test_a_second_one_of_a_name(self, cluster: Cluster) -> None:
        cluster.create("twin")
        with pytest.raises(ApiException) as error:
            cluster.create("twin")
        assert refusal(error) == (409, "AlreadyExists", 'pods "twin" already exists')

    def test_an_unknown_service_account(self, cluster: Cluster) -> None:
        with pytest.raises(ApiException) as error:
            cluster.create("nobody", serviceAccountName="robot")
        told = 'error looking up service account default/robot: serviceaccount "robot" not found'
        assert refusal(error) == (403, "Forbidden", f'pods "nobody" is forbidden: {told}')

    def test_an_unknown_namespace(self, cluster: Cluster) -> None:
        with pytest.raises(ApiException) as error:
            cluster.api.create_namespaced_pod("nowhere", cluster.pod("p", "true"))
        assert refusal(error) == (404, "NotFound", 'namespaces "nowhere" not found')

    def test_more_than_the_quota(self, cluster: Cluster) -> None:
        hard = {"requests.memory": "1Gi", "pods": "5"}
        cluster.api.create_namespaced_resource_quota(NAMESPACE, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
        half = {"resources": {"requests": {"memory": "600Mi"}}}
        cluster.create("one", "sleep 1000", container=half)
        with pytest.raises(ApiException) as error:
            cluster.create("two", container=half)
        amounts = "requested: requests.memory=600Mi, used: requests.memory=600Mi, limited: requests.memory=1Gi"
        told = f"exceeded quota: q, {amounts}"
        assert refusal(error) == (403, "Forbidden", f'pods "two" is forbidden: {told}')
        with pytest.raises(ApiException) as error:
            cluster.create("three")
        assert "failed quota: q: must specify requests.memory for: base" in refusal(error)[2]
        used = cluster.api.read_namespaced_resource_quota("q", NAMESPACE).status.used
        assert used == {"pods": "1", "requests.memory": "600Mi"}

    def test_what_rights_do_not_cover(self, cluster: Cluster) -> None:
        cluster.kube.refuse("list", "secrets")
        with pytest.raises(ApiException) as error:
            cluster.api.list_namespaced_secret(NAMESPACE)
        assert refusal(error)[:2] == (403, "Forbidden")
        attributes = {"verb": "list", "resource": "secrets", "namespace": NAMESPACE}
        review = client.V1SelfSubjectAccessReview(spec={"resourceAttributes": attributes})
        answer = client.AuthorizationV1Api(cluster.api.api_client).create_self_subject_access_review(review)
        assert answer.status.allowed is False

    def test_changes_of_what_somebody_else_has_changed(self, cluster: Cluster) -> None:
        created = cluster.api.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "m"}, "data": {"a": "1"}})
        cluster.api.patch_namespaced_config_map("m", NAMESPACE, {"data": {"b": "2"}})
        with pytest.raises(ApiException) as error:
            cluster.api.replace_namespaced_config_map("m", NAMESPACE, created)
        assert refusal(error)[:2] == (409, "Conflict")
        assert cluster.api.read_namespaced_config_map("m", NAMESPACE).data == {"a": "1", "b": "2"}

    def test_addresses_that_it_does_not_know(self, cluster: Cluster) -> None:
        with pytest.raises(ApiException) as error:
            client.BatchV1Api(cluster.api.api_client).list_namespaced_job(NAMESPACE)
        assert refusal(error) == (404, "NotFound", "the server could not find the requested resource")

    def test_bodies_that_are_no_objects(self, cluster: Cluster) -> None:
        with pytest.raises(ApiException) as error:
            cluster.api.create_namespaced_pod(NAMESPACE, [1])
        assert refusal(error)[:2] == (400, "BadRequest")

    def test_a_dry_run_creates_nothing(self, cluster: Cluster) -> None:
        cluster.api.create_namespaced_pod(NAMESPACE, cluster.pod("dry", "true"), dry_run="All")
        assert cluster.api.list_namespaced_pod(NAMESPACE).items == []
