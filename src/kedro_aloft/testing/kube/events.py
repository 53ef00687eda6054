"""Events: what happened to an object, for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kedro_aloft.testing.kube.kinds import name_of, namespace_of
from kedro_aloft.testing.kube.store import timestamp

if TYPE_CHECKING:
    from kedro_aloft.testing.kube.kinds import Object
    from kedro_aloft.testing.kube.store import Store


def record_event(store: Store, item: Object, reason: str, message: str, *, component: str = "kubelet") -> None:
    """Record an event; the same one again only counts up."""
    for event in store.list("events", namespace_of(item)):
        same = event["involvedObject"]["uid"] == item["metadata"]["uid"] and event["reason"] == reason
        if same and event["message"] == message:
            store.change("events", namespace_of(item), name_of(event), _count_up)
            return
    store.create("events", _event(item, reason, message, component))


def _count_up(event: Object) -> None:
    event["count"] += 1
    event["lastTimestamp"] = timestamp()


def _event(item: Object, reason: str, message: str, component: str) -> Object:
    now = timestamp()
    return {
        "metadata": {"name": f"{name_of(item)}.{time.time_ns():x}", "namespace": namespace_of(item)},
        "involvedObject": {
            "kind": item["kind"],
            "apiVersion": "v1",
            "namespace": namespace_of(item),
            "name": name_of(item),
            "uid": item["metadata"]["uid"],
        },
        "reason": reason,
        "message": message,
        "type": "Warning" if reason in _WARNINGS else "Normal",
        "source": {"component": component},
        "reportingComponent": component,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


_WARNINGS = frozenset(
    {
        *("BackOff", "DeadlineExceeded", "ErrImageNeverPull", "Failed", "FailedMount", "FailedScheduling"),
        *("FailedToRetrieveImagePullSecret", "ProvisioningFailed"),
    }
)
