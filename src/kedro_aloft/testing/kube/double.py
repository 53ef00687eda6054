"""The double as a whole: started and stopped, with what only tests may do."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.testing.kube.api import Api
from kedro_aloft.testing.kube.docker import Docker
from kedro_aloft.testing.kube.kubelet import Kubelet
from kedro_aloft.testing.kube.server import Server
from kedro_aloft.testing.kube.status import RefusalError
from kedro_aloft.testing.kube.store import Store, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

_LABEL = "kedro-aloft.kube-double"


class KubeDouble:
    """A Kubernetes API for pods that runs them as containers of a Docker engine on this machine. A context manager.

    Args:
        docker_url: `unix://` and the path of the engine's socket, as DOCKER_HOST has it.
        namespaces: That are there from the start.
        node_labels: Labels of the one node that is there from the start, beside the usual ones.
        allocatable: What that node has to give.
        storage_classes: Claims of these are bound at once; the first one is the default.
    """

    def __init__(
        self,
        docker_url: str,
        *,
        namespaces: Sequence[str] = ("default",),
        node_labels: Mapping[str, str] | None = None,
        allocatable: Mapping[str, str] | None = None,
        storage_classes: tuple[str, ...] = ("standard",),
    ) -> None:
        self._path = Path(tempfile.mkdtemp(prefix="kedro-aloft-kube-"))
        docker = Docker(docker_url)
        self._store = Store()
        self._kubelet = Kubelet(self._store, docker, self._path, f"{_LABEL}={uuid.uuid4().hex}")
        self._api = Api(self._store, self._kubelet, docker, storage_classes)
        self._fill(namespaces)
        self.add_node("node-1", labels=node_labels, allocatable=allocatable)
        self._claims = threading.Thread(target=self._release_claims, daemon=True)
        self._claims.start()
        self._server = Server(self._api)

    def __enter__(self) -> KubeDouble:  # noqa: PYI034  `Self` comes with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Its address: HTTP on a free port of the loopback device, open to all who are on this machine."""
        return self._server.url

    @property
    def kubeconfig(self) -> Path:
        """A configuration for kubectl and for clients, which names this cluster and the namespace `default`."""
        path = self._path / "kubeconfig"
        if not path.exists():
            path.write_text(json.dumps(_kubeconfig(self.url)), encoding="utf-8")
        return path

    def add_node(
        self,
        name: str,
        *,
        labels: Mapping[str, str] | None = None,
        taints: Iterable[Mapping[str, str]] = (),
        allocatable: Mapping[str, str] | None = None,
    ) -> None:
        """Add a node; pods that waited for one like it are scheduled."""
        usual = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        capacity = {"cpu": "8", "memory": "16Gi", "pods": "110", **(allocatable or {})}
        node = {
            "metadata": {"name": name, "labels": {**usual, **(labels or {})}},
            "spec": {"taints": [dict(taint) for taint in taints]},
            "status": {
                "capacity": capacity,
                "allocatable": capacity,
                "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": timestamp()}],
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            },
        }
        self._store.create("nodes", node)

    def refuse(self, verb: str, resource: str, *, namespace: str = "") -> None:
        """Refuse a verb on a resource from now on, as missing rights do; everywhere when no namespace is named.

        Args:
            verb: `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`.
            resource: The kind's plural, `pods/log` for logs.
        """
        self._api.refused.append((verb, resource, namespace))

    def close(self) -> None:
        """End all pods at once; remove every container, volume and file that the double made."""
        self._store.close()
        self._server.close()
        self._kubelet.close()
        self._claims.join()
        shutil.rmtree(self._path, ignore_errors=True)

    def _fill(self, namespaces: Sequence[str]) -> None:
        for name in dict.fromkeys((*namespaces, "kube-system")):
            labels = {"kubernetes.io/metadata.name": name}
            self._store.create(
                "namespaces", {"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}}
            )
            self._store.create("serviceaccounts", {"metadata": {"name": "default", "namespace": name}})

    def _release_claims(self) -> None:
        for change in self._store.changes("pods", 0, 3600.0):
            if self._store.closed:
                return
            if change is not None:
                with suppress(RefusalError):  # somebody else was faster
                    self._api.release_claims()


def _kubeconfig(url: str) -> dict[str, object]:
    name = "kedro-aloft-double"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
    }
