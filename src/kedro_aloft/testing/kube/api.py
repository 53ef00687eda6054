"""What each request means. Knows nothing of HTTP's wire: `server` turns requests into these and answers into bytes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.admission import admit, prepare, quota_status
from kedro_aloft.testing.kube.discovery import ACCESS_REVIEWS, discovery
from kedro_aloft.testing.kube.docker import DockerError
from kedro_aloft.testing.kube.events import record_event
from kedro_aloft.testing.kube.kinds import KINDS, name_of, namespace_of, path_value
from kedro_aloft.testing.kube.patches import patched
from kedro_aloft.testing.kube.selectors import parse_selectors
from kedro_aloft.testing.kube.status import RefusalError, bad_request, conflict, forbidden
from kedro_aloft.testing.kube.store import timestamp
from kedro_aloft.testing.kube.tables import ASKED, as_table
from kedro_aloft.testing.kube.validation import check_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.testing.kube.docker import Docker
    from kedro_aloft.testing.kube.kinds import Kind, Object
    from kedro_aloft.testing.kube.kubelet import Kubelet
    from kedro_aloft.testing.kube.store import Change, Store

_TRUE = ("1", "true", "True")
_WATCH_S = 300.0
_BOOKMARK_S = 1.0
_ENDED = ("Succeeded", "Failed")
_PULLING = ("ErrImagePull", "ImagePullBackOff")
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Args:
        method: GET, POST, PUT, PATCH or DELETE.
        path: Without the query.
        query: The first value of each parameter.
        body: Parsed JSON; None when there is none.
        content_type: Of the body.
        accept: What the client wants to read.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    accept: str = ""

    def flag(self, name: str) -> bool:
        """Whether a parameter is true."""
        return self.query.get(name) in _TRUE

    @property
    def as_table(self) -> bool:
        """Whether the client prints a table."""
        return ASKED in self.accept


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back: one object or a stream of bytes.

    Args:
        code: HTTP status.
        content: An object for JSON, an iterator of pieces otherwise.
        content_type: Of a stream.
    """

    code: int
    content: Object | Iterator[bytes]
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path names."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    part: str = ""


