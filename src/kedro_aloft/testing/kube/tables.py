"""The tables that `kubectl get` asks for: columns and cells."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.kinds import name_of, path_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kedro_aloft.testing.kube.kinds import Object

ASKED = "as=Table"
_Cell = tuple[str, "Callable[[Object], Any]"]


def as_table(plural: str, items: Sequence[Object], version: int) -> Object:
    """Return objects as the table that kubectl prints."""
    columns = (("Name", name_of), *_COLUMNS.get(plural, ()), ("Age", _age)) if plural != "events" else _EVENT
    definitions = [
        {"name": name, "type": "string", "format": "name" if name == "Name" else "", "description": name, "priority": 0}
        for name, _ in columns
    ]
    rows = [
        {
            "cells": [cell(item) for _, cell in columns],
            "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]},
        }
        for item in items
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": str(version)},
        "columnDefinitions": definitions,
        "rows": rows,
    }


def _age(item: Object) -> str:
    return _since(item["metadata"]["creationTimestamp"])


def _since(moment: str) -> str:
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    seconds = max(0, int((datetime.now(timezone.utc) - then).total_seconds()))
    return f"{seconds}s" if seconds < 120 else f"{seconds // 60}m"


def _ready(pod: Object) -> str:
    statuses = path_value(pod, "status.containerStatuses") or []
    return f"{sum(item['ready'] for item in statuses)}/{len(pod['spec']['containers'])}"


def _state(pod: Object) -> str:
    """Return the word that kubectl has for a pod: the reason of what is wrong comes before the phase."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for status in path_value(pod, "status.initContainerStatuses") or []:
        state = status["state"]
        if code := path_value(state, "terminated.exitCode"):
            return f"Init:{path_value(state, 'terminated.reason') or f'ExitCode:{code}'}"
        if "waiting" in state and path_value(state, "waiting.reason") != "PodInitializing":
            return f"Init:{path_value(state, 'waiting.reason')}"
    for status in path_value(pod, "status.containerStatuses") or []:
        for group in ("waiting", "terminated"):
            if reason := path_value(status, f"state.{group}.reason"):
                return str(reason)
    return str(path_value(pod, "status.reason") or path_value(pod, "status.phase"))


def _about(event: Object) -> str:
    return f"{event['involvedObject']['kind'].lower()}/{event['involvedObject']['name']}"


_COLUMNS: dict[str, tuple[_Cell, ...]] = {
    "pods": (("Ready", _ready), ("Status", _state), ("Restarts", lambda _: 0)),
    "namespaces": (("Status", lambda item: path_value(item, "status.phase")),),
    "nodes": (("Status", lambda _: "Ready"),),
    "persistentvolumeclaims": (
        ("Status", lambda item: path_value(item, "status.phase")),
        ("Capacity", lambda item: path_value(item, "status.capacity.storage") or ""),
        ("StorageClass", lambda item: path_value(item, "spec.storageClassName") or ""),
    ),
    "configmaps": (("Data", lambda item: len(item.get("data") or {})),),
    "secrets": (("Type", lambda item: item.get("type")), ("Data", lambda item: len(item.get("data") or {}))),
}
_EVENT: tuple[_Cell, ...] = (
    ("Last Seen", lambda event: _since(event["lastTimestamp"])),
    ("Type", lambda event: event["type"]),
    ("Reason", lambda event: event["reason"]),
    ("Object", _about),
    ("Message", lambda event: event["message"]),
)
