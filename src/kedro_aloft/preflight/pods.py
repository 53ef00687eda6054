"""What pods need from their cluster: each thing that they name is looked up once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kedro_aloft.doctor.check import bad, ok, unknown, warn
from kedro_aloft.errors import ImageError, RemoteError
from kedro_aloft.images.build import Engine
from kedro_aloft.preflight.answers import answer
from kedro_aloft.preflight.cluster import Cluster
from kedro_aloft.preflight.engine import judge_reference
from kedro_aloft.preflight.nodes import amounts_of, objections, quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kedro_aloft.doctor.check import Answer, Result
    from kedro_aloft.preflight.cluster import Found
    from kedro_aloft.preflight.wanted import ClusterWanted, PodWanted

_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "count/pods": "pods"}


def look_at_cluster(wanted: ClusterWanted) -> tuple[Answer, ...]:
    """Return whether a cluster has what the pods need; of one that does not answer, that."""
    try:
        cluster = Cluster.connect(wanted)
        answers = [answer("cluster", "Cluster", ok(f"{cluster.name} answers, version {cluster.version()}"))]
        spaces: dict[str, list[PodWanted]] = {}
        for one in wanted.pods:
            spaces.setdefault(one.pod["metadata"].get("namespace") or cluster.namespace, []).append(one)
        for namespace, pods in sorted(spaces.items()):
            answers += _of_namespace(cluster, namespace, pods)
        return (*answers, *_of_nodes(cluster, wanted.pods))
    except RemoteError as error:
        seen = " ".join(part for part in (error.what, error.where, error.seen) if part)
        return (answer("cluster", "Cluster", bad(seen, error.remedy)),)


def _of_namespace(cluster: Cluster, namespace: str, pods: list[PodWanted]) -> list[Answer]:
    space = cluster.find_namespace(namespace)
    told = _judge(space, f"kubectl create namespace {namespace}", seen="is there")
    answers = [answer("namespace", f"Namespace {namespace}", told)]
    if space.value is None and not space.refusal:
        return answers  # whatever lies in it is missing too
    for code, kind, names in (
        ("service-account", "service account", {one.pod["spec"].get("serviceAccountName") for one in pods}),
        ("config-map", "config map", {name for one in pods for name in _config_maps(one.pod)}),
        ("claim", "claim", {name for one in pods for name in _claims(one.pod)}),
    ):
        for name in sorted(name for name in names if name):
            found = cluster.find(kind, name, namespace=namespace)
            title = f"{kind.capitalize()} {namespace}/{name}"
            answers.append(answer(code, title, _judge_claim(found) if code == "claim" else _judge_named(found, kind)))
    answers += _secrets(cluster, namespace, pods)
    answers += _storage(cluster, pods)
    return [*answers, *_quotas(cluster, namespace, pods)]


def _judge(found: Found, remedy: str, *, seen: str) -> Result:
    if found.refusal:
        return unknown(f"the cluster does not tell: {found.refusal}", "ask somebody who may read it")
    return bad("is not there", remedy) if found.value is None else ok(seen)


def _judge_named(found: Found, kind: str) -> Result:
    return _judge(found, f"create the {kind}, or correct its name in airflow.yml", seen="is there")


def _judge_claim(found: Found) -> Result:
    if found.value is None:
        return _judge_named(found, "claim")
    phase = (found.value.get("status") or {}).get("phase", "Pending")
    if phase == "Lost":
        return bad("is lost: its volume is gone", "delete it and make it anew")
    # A storage class may wait for the first pod before it binds.
    return ok("is bound") if phase == "Bound" else warn(f"is {phase}", "see `kubectl describe pvc` why it is not bound")


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spec = pod["spec"]
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _config_maps(pod: Mapping[str, Any]) -> Iterator[str]:
    """The names that must be there: what Kubernetes calls optional need not."""
    for kind, name, _ in _references(pod):
        if kind == "configMap":
            yield name


def _claims(pod: Mapping[str, Any]) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]


def _references(pod: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield `secret` or `configMap`, its name, and the keys that are read by name."""
    for kind, volume_name in (("secret", "secretName"), ("configMap", "name")):
        for container in _containers(pod):
            yield from _of_environment(container, kind)
        for volume in pod["spec"].get("volumes") or ():
            source = volume.get(kind) or {}
            if source and not source.get("optional"):
                yield kind, source[volume_name], tuple(item["key"] for item in source.get("items") or ())
    for one in pod["spec"].get("imagePullSecrets") or ():
        yield "secret", one["name"], ()