class Api:
    """Answers requests.

    Args:
        storage_classes: Claims of these are bound, the first one is the default.
    """

    def __init__(self, store: Store, kubelet: Kubelet, docker: Docker, storage_classes: tuple[str, ...]) -> None:
        self._store = store
        self._kubelet = kubelet
        self._docker = docker
        self._storage_classes = storage_classes
        self._discovery = discovery()
        self.refused: list[tuple[str, str, str]] = []

    def answer(self, request: Request) -> Answer:
        """Answer one request.

        Raises:
            RefusalError: It is refused.
        """
        path = request.path.rstrip("/")
        if path in self._discovery and request.method == "GET":
            return Answer(200, self._discovery[path])
        if path == ACCESS_REVIEWS and request.method == "POST":
            return Answer(201, self._review(request.body))
        target = _target(path)
        self._check_rights(request, target)
        handlers: dict[tuple[str, bool], Callable[[Request, Target], Answer]] = {
            ("GET", False): self._list,
            ("POST", False): self._create,
            ("DELETE", False): self._delete_all,
            ("GET", True): self._read,
            ("PUT", True): self._replace,
            ("PATCH", True): self._patch,
            ("DELETE", True): self._delete,
        }
        if handler := handlers.get((request.method, bool(target.name))):
            return handler(request, target)
        raise RefusalError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    # Rights

    def _check_rights(self, request: Request, target: Target) -> None:
        verb = _VERBS.get(request.method, "")
        if verb == "get" and not target.name:
            verb = "watch" if request.flag("watch") else "list"
        resource = f"{target.kind.plural}/{target.part}" if target.part else target.kind.plural
        if self._is_refused(verb, resource, target.namespace):
            user = f'User "double" cannot {verb} resource "{resource}" in API group ""'
            where = f' in the namespace "{target.namespace}"' if target.namespace else " at the cluster scope"
            raise forbidden(target.kind.plural, target.name, user + where)

    def _is_refused(self, verb: str, resource: str, namespace: str) -> bool:
        return any(
            verb == refused_verb and resource == refused_resource and refused_namespace in {"", namespace}
            for refused_verb, refused_resource, refused_namespace in self.refused
        )

    def _review(self, body: Any) -> Object:
        wanted = path_value(body, "spec.resourceAttributes") or {}
        resource = "/".join(filter(None, (wanted.get("resource"), wanted.get("subresource"))))
        allowed = not self._is_refused(wanted.get("verb", ""), resource, wanted.get("namespace") or "")
        return {**body, "status": {"allowed": allowed}}

    # Collections

    def _list(self, request: Request, target: Target) -> Answer:
        fits = parse_selectors(request.query.get("labelSelector", ""), request.query.get("fieldSelector", ""))
        if request.flag("watch"):
            return Answer(200, self._watch(request, target, fits))
        version = self._store.version
        items = [self._shown(item) for item in self._store.list(target.kind.plural, target.namespace) if fits(item)]
        if request.as_table:
            return Answer(200, as_table(target.kind.plural, items, version))
        listed = {"kind": f"{target.kind.kind}List", "apiVersion": "v1"}
        return Answer(200, {**listed, "metadata": {"resourceVersion": str(version)}, "items": items})

    def _watch(self, request: Request, target: Target, fits: Callable[[Object], bool]) -> Iterator[bytes]:
        plural, namespace = target.kind.plural, target.namespace
        since = int(request.query.get("resourceVersion") or 0)
        until = time.monotonic() + float(request.query.get("timeoutSeconds") or _WATCH_S)

        def line(change: str, item: Object) -> bytes:
            shown = as_table(plural, [item], since) if request.as_table and change != "BOOKMARK" else item
            return json.dumps({"type": change, "object": shown}).encode() + b"\n"

        if not since:
            since = self._store.version
            for item in self._store.list(plural, namespace):
                if fits(item):
                    yield line("ADDED", item)
        known: dict[str, bool] = {}
        for change in self._store.changes(plural, since, min(_BOOKMARK_S, max(0.0, until - time.monotonic()))):
            if change is not None:
                since = change.version
                if namespace in {"", namespace_of(change.item)} and (type_ := _type_for(change, known, fits)):
                    yield line(type_, change.item)
            elif self._store.closed or time.monotonic() >= until:
                return
            elif request.flag("allowWatchBookmarks"):
                metadata = {"resourceVersion": str(since)}
                yield line("BOOKMARK", {"kind": target.kind.kind, "apiVersion": "v1", "metadata": metadata})
            else:
                yield b""  # tells whether the client is still there

    def _create(self, request: Request, target: Target) -> Answer:
        kind = target.kind
        if not isinstance(request.body, dict):
            raise bad_request("the body must be an object")
        given = path_value(request.body, "metadata.namespace")
        if kind.namespaced and given not in {None, "", target.namespace}:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        item = prepare(kind, target.namespace, request.body)
        check_object(kind, item)
        admit(self._store, kind, item)
        if request.query.get("dryRun"):
            if self._store.find(kind.plural, namespace_of(item), name_of(item)):
                self._store.create(kind.plural, item)  # refuses
            return Answer(201, item)
        created = self._store.create(kind.plural, item)
        self._come_to_be(kind, created)
        return Answer(201, self._store.find(kind.plural, namespace_of(created), name_of(created)) or created)

    def _come_to_be(self, kind: Kind, item: Object) -> None:
        if kind.kind == "Pod":
            self._kubelet.run(item)
        elif kind.kind == "Namespace":
            self._store.create("serviceaccounts", {"metadata": {"name": "default", "namespace": name_of(item)}})
        elif kind.kind == "PersistentVolumeClaim":
            self._bind(item)

    def _bind(self, claim: Object) -> None:
        wanted = claim["spec"].get("storageClassName")
        if wanted is not None and wanted not in self._storage_classes:
            record_event(
                *(self._store, claim, "ProvisioningFailed", f'storageclass.storage.k8s.io "{wanted}" not found'),
                component="persistentvolume-controller",
            )
            return

        def bind(item: Object) -> None:
            storage = path_value(item, "spec.resources.requests.storage") or "1Gi"
            modes = item["spec"].get("accessModes") or []
            item["spec"].setdefault("storageClassName", self._storage_classes[0])
            item["spec"]["volumeName"] = f"pvc-{item['metadata']['uid']}"
            item["status"] = {"phase": "Bound", "accessModes": modes, "capacity": {"storage": storage}}

        self._store.change("persistentvolumeclaims", namespace_of(claim), name_of(claim), bind)

    def _delete_all(self, request: Request, target: Target) -> Answer:
        listed = self._list(request, target).content
        assert isinstance(listed, dict)
        for item in listed["items"]:
            self._delete_one(request, target.kind, item)
        return Answer(200, listed)

    # One object

    def _read(self, request: Request, target: Target) -> Answer:
        if target.part == "log":
            return self._logs(request, target)
        item = self._shown(self._store.read(target.kind.plural, target.namespace, target.name))
        return Answer(200, as_table(target.kind.plural, [item], 0) if request.as_table else item)

    def _replace(self, request: Request, target: Target) -> Answer:
        return self._changed(target, lambda _: request.body)

    def _patch(self, request: Request, target: Target) -> Answer:
        return self._changed(target, lambda item: patched(item, request.body, request.content_type))

    def _changed(self, target: Target, change: Callable[[Object], Object]) -> Answer:
        def checked(item: Object) -> Object:
            after = change(item)
            if target.part == "status":
                return {**item, "status": after.get("status")}
            after = _with_kept(item, after)
            check_object(target.kind, after)
            if target.kind.kind == "Pod" and after["spec"] != item["spec"]:
                why = "pod updates may not change fields other than metadata (in this double)"
                raise RefusalError(422, "Invalid", f'Pod "{target.name}" is invalid: spec: Forbidden: {why}')
            return after

        return Answer(200, self._store.change(target.kind.plural, target.namespace, target.name, checked))

    def _delete(self, request: Request, target: Target) -> Answer:
        item = self._store.read(target.kind.plural, target.namespace, target.name)
        wanted = path_value(request.body, "preconditions.uid")
        if wanted not in {None, item["metadata"]["uid"]}:
            why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {item['metadata']['uid']}"
            raise conflict(target.kind.plural, target.name, why)
        return Answer(200, self._delete_one(request, target.kind, item))

    def _delete_one(self, request: Request, kind: Kind, item: Object) -> Object:
        if kind.kind == "Pod":
            return self._delete_pod(request, item)
        if kind.kind == "PersistentVolumeClaim":
            return self._delete_claim(item)
        if kind.kind == "Namespace":
            self._empty_namespace(name_of(item))
        self._store.delete(kind.plural, namespace_of(item), name_of(item))
        details = {"name": name_of(item), "kind": kind.plural, "uid": item["metadata"]["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _delete_pod(self, request: Request, pod: Object) -> Object:
        given = path_value(request.body, "gracePeriodSeconds")
        given = request.query.get("gracePeriodSeconds") if given is None else given
        grace_s = pod["spec"]["terminationGracePeriodSeconds"] if given is None else int(given)
        if not pod["spec"].get("nodeName"):
            grace_s = 0
        again = bool(pod["metadata"].get("deletionTimestamp"))

        def mark(item: Object) -> None:
            end = datetime.now(timezone.utc) + timedelta(seconds=grace_s)
            item["metadata"]["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
            item["metadata"]["deletionGracePeriodSeconds"] = grace_s

        marked = pod if again and grace_s else self._store.change("pods", namespace_of(pod), name_of(pod), mark)
        if not again or not grace_s:
            self._kubelet.delete(marked, grace_s)
        return marked

    def _delete_claim(self, claim: Object) -> Object:
        namespace, name = namespace_of(claim), name_of(claim)
        if not self._claim_in_use(namespace, name):
            self._kubelet.drop_claim(claim)
            return self._store.delete("persistentvolumeclaims", namespace, name)

        def mark(item: Object) -> None:
            item["metadata"].setdefault("deletionTimestamp", timestamp())
            item["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]

        return self._store.change("persistentvolumeclaims", namespace, name, mark)

    def _claim_in_use(self, namespace: str, name: str) -> bool:
        return any(
            path_value(volume, "persistentVolumeClaim.claimName") == name
            for pod in self._store.list("pods", namespace)
            if path_value(pod, "status.phase") not in _ENDED
            for volume in pod["spec"].get("volumes") or []
        )

    def release_claims(self) -> None:
        """Remove claims that were deleted while a pod used them and that no pod uses any more."""
        for claim in self._store.list("persistentvolumeclaims"):
            marked = claim["metadata"].get("deletionTimestamp")
            if marked and not self._claim_in_use(namespace_of(claim), name_of(claim)):
                self._kubelet.drop_claim(claim)
                self._store.delete("persistentvolumeclaims", namespace_of(claim), name_of(claim))

    def _empty_namespace(self, name: str) -> None:
        def mark(item: Object) -> None:
            item["status"] = {"phase": "Terminating"}
            item["metadata"]["deletionTimestamp"] = timestamp()

        self._store.change("namespaces", "", name, mark)
        for pod in self._store.list("pods", name):
            self._kubelet.delete(pod, 0)
        self._store.wait(lambda: not self._store.list("pods", name))
        for kind in KINDS.values():
            if kind.namespaced:
                for item in self._store.list(kind.plural, name):
                    self._store.delete(kind.plural, name, name_of(item))

    def _shown(self, item: Object) -> Object:
        return {**item, "status": quota_status(self._store, item)} if item["kind"] == "ResourceQuota" else item

    # Logs

    def _logs(self, request: Request, target: Target) -> Answer:
        pod = self._store.read("pods", target.namespace, target.name)
        name = request.query.get("container") or _only_container(pod)
        status = _container_status(pod, name)
        container = self._kubelet.container(pod, name)
        if request.flag("previous"):
            raise bad_request(f'previous terminated container "{name}" in pod "{target.name}" not found')
        if container is None:
            reason = path_value(status, "state.waiting.reason") or "ContainerCreating"
            why = "trying and failing to pull image" if reason in _PULLING else reason
            raise bad_request(f'container "{name}" in pod "{target.name}" is waiting to start: {why}')
        options = _log_options(request)
        pieces = self._docker.logs(container, follow=request.flag("follow"), **options)
        return Answer(200, _limited(pieces, request.query.get("limitBytes")), "text/plain")


def _with_kept(before: Object, after: Object) -> Object:
    """Return a changed object with what no change may touch: its place and its status."""
    kept = {key: before["metadata"][key] for key in ("name", "namespace", "uid") if key in before["metadata"]}
    after = {**after, "metadata": {**(after.get("metadata") or {}), **kept}}
    return {**after, "status": before["status"]} if "status" in before else after


def _target(path: str) -> Target:
    parts = path.strip("/").split("/")
    if parts[:2] != ["api", "v1"]:
        raise _no_path()
    parts = parts[2:]
    namespace = ""
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    if len(parts) > 3:
        raise _no_path()
    plural, name, part = (*parts, "", "", "")[:3]
    kind = KINDS.get(plural)
    if kind is None or part not in {"", "log", "status"} or (part == "log" and kind.kind != "Pod"):
        raise _no_path()
    return Target(kind=kind, namespace=namespace, name=name, part=part)


def _no_path() -> RefusalError:
    return RefusalError(404, "NotFound", "the server could not find the requested resource")


def _type_for(change: Change, known: dict[str, bool], fits: Callable[[Object], bool]) -> str:
    """Return what a change is to a watcher with a selector; empty when it is nothing."""
    uid = change.item["metadata"]["uid"]
    before, now = known.get(uid, change.type != "ADDED"), fits(change.item)
    known[uid] = now
    if change.type == "DELETED":
        return "DELETED" if now or before else ""
    if now:
        return change.type if before or change.type == "ADDED" else "ADDED"
    return "DELETED" if before and uid in known else ""


def _only_container(pod: Object) -> str:
    names = [str(container["name"]) for container in pod["spec"]["containers"]]
    if len(names) > 1:
        message = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]"
        raise bad_request(message)
    return names[0]


def _container_status(pod: Object, name: str) -> Object:
    containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
    if name not in {container["name"] for container in containers}:
        raise bad_request(f"container {name} is not valid for pod {name_of(pod)}")
    groups = ("containerStatuses", "initContainerStatuses")
    statuses = [status for group in groups for status in path_value(pod, f"status.{group}") or []]
    return next((status for status in statuses if status["name"] == name), {})


def _log_options(request: Request) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.flag("timestamps"):
        options["timestamps"] = 1
    if tail := request.query.get("tailLines"):
        options["tail"] = int(tail)
    if seconds := request.query.get("sinceSeconds"):
        options["since"] = f"{time.time() - float(seconds):.9f}"
    if moment := request.query.get("sinceTime"):
        options["since"] = f"{datetime.fromisoformat(moment.replace('Z', '+00:00')).timestamp():.9f}"
    return options


def _limited(pieces: Iterator[bytes], limit: str | None) -> Iterator[bytes]:
    left = int(limit) if limit else None
    try:
        for piece in pieces:
            yield piece if left is None else piece[:left]
            left = None if left is None else left - len(piece)
            if left is not None and left <= 0:
                return
    except DockerError:
        return  # the container went meanwhile
