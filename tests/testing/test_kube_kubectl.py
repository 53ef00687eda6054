"""kubectl on the double, where this machine has it: what people look at when a pod does not do what it should."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.testing.kube import KubeDouble
from support.commands import run_command
from support.kube import Cluster
from support.warm import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.commands import Done
    from support.engine import Engine

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl here"),
]


@pytest.fixture(scope="module")
def cluster(engine: Engine) -> Iterator[Cluster]:
    with KubeDouble(engine.url, namespaces=["default", "other"]) as kube:
        cluster = Cluster(kube, engine.base_image())
        cluster.run("fails", "echo seen; exit 3")
        cluster.create("lost", container={"image": "nowhere.example/lost:1"})
        yield cluster


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(cluster, tmp_path)


class Kubectl:
    def __init__(self, cluster: Cluster, home: Path) -> None:
        self._cluster = cluster
        self._home = home

    def __call__(self, *words: str) -> Done:
        options = ("--kubeconfig", self._cluster.kube.kubeconfig, "--cache-dir", self._home)
        return run_command("kubectl", *options, *words, cwd=self._home)


def rows(done: Done) -> list[list[str]]:
    return [line.split() for line in done.ok().out.splitlines()]


def test_get_prints_a_row_for_each_pod(kubectl: Kubectl, cluster: Cluster) -> None:
    wait_until(lambda: cluster.waiting("lost") == "ImagePullBackOff", "the image is not there")
    header, *pods = rows(kubectl("get", "pods"))
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [pod[:4] for pod in pods] == [["fails", "0/1", "Error", "0"], ["lost", "0/1", "ImagePullBackOff", "0"]]
    assert kubectl("get", "pod", "fails", "-o", "jsonpath={.status.phase}").ok().out == "Failed"
    assert kubectl("get", "pods", "--namespace", "other").ok().err.startswith("No resources found")


def test_logs_prints_the_log_or_says_why_there_is_none(kubectl: Kubectl) -> None:
    assert kubectl("logs", "fails").ok().out == "seen\n"
    assert kubectl("logs", "fails", "--follow", "--timestamps").ok().out.endswith("Z seen\n")
    assert "is waiting to start: trying and failing to pull image" in kubectl("logs", "lost").err
    assert '(NotFound): pods "nobody" not found' in kubectl("logs", "nobody").err


def test_describe_shows_state_and_events(kubectl: Kubectl) -> None:
    text = kubectl("describe", "pod", "fails").ok().out
    assert "Exit Code:    3" in text
    assert "Started container base" in text
    assert "Failed to pull image" in kubectl("describe", "pod", "lost").ok().out


def test_get_events_is_in_order(kubectl: Kubectl) -> None:
    events = rows(kubectl("get", "events", "--field-selector", "involvedObject.name=fails"))
    assert [event[2] for event in events[1:]] == ["Scheduled", "Pulled", "Created", "Started"]


def test_delete_waits_until_the_pod_is_gone(kubectl: Kubectl, cluster: Cluster) -> None:
    cluster.create("ends", "exec sleep 1000")
    cluster.running("ends")
    assert kubectl("delete", "pod", "ends", "--grace-period=1").ok().out == 'pod "ends" deleted\n'
    assert 'pods "ends" not found' in kubectl("get", "pod", "ends").err


def test_what_kubectl_sends_as_protobuf_is_refused_in_words(kubectl: Kubectl) -> None:
    assert (
        "the double reads JSON alone, not application/vnd.kubernetes.protobuf"
        in kubectl("auth", "can-i", "get", "pods").err
    )


def test_wait_and_nodes(kubectl: Kubectl) -> None:
    kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/fails", "--timeout=180s").ok()
    assert rows(kubectl("get", "nodes"))[1][:2] == ["node-1", "Ready"]
    assert "v1.33.0-kedro-aloft-double" in kubectl("version").ok().out
