"""A cluster as we need it: objects by name, as plain mappings; a refusal is an answer too."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kedro_aloft.preflight.wanted import ClusterWanted

PATIENCE_S = 10
UNREACHABLE = "ALOFT-610"
_REFUSED = frozenset({401, 403})
_NOT_FOUND = 404
_LABEL_LENGTH = 63
_NAMESPACED = {
    "claim": "persistent_volume_claim",
    "config map": "config_map",
    "secret": "secret",
    "service account": "service_account",
}
"""What we call it → what the official client calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a cluster said about an object, or a list of them.

    Args:
        value: The object or the list; None when it is not there.
        refusal: Why it was not told; empty when it was.
    """

    value: Any = None
    refusal: str = ""


class Cluster:
    """The API of one cluster, read only.

    Args:
        api: The official client of the whole API (`kubernetes.client.ApiClient`).
        namespace: Where pods go that name no namespace.
        name: What it is called for people.
    """

    def __init__(self, api: Any, *, namespace: str, name: str) -> None:
        from kubernetes import client

        self._api = api
        self._core = client.CoreV1Api(api)
        self._storage = client.StorageV1Api(api)
        self._version = client.VersionApi(api)
        self.namespace = namespace
        self.name = name

    @classmethod
    def connect(cls, wanted: ClusterWanted) -> Cluster:
        """Return a cluster as the official client finds it; nothing is asked yet.

        Raises:
            RemoteError: If the client is not installed, or its configuration cannot be read.
        """
        try:
            from kubernetes import client, config
        except ImportError:
            raise RemoteError(
                "The official client of Kubernetes is not installed here.",
                remedy="pip install 'kedro-aloft[kubernetes]'",
                code=UNREACHABLE,
            ) from None
        try:
            if wanted.in_cluster:
                config.load_incluster_config()
                return cls(client.ApiClient(), namespace="default", name="the cluster around")
            _, active = config.list_kube_config_contexts(wanted.config_file)
            api = config.new_client_from_config(wanted.config_file, context=wanted.context)
        except (config.ConfigException, OSError) as error:
            raise RemoteError(
                "The configuration of the cluster cannot be read.",
                where=wanted.config_file or "the user's kubeconfig",
                seen=str(error),
                remedy="name it: `kubernetes: {config_file: …, context: …}` in airflow.yml, or KUBECONFIG",
                code=UNREACHABLE,
            ) from None
        contexts = {one["name"]: one for one in config.list_kube_config_contexts(wanted.config_file)[0]}
        chosen = contexts.get(wanted.context or active["name"], active)
        space = chosen["context"].get("namespace") or "default"
        return cls(api, namespace=space, name=f"{chosen['context']['cluster']} at {api.configuration.host}")

    def version(self) -> str:
        """Return the version of the cluster.

        Raises:
            RemoteError: If it does not answer.
        """
        found = self._asked(lambda: self._version.get_code(_request_timeout=PATIENCE_S))
        return str(found.value["gitVersion"]) if found.value else f"unknown: {found.refusal}"

    def find(self, kind: str, name: str, *, namespace: str) -> Found:
        """Return an object of a namespace: a `claim`, `config map`, `secret` (without values), `service account`."""
        read = getattr(self._core, f"read_namespaced_{_NAMESPACED[kind]}")
        found = self._asked(lambda: read(name, namespace, _request_timeout=PATIENCE_S))
        if kind == "secret" and found.value:
            return Found(value={"data": dict.fromkeys(found.value.get("data") or {}, "")})
        return found

    def find_namespace(self, name: str) -> Found:
        """Return a namespace."""
        return self._asked(lambda: self._core.read_namespace(name, _request_timeout=PATIENCE_S))

    def storage_classes(self) -> Found:
        """Return all storage classes."""
        return self._listed(lambda: self._storage.list_storage_class(_request_timeout=PATIENCE_S))

    def nodes(self) -> Found:
        """Return all nodes."""
        return self._listed(lambda: self._core.list_node(_request_timeout=PATIENCE_S))

    def quotas(self, namespace: str) -> Found:
        """Return the quotas of a namespace."""
        return self._listed(lambda: self._core.list_namespaced_resource_quota(namespace, _request_timeout=PATIENCE_S))

    def pods_of(self, dag_id: str, run_id: str, task_id: str, *, namespaces: Collection[str]) -> Found:
        """Return the pods that Airflow's operator started for a task of a run, oldest first.

        A namespace that may not be read does not hide the pods of another one.
        """
        labels = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}
        selector = ",".join(f"{name}={safe_label(value)}" for name, value in labels.items())
        found = [self._pods(namespace, selector) for namespace in namespaces]
        pods = [pod for one in found for pod in one.value or ()]
        refusals = dict.fromkeys(one.refusal for one in found if one.refusal)
        return Found(
            value=sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp"))),
            refusal="; ".join(refusals),
        )

    def _pods(self, namespace: str, selector: str) -> Found:
        return self._listed(
            lambda: self._core.list_namespaced_pod(namespace, label_selector=selector, _request_timeout=PATIENCE_S)
        )

    def events_of(self, pod: Mapping[str, Any]) -> Found:
        """Return the events of a pod, oldest first."""
        data = pod["metadata"]
        selector = f"involvedObject.name={data['name']},involvedObject.uid={data['uid']}"
        found = self._listed(
            lambda: self._core.list_namespaced_event(
                data["namespace"], field_selector=selector, _request_timeout=PATIENCE_S
            )
        )
        return Found(value=sorted(found.value or [], key=_moment), refusal=found.refusal)

    def _listed(self, question: Callable[[], Any]) -> Found:
        found = self._asked(question)
        return Found(value=found.value["items"]) if found.value else found

    def _asked(self, question: Callable[[], Any]) -> Found:
        """Ask; what may not be asked, or is not there, is an answer as well."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return Found(value=self._api.sanitize_for_serialization(question()))
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return Found()
            if error.status in _REFUSED:
                return Found(refusal=_said(error))
            raise self._unreachable(_said(error)) from None
        except (HTTPError, OSError) as error:
            raise self._unreachable(str(error)) from None

    def _unreachable(self, said: str) -> RemoteError:
        return RemoteError(
            "The cluster does not answer.",
            where=self.name,
            seen=said[:500],
            remedy="check the context of the kubeconfig and the way to the cluster: `kubectl cluster-info`",
            code=UNREACHABLE,
        )


def safe_label(text: str) -> str:
    """Return what Airflow makes of an id when it labels a pod with it.

    Source: `make_safe_label_value`, apache-airflow-providers-cncf-kubernetes 10.
    """
    safe = re.sub(r"^[^a-z0-9A-Z]*|[^a-zA-Z0-9_\-\.]|[^a-z0-9A-Z]*$", "", text)
    if safe == text and len(safe) <= _LABEL_LENGTH:
        return safe
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:9]
    return f"{safe[: _LABEL_LENGTH - len(digest) - 1]}-{digest}"


def _moment(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _said(error: Any) -> str:
    """The message of a refusal, without headers."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return f"HTTP status {error.status}: {error.reason}"
