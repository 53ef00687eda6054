"""What is accepted as an object: the fields of the official client's models, and values that make sense.

The real API warns of unknown fields and drops them; the double refuses them, because a test wants to know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.kinds import name_of, path_value
from kedro_aloft.testing.kube.quantity import parse_quantity
from kedro_aloft.testing.kube.status import Cause, bad_request, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.testing.kube.kinds import Kind, Object

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_CONTAINED = re.compile(r"(?:list\[|dict\[str, )(?P<model>\w+)\]")
_PLAIN: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def check_object(kind: Kind, item: Object) -> None:
    """Check an object before it is stored.

    Raises:
        RefusalError: It is none that the API accepts; all wrong values are named.
    """
    if (own := item.get("kind", kind.kind)) != kind.kind:
        raise bad_request(f"the object provided is unrecognized (must be of type {kind.kind}): {own!r}")
    problems = list(_unknown(item, kind.model, ""))
    if problems:
        version = f'{kind.kind} in version "v1" cannot be handled as a {kind.kind}'
        raise bad_request(f"{version}: strict decoding error: {', '.join(problems)}")
    causes = list(_metadata_causes(kind, item))
    if kind.kind == "Pod":
        causes += _pod_causes(item.get("spec") or {})
    if causes:
        raise invalid(kind.kind, name_of(item), causes)


def _unknown(value: Any, model: str, path: str) -> Iterator[str]:
    """Yield what does not fit the official client's model: unknown fields, values of another type."""
    from kubernetes.client import models

    if found := _CONTAINED.fullmatch(model):
        yield from _unknown_in(value, found["model"], path, keyed=model.startswith("dict"))
    elif model in _PLAIN:
        if not isinstance(value, _PLAIN[model]) or (model == "int" and isinstance(value, bool)):
            yield f'"{path}" must be a {model}, not {value!r}'
    elif isinstance(fields := getattr(models, model, None), type):
        if not isinstance(value, dict):
            yield f'"{path}" must be an object, not {value!r}'
            return
        types = {name: fields.openapi_types[field] for field, name in fields.attribute_map.items()}  # type: ignore[attr-defined]
        for name, inner in value.items():
            place = f"{path}.{name}".removeprefix(".")
            if name not in types:
                yield f'unknown field "{place}"'
            elif inner is not None:
                yield from _unknown(inner, types[name], place)


def _unknown_in(value: Any, model: str, path: str, *, keyed: bool) -> Iterator[str]:
    if not isinstance(value, dict if keyed else list):
        yield f'"{path}" must be {"an object" if keyed else "a list"}, not {value!r}'
        return
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in entries:
        # Quantities are numbers as well as texts.
        if not (keyed and model == "str" and path.endswith(("limits", "requests", "hard"))):
            yield from _unknown(inner, model, f"{path}.{name}" if keyed else f"{path}[{name}]")


def _metadata_causes(kind: Kind, item: Object) -> Iterator[Cause]:
    metadata = item["metadata"]
    form = _LABEL if kind.kind == "Namespace" else _SUBDOMAIN
    if not form.fullmatch(metadata["name"]) or len(metadata["name"]) > (63 if form is _LABEL else 253):
        yield Cause(field="metadata.name", message=f'Invalid value: "{metadata["name"]}": a lowercase RFC 1123 name')
    for name, value in (metadata.get("labels") or {}).items():
        if not _LABEL_VALUE.fullmatch(value) or len(value) > 63:
            message = f'Invalid value: "{value}": a valid label is of letters, digits, -, _ and ., at most 63'
            yield Cause(field=f"metadata.labels[{name}]", message=message)
        yield from _key_causes("metadata.labels", name)
    for name in metadata.get("annotations") or {}:
        yield from _key_causes("metadata.annotations", name.lower())


def _key_causes(field: str, key: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    if (slash and not _SUBDOMAIN.fullmatch(prefix)) or not name or not _LABEL_VALUE.fullmatch(name) or len(name) > 63:
        yield Cause(field=field, message=f'Invalid value: "{key}": not a qualified name')


def _pod_causes(spec: Object) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield Cause(field="spec.containers", message="Required value", reason="FieldValueRequired")
    if spec.get("restartPolicy", "Always") != "Never":
        message = f'Unsupported value: "{spec.get("restartPolicy", "Always")}": the double runs "Never" only'
        yield Cause(field="spec.restartPolicy", message=message, reason="FieldValueNotSupported")
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            field = f"spec.{group}[{index}]"
            yield from _container_causes(container, field, volumes)
            if container.get("name") in seen:
                message = f'Duplicate value: "{container["name"]}"'
                yield Cause(field=f"{field}.name", message=message, reason="FieldValueDuplicate")
            seen.add(container.get("name", ""))


def _container_causes(container: Object, field: str, volumes: set[str]) -> Iterator[Cause]:
    for name in ("name", "image"):
        if not container.get(name):
            yield Cause(field=f"{field}.{name}", message="Required value", reason="FieldValueRequired")
    if container.get("name") and not _LABEL.fullmatch(container["name"]):
        yield Cause(field=f"{field}.name", message=f'Invalid value: "{container["name"]}": a lowercase RFC 1123 label')
    policy = container.get("imagePullPolicy", "Always")
    if policy not in _PULL_POLICIES:
        message = f'Unsupported value: "{policy}": supported values: "Always", "IfNotPresent", "Never"'
        yield Cause(field=f"{field}.imagePullPolicy", message=message, reason="FieldValueNotSupported")
    for index, variable in enumerate(container.get("env") or []):
        if not _ENV_NAME.fullmatch(variable.get("name") or ""):
            yield Cause(field=f"{field}.env[{index}].name", message=f'Invalid value: "{variable.get("name")}"')
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            message = f'Not found: "{mount.get("name")}"'
            yield Cause(field=f"{field}.volumeMounts[{index}].name", message=message, reason="FieldValueNotFound")
    yield from _resource_causes(container, f"{field}.resources")


def _resource_causes(container: Object, field: str) -> Iterator[Cause]:
    limits = path_value(container, "resources.limits") or {}
    requests = path_value(container, "resources.requests") or {}
    for group, amounts in (("limits", limits), ("requests", requests)):
        for name, text in amounts.items():
            try:
                parse_quantity(text)
            except ValueError:
                message = f'Invalid value: "{text}": quantities must match the regular expression for quantities'
                yield Cause(field=f"{field}.{group}[{name}]", message=message)
                return
    for name in sorted(requests.keys() & limits.keys()):
        if parse_quantity(requests[name]) > parse_quantity(limits[name]):
            message = f'Invalid value: "{requests[name]}": must be less than or equal to {name} limit of {limits[name]}'
            yield Cause(field=f"{field}.requests", message=message)
