"""Whether a node can take a pod, as the scheduler would judge it on an idle cluster."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HARD = frozenset({"NoSchedule", "NoExecute"})


def amounts_of(pod: Mapping[str, Any], group: str) -> dict[str, Decimal]:
    """Return what the containers of a pod ask for in sum, in base units; as in Kubernetes, limits are requests too.

    Args:
        pod: The pod.
        group: `requests` or `limits`.
    """
    total: dict[str, Decimal] = {}
    for container in pod["spec"].get("containers", ()):
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        asked = limits if group == "limits" else {**limits, **(resources.get("requests") or {})}
        for name, text in asked.items():
            total[name] = total.get(name, Decimal(0)) + quantity(text)
    return total


def quantity(text: Any) -> Decimal:
    """Return a quantity of Kubernetes in its base unit."""
    from kubernetes.utils.quantity import parse_quantity

    return Decimal(parse_quantity(text))


def objections(pod: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]]) -> Counter[str] | None:
    """Return why no node takes a pod, with the number of nodes; None when one does."""
    reasons: Counter[str] = Counter()
    for node in nodes:
        found = _objection(pod, node)
        if not found:
            return None
        reasons[found] += 1
    return reasons


def _objection(pod: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    spec, labels = pod["spec"], node["metadata"].get("labels") or {}
    if node.get("spec", {}).get("unschedulable"):
        return "is closed (cordoned)"
    for name, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(name) != value:
            return f"lacks the label {name}={value}"
    if not _affine(spec, labels):
        return "does not match the affinity"
    for taint in node.get("spec", {}).get("taints") or ():
        if taint.get("effect") in _HARD and not any(_tolerates(one, taint) for one in spec.get("tolerations") or ()):
            return f"has the taint {taint['key']}={taint.get('value') or ''}:{taint['effect']}"
    room = node.get("status", {}).get("allocatable") or {}
    for name, amount in amounts_of(pod, "requests").items():
        if amount > quantity(room.get(name, "0")):
            return f"has {name} {room.get(name, 'none')}"
    return ""


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in {None, "", taint["effect"]}:
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in {None, "", taint["key"]}
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _affine(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms")
    # Terms that ask for fields (a node's name) are left to the scheduler.
    return terms is None or any(
        all(_matches(one, labels.get(one["key"])) for one in term.get("matchExpressions") or ()) for term in terms
    )


def _matches(expression: Mapping[str, Any], value: str | None) -> bool:
    operator, values = expression["operator"], expression.get("values") or []
    if operator in {"Gt", "Lt"}:
        if value is None or not value.isdecimal():
            return False
        return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(operator, True)
