"""On which node a pod fits, and in the real scheduler's words why on none."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from kedro_aloft.testing.kube.admission import requests_of
from kedro_aloft.testing.kube.kinds import name_of, namespace_of, path_value
from kedro_aloft.testing.kube.quantity import parse_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kedro_aloft.testing.kube.kinds import Object
    from kedro_aloft.testing.kube.store import Store

_ENDED = ("Succeeded", "Failed")


class UnschedulableError(Exception):
    """No node takes the pod; the message says why."""


def choose_node(store: Store, pod: Object) -> str:
    """Return the first node that takes a pod.

    Raises:
        UnschedulableError: None does.
    """
    _check_claims(store, pod)
    nodes = store.list("nodes")
    reasons: Counter[str] = Counter()
    for node in nodes:
        refusals = _refusals(store, pod, node)
        if not refusals:
            return name_of(node)
        reasons.update(refusals)
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    raise UnschedulableError(f"0/{len(nodes)} nodes are available: {told or 'no nodes available to schedule pods'}.")


def _check_claims(store: Store, pod: Object) -> None:
    for volume in pod["spec"].get("volumes") or []:
        name = path_value(volume, "persistentVolumeClaim.claimName")
        if not name:
            continue
        claim = store.find("persistentvolumeclaims", namespace_of(pod), name)
        total = len(store.list("nodes"))
        if claim is None:
            why = f'persistentvolumeclaim "{name}" not found'
        elif claim["metadata"].get("deletionTimestamp"):
            why = f'persistentvolumeclaim "{name}" is being deleted'
        elif path_value(claim, "status.phase") != "Bound":
            why = "pod has unbound immediate PersistentVolumeClaims"
        else:
            continue
        raise UnschedulableError(f"0/{total} nodes are available: {why}.")


def _refusals(store: Store, pod: Object, node: Object) -> list[str]:
    """Return why a node does not take a pod; empty when it does."""
    taint = _untolerated(pod, node)
    if taint:
        return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"]
    if not _selected(pod, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    free = _free(store, node)
    return [f"Insufficient {name}" for name, amount in requests_of(pod).items() if amount > free.get(name, Decimal(0))]


def _untolerated(pod: Object, node: Object) -> Object | None:
    tolerations = pod["spec"].get("tolerations") or []
    for taint in path_value(node, "spec.taints") or []:
        hard = taint.get("effect") in {"NoSchedule", "NoExecute"}
        if hard and not any(_tolerates(toleration, taint) for toleration in tolerations):
            return dict(taint)
    return None


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in {None, "", taint.get("effect")}:
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in {None, "", taint["key"]}
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _selected(pod: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(name) != value for name, value in selector.items()):
        return False
    required = path_value(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    terms = (required or {}).get("nodeSelectorTerms")
    return terms is None or any(_fits_all(term.get("matchExpressions") or [], labels) for term in terms)


def _fits_all(expressions: Sequence[Object], labels: dict[str, str]) -> bool:
    return bool(expressions) and all(_fits(expression, labels.get(expression["key"])) for expression in expressions)


def _fits(expression: Object, value: str | None) -> bool:
    values = expression.get("values") or []
    operator = expression["operator"]
    if operator in {"Gt", "Lt"}:
        numbers = value is not None and value.isdecimal()
        return numbers and (int(value or 0) > int(values[0]) if operator == "Gt" else int(value or 0) < int(values[0]))
    answers = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return answers[operator]


def _free(store: Store, node: Object) -> dict[str, Decimal]:
    free = {name: parse_quantity(text) for name, text in (path_value(node, "status.allocatable") or {}).items()}
    for pod in store.list("pods"):
        if pod["spec"].get("nodeName") == name_of(node) and path_value(pod, "status.phase") not in _ENDED:
            for name, amount in requests_of(pod).items():
                free[name] = free.get(name, Decimal(0)) - amount
    return free