def _of_environment(container: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    single = [(one.get("valueFrom") or {}).get(f"{kind}KeyRef") or {} for one in container.get("env") or ()]
    every = [one.get(f"{kind}Ref") or {} for one in container.get("envFrom") or ()]
    for source in (*single, *every):
        if source and not source.get("optional"):
            yield kind, source["name"], (source["key"],) if "key" in source else ()


def _secrets(cluster: Cluster, namespace: str, pods: Iterable[PodWanted]) -> Iterator[Answer]:
    wanted: dict[str, set[str]] = {}
    for one in pods:
        for kind, name, keys in _references(one.pod):
            if kind == "secret":
                wanted.setdefault(name, set()).update(keys)
    for name, needed in sorted(wanted.items()):
        found = cluster.find("secret", name, namespace=namespace)
        told = _judge_named(found, "secret")
        missing = sorted(needed - set(found.value["data"])) if found.value else []
        if missing:
            has = ", ".join(sorted(found.value["data"])) or "none"
            told = bad(f"lacks {', '.join(missing)}; it has {has}", "add the key, or correct `key` in airflow.yml")
        yield answer("secret", f"Secret {namespace}/{name}", told)


def _storage(cluster: Cluster, pods: Iterable[PodWanted]) -> Iterator[Answer]:
    for name in sorted({one.storage_class or "" for one in pods if one.claims_volume}):
        found = cluster.storage_classes()
        title = f"Storage class {name}" if name else "Storage class of the cluster"
        if found.value is None:
            yield answer("storage-class", title, unknown(f"the cluster does not tell: {found.refusal or 'not found'}"))
            continue
        there = {one["metadata"]["name"]: one["metadata"].get("annotations") or {} for one in found.value}
        fits = name in there if name else any(_is_default(notes) for notes in there.values())
        seen = f"there are {', '.join(sorted(there)) or 'none'}"
        remedy = "set `kubernetes: {volume: {storage_class: …}}` to one of these"
        yield answer("storage-class", title, ok("is there") if fits else bad(f"is not there; {seen}", remedy))


def _is_default(annotations: Mapping[str, str]) -> bool:
    return annotations.get("storageclass.kubernetes.io/is-default-class") == "true"


def _quotas(cluster: Cluster, namespace: str, pods: Iterable[PodWanted]) -> Iterator[Answer]:
    found = cluster.quotas(namespace)
    if found.refusal:
        yield answer("quota", f"Quotas of {namespace}", _judge(found, "", seen=""))
        return
    for one in found.value or ():
        told = next((bad_one for pod in pods if (bad_one := _beyond(one, pod))), None)
        status = one.get("status") or {}
        used = status.get("used") or {}
        hard = status.get("hard") or one["spec"].get("hard") or {}
        seen = ", ".join(f"{name} {used.get(name, '0')} of {limit}" for name, limit in sorted(hard.items()))
        yield answer("quota", f"Quota {namespace}/{one['metadata']['name']}", told or ok(seen or "has no limits"))


def _beyond(quota: Mapping[str, Any], wanted: PodWanted) -> Result | None:
    """Return what is wrong with one pod under a quota, worst first; None when nothing is."""
    status, late = quota.get("status") or {}, None
    hard = status.get("hard") or quota["spec"].get("hard") or {}
    used = status.get("used") or {}
    for name, limit in sorted(hard.items()):
        amount = _counted(wanted.pod, _SHORT.get(name, name))
        tasks = ", ".join(wanted.tasks[:3])
        if amount is None:
            kind, _, resource = _SHORT.get(name, name).partition(".")
            return bad(f"counts {name}, and the pod of {tasks} does not say it", _profile(kind, resource))
        if amount > quantity(limit):
            return bad(f"{name} is {limit}, and {tasks} asks for {amount}", "ask for less, or raise the quota")
        if amount and amount > quantity(limit) - quantity(used.get(name, "0")):
            seen = f"{name}: {used.get(name)} of {limit} is used, and {tasks} asks for {amount}"
            late = warn(seen, "wait until other pods have ended")
    return late


def _profile(kind: str, resource: str) -> str:
    return f"set `resource_profiles: {{default: {{{kind}: {{{resource}: …}}}}}}` in airflow.yml"


def _counted(pod: Mapping[str, Any], name: str) -> Decimal | None:
    """Return what a pod takes of a quota's entry: 0 when it is not about pods, None when the pod must say it."""
    kind, dot, resource = name.partition(".")
    if name == "pods":
        return Decimal(1)
    if not dot or kind not in {"requests", "limits"} or resource == "storage":
        return Decimal(0)
    asked = amounts_of(pod, kind)
    return asked.get(resource) if resource in {"cpu", "memory"} else asked.get(resource, Decimal(0))


def _of_nodes(cluster: Cluster, pods: Iterable[PodWanted]) -> Iterator[Answer]:
    nodes = cluster.nodes()
    for one in pods:
        title = f"A node for {', '.join(one.tasks[:3])}{' …' if len(one.tasks) > 3 else ''}"
        yield answer("node", title, _judge(nodes, "", seen="") if nodes.refusal else _fit(one, nodes.value or []))
    images: dict[str, list[str]] = {}
    for one in pods:
        for container in _containers(one.pod):
            images.setdefault(container.get("image", ""), []).append(container.get("imagePullPolicy", ""))
    present = {name for node in nodes.value or () for image in _images(node) for name in image.get("names") or ()}
    for image, policies in sorted(images.items()):
        yield answer("image", f"Image {image}", _judge_image(image, policies, present))


def _images(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return (node.get("status") or {}).get("images") or []


def _fit(wanted: PodWanted, nodes: list[Mapping[str, Any]]) -> Result:
    reasons = objections(wanted.pod, nodes)
    if reasons is None:
        return ok(f"one of {len(nodes)} takes it, when it has room")
    told = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    asked = amounts_of(wanted.pod, "requests")
    amounts = ", ".join(f"{name} {amount:f}" for name, amount in sorted(asked.items()))
    asks = f" (it asks for {amounts})" if amounts else ""
    return bad(
        f"none of {len(nodes)} takes it{asks}: {told or 'there are no nodes'}",
        "correct `node_selector`, `tolerations` or the resource profile in airflow.yml; where nodes come on demand, "
        "see that a pool of this kind exists",
    )


def _judge_image(image: str, policies: list[str], present: set[str]) -> Result:
    if image in present or f"docker.io/library/{image}" in present:
        return ok("a node has it already")
    if "Never" in policies and present:
        return bad("no node has it, and `pull: never` forbids to fetch it", "set `kubernetes: {pull: missing}`")
    try:
        return judge_reference(Engine.find(), image)
    except ImageError as error:
        return unknown(f"the cluster does not tell what registries have, and here is no engine to ask: {error.seen}")
