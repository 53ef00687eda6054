"""What is filled in and what is refused before an object comes into being."""

from __future__ import annotations

import base64
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

from kedro_aloft.testing.kube.kinds import name_of, namespace_of, path_value
from kedro_aloft.testing.kube.quantity import format_quantity, parse_quantity
from kedro_aloft.testing.kube.status import Cause, forbidden, invalid, not_found

if TYPE_CHECKING:
    from kedro_aloft.testing.kube.kinds import Kind, Object
    from kedro_aloft.testing.kube.store import Store

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_ENDED = ("Succeeded", "Failed")
_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "count/pods": "pods"}


def prepare(kind: Kind, namespace: str, item: Object) -> Object:
    """Return an object with name, namespace and defaults filled in."""
    metadata = item.setdefault("metadata", {})
    if not metadata.get("name"):
        prefix = metadata.get("generateName")
        if not prefix:
            raise invalid(kind.kind, "", [Cause(field="metadata.name", message="Required value: name or generateName")])
        metadata["name"] = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(5))
    if kind.namespaced:
        metadata["namespace"] = namespace
    if fill := _FILL.get(kind.kind):
        fill(item)
    return item


def admit(store: Store, kind: Kind, item: Object) -> None:
    """Refuse what cannot be where it is wanted.

    Raises:
        RefusalError: The namespace is absent or ends, the service account is absent, a quota is exceeded.
    """
    if kind.namespaced:
        space = store.find("namespaces", "", namespace_of(item))
        if space is None:
            raise not_found("namespaces", namespace_of(item))
        if path_value(space, "status.phase") == "Terminating":
            why = f"unable to create new content in namespace {namespace_of(item)} because it is being terminated"
            raise forbidden(kind.plural, name_of(item), why)
    if kind.kind == "Pod":
        _admit_account(store, item)
    if kind.kind in {"Pod", "PersistentVolumeClaim"}:
        _admit_quota(store, kind, item)


def quota_status(store: Store, quota: Object) -> Object:
    """Return the status of a quota: what is used now."""
    hard = path_value(quota, "spec.hard") or {}
    used = _used(store, namespace_of(quota))
    return {"hard": hard, "used": {name: format_quantity(used.get(_resource(name), Decimal(0))) for name in hard}}


def requests_of(pod: Object) -> dict[str, Decimal]:
    """Return what a pod asks for in sum: `cpu`, `memory` and others, in base units."""
    return _sum(pod, "requests")


def _fill_pod(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec.update(serviceAccountName=account, serviceAccount=account)
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        mutable = str(container.get("image", "")).endswith(":latest") or ":" not in str(container.get("image", ""))
        container.setdefault("imagePullPolicy", "Always" if mutable else "IfNotPresent")
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        if limits := path_value(container, "resources.limits"):
            container["resources"]["requests"] = {**limits, **(container["resources"].get("requests") or {})}
    pod["status"] = {"phase": "Pending", "qosClass": "Burstable"}


def _fill_secret(secret: Object) -> None:
    texts = secret.pop("stringData", None) or {}
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    secret["data"] = {**(secret.get("data") or {}), **encoded}
    secret.setdefault("type", "Opaque")


def _fill_claim(claim: Object) -> None:
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    claim["status"] = {"phase": "Pending"}


def _fill_namespace(namespace: Object) -> None:
    namespace.setdefault("metadata", {}).setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(namespace)
    namespace["status"] = {"phase": "Active"}


_FILL = {
    "Namespace": _fill_namespace,
    "PersistentVolumeClaim": _fill_claim,
    "Pod": _fill_pod,
    "Secret": _fill_secret,
}


def _admit_account(store: Store, pod: Object) -> None:
    namespace, account = namespace_of(pod), pod["spec"]["serviceAccountName"]
    if store.find("serviceaccounts", namespace, account) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden("pods", name_of(pod), why)


def _admit_quota(store: Store, kind: Kind, item: Object) -> None:
    wanted = _usage(kind.plural, item)
    used = _used(store, namespace_of(item))
    for quota in store.list("resourcequotas", namespace_of(item)):
        hard = {name: parse_quantity(text) for name, text in (path_value(quota, "spec.hard") or {}).items()}
        if kind.kind == "Pod":
            _demand_amounts(quota, hard, item)
        over = sorted(
            name
            for name, limit in hard.items()
            if (more := wanted.get(_resource(name))) and used.get(_resource(name), Decimal(0)) + more > limit
        )
        if over:
            lists = {
                "requested": [f"{name}={format_quantity(wanted[_resource(name)])}" for name in over],
                "used": [f"{name}={format_quantity(used.get(_resource(name), Decimal(0)))}" for name in over],
                "limited": [f"{name}={format_quantity(hard[name])}" for name in over],
            }
            told = ", ".join(f"{label}: {','.join(texts)}" for label, texts in lists.items())
            raise forbidden(kind.plural, name_of(item), f"exceeded quota: {name_of(quota)}, {told}")


def _demand_amounts(quota: Object, hard: dict[str, Decimal], pod: Object) -> None:
    """Refuse a pod that does not say what it takes where a quota counts that."""
    for name in sorted(hard):
        group, dot, resource = _resource(name).partition(".")
        if not dot or group not in {"limits", "requests"} or resource == "storage":
            continue
        silent = [
            container["name"]
            for container in pod["spec"]["containers"]
            if resource not in (path_value(container, f"resources.{group}") or {})
        ]
        if silent:
            why = f"failed quota: {name_of(quota)}: must specify {name} for: {','.join(silent)}"
            raise forbidden("pods", name_of(pod), why)


def _used(store: Store, namespace: str) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for plural in ("pods", "persistentvolumeclaims"):
        for item in store.list(plural, namespace):
            if path_value(item, "status.phase") not in _ENDED:
                for name, amount in _usage(plural, item).items():
                    total[name] = total.get(name, Decimal(0)) + amount
    return total


def _usage(plural: str, item: Object) -> dict[str, Decimal]:
    if plural == "pods":
        groups = ("requests", "limits")
        amounts = {f"{group}.{name}": amount for group in groups for name, amount in _sum(item, group).items()}
        return {"pods": Decimal(1), **amounts}
    storage = path_value(item, "spec.resources.requests.storage")
    return {plural: Decimal(1), "requests.storage": parse_quantity(storage or 0)}


def _sum(pod: Object, group: str) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for container in pod["spec"].get("containers") or []:
        for name, text in (path_value(container, f"resources.{group}") or {}).items():
            total[name] = total.get(name, Decimal(0)) + parse_quantity(text)
    return total


def _resource(name: str) -> str:
    return _SHORT.get(name, name)
