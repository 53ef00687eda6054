"""The kinds of object that the double knows: those that a pod needs, of the core group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""An object of the API as JSON has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object.

    Args:
        plural: Its name in addresses.
        kind: Its name in objects.
        namespaced: Whether its objects lie in namespaces.
        short: What kubectl accepts beside the names.
    """

    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """The name of the official client's class."""
        return "CoreV1Event" if self.kind == "Event" else f"V1{self.kind}"


KINDS = {
    kind.plural: kind
    for kind in (
        Kind(plural="configmaps", kind="ConfigMap", short=("cm",)),
        Kind(plural="events", kind="Event", short=("ev",)),
        Kind(plural="namespaces", kind="Namespace", namespaced=False, short=("ns",)),
        Kind(plural="nodes", kind="Node", namespaced=False, short=("no",)),
        Kind(plural="persistentvolumeclaims", kind="PersistentVolumeClaim", short=("pvc",)),
        Kind(plural="pods", kind="Pod", short=("po",)),
        Kind(plural="resourcequotas", kind="ResourceQuota", short=("quota",)),
        Kind(plural="secrets", kind="Secret"),
        Kind(plural="serviceaccounts", kind="ServiceAccount", short=("sa",)),
    )
}
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def name_of(item: Object) -> str:
    """Return the name of an object."""
    return str(item["metadata"]["name"])


def namespace_of(item: Object) -> str:
    """Return the namespace of an object; empty when its kind has none."""
    return str(item["metadata"].get("namespace") or "")


def path_value(item: Any, path: str) -> Any:
    """Return what lies at a dotted path, None when there is nothing."""
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item
