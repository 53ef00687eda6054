"""Pods for tests of the double of the Kubernetes API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubernetes import client, config

from support.warm import wait_until

if TYPE_CHECKING:
    from kedro_aloft.testing.kube import KubeDouble

NAMESPACE = "default"
ENDED = ("Succeeded", "Failed")


class Cluster:
    """The official client on one double.

    Args:
        kube: The double.
        image: Of pods that name none.
    """

    def __init__(self, kube: KubeDouble, image: str) -> None:
        self.kube = kube
        self.image = image
        self.api = client.CoreV1Api(config.new_client_from_config(str(kube.kubeconfig)))

    def pod(self, name: str, script: str, **spec: Any) -> dict[str, Any]:
        """Return a pod that runs a shell script; `container` among the fields is for its container."""
        container = {
            "name": "base",
            "image": self.image,
            "command": ["bash", "-c", script],
            **spec.pop("container", {}),
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": spec.pop("labels", {})},
            "spec": {"restartPolicy": "Never", "containers": [container], **spec},
        }

    def create(self, name: str, script: str = "true", **spec: Any) -> Any:
        """Create a pod."""
        return self.api.create_namespaced_pod(NAMESPACE, self.pod(name, script, **spec))

    def read(self, name: str) -> Any:
        """Return a pod."""
        return self.api.read_namespaced_pod(name, NAMESPACE)

    def run(self, name: str, script: str, **spec: Any) -> Any:
        """Run a pod to its end; return it."""
        self.create(name, script, **spec)
        return self.ended(name)

    def ended(self, name: str) -> Any:
        """Wait for the end of a pod; return it."""
        wait_until(lambda: self.read(name).status.phase in ENDED, f"{name} ends")
        return self.read(name)

    def running(self, name: str) -> Any:
        """Wait until a pod runs; return it."""
        wait_until(lambda: self.read(name).status.phase == "Running", f"{name} runs")
        return self.read(name)

    def log(self, name: str, **options: Any) -> str:
        """Return the log of a pod."""
        answer = self.api.read_namespaced_pod_log(name, NAMESPACE, _preload_content=False, **options)
        return str(answer.data.decode())

    def reasons(self, name: str) -> list[str]:
        """Return the reasons of a pod's events in their order."""
        return [event.reason for event in self.events(name)]

    def events(self, name: str) -> list[Any]:
        """Return a pod's events in their order."""
        items = self.api.list_namespaced_event(NAMESPACE, field_selector=f"involvedObject.name={name}").items
        return sorted(items, key=lambda event: event.metadata.name)

    def told(self, name: str, text: str) -> str:
        """Wait until an event of a pod says something; return its reason."""
        return str(wait_until(lambda: next((e.reason for e in self.events(name) if text in e.message), None), text))

    def waiting(self, name: str) -> str:
        """Return why a pod's first container waits; empty when it does not."""
        statuses = self.read(name).status.container_statuses or []
        return str(statuses[0].state.waiting.reason) if statuses and statuses[0].state.waiting else ""
