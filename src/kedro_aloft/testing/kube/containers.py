"""What a pod's container is to the Docker engine: environment, files, limits, command."""

from __future__ import annotations

import base64
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.kinds import name_of, namespace_of, path_value
from kedro_aloft.testing.kube.quantity import parse_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.testing.kube.kinds import Object
    from kedro_aloft.testing.kube.store import Store

HOST_IP = "127.0.0.1"
_REFERENCE = re.compile(r"\$(\$|\((?P<name>[-._a-zA-Z][-._a-zA-Z0-9]*)\))")
_KEYED = re.compile(r"metadata\.(?P<group>labels|annotations)\['(?P<key>[^']+)'\]")


class NotReadyError(Exception):
    """Something that the pod names is not there; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a pod's files lie on this machine.

    Args:
        own: A directory of this pod's own.
        claims: Claims are directories below this one, by namespace and name.
    """

    own: Path
    claims: Path
    volumes: dict[str, Path] = field(default_factory=dict)

    def message(self, container: Object) -> Path:
        """Return the file into which a container may write how it ended."""
        return self.own / f"{container['name']}.message"


def claim_path(claims: Path, namespace: str, name: str) -> Path:
    """Return the directory of a claim."""
    return claims / namespace / name


def write_volumes(store: Store, pod: Object, places: Places) -> None:
    """Make the directories that the pod's volumes stand for.

    Raises:
        NotReadyError: A secret or config map is absent, or the double does not know the type.
    """
    for volume in pod["spec"].get("volumes") or []:
        try:
            path = _write_volume(store, pod, volume, places)
        except NotReadyError as error:
            raise NotReadyError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from None
        places.volumes[volume["name"]] = path


def container_options(store: Store, pod: Object, container: Object, places: Places) -> dict[str, Any]:
    """Return the options of the engine's call that makes a container.

    Raises:
        NotReadyError: A secret or config map of its environment is absent.
    """
    environment = container_environment(store, pod, container)
    message = places.message(container)
    message.touch()
    message.chmod(0o666)
    binds = [*_binds(container, places), f"{message}:{container['terminationMessagePath']}"]
    security = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    options: dict[str, Any] = {
        "Image": container["image"],
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "HostConfig": {
            "NetworkMode": "host",
            "Binds": binds,
            "ReadonlyRootfs": bool(security.get("readOnlyRootFilesystem")),
            "GroupAdd": [str(security["fsGroup"])] if "fsGroup" in security else [],
            **_limits(container),
        },
        "Labels": {"io.kubernetes.pod.name": name_of(pod), "io.kubernetes.container.name": container["name"]},
    }
    if container.get("command"):
        options["Entrypoint"] = [_expanded(word, environment) for word in container["command"]]
    if container.get("args"):
        options["Cmd"] = [_expanded(word, environment) for word in container["args"]]
    if container.get("workingDir"):
        options["WorkingDir"] = container["workingDir"]
    if "runAsUser" in security:
        options["User"] = ":".join(str(security[key]) for key in ("runAsUser", "runAsGroup") if key in security)
    return options


def container_environment(store: Store, pod: Object, container: Object) -> dict[str, str]:
    """Return the environment of a container.

    Raises:
        NotReadyError: A secret, config map or key of it is absent.
    """
    environment = {"HOSTNAME": name_of(pod), "KUBERNETES_SERVICE_HOST": HOST_IP}
    for source in container.get("envFrom") or []:
        for group, plural in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if reference := source.get(group):
                values = _data(store, pod, plural, reference.get("name"), optional=bool(reference.get("optional")))
                prefix = source.get("prefix") or ""
                environment.update({f"{prefix}{name}": value.decode() for name, value in values.items()})
    for variable in container.get("env") or []:
        value = _value(store, pod, container, variable)
        if value is not None:
            environment[variable["name"]] = _expanded(value, environment)
    return environment


def _value(store: Store, pod: Object, container: Object, variable: Object) -> str | None:
    source = variable.get("valueFrom") or {}
    for group, plural in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if reference := source.get(group):
            optional = bool(reference.get("optional"))
            values = _data(store, pod, plural, reference.get("name"), optional=optional)
            if reference["key"] in values:
                return values[reference["key"]].decode()
            if optional:
                return None
            kind = {"configmaps": "ConfigMap", "secrets": "Secret"}[plural]
            raise NotReadyError(
                f"couldn't find key {reference['key']} in {kind} {namespace_of(pod)}/{reference['name']}"
            )
    if reference := source.get("fieldRef"):
        return _field(pod, reference["fieldPath"])
    if reference := source.get("resourceFieldRef"):
        amount = path_value(container, f"resources.{reference['resource']}") or 0
        return str(int(parse_quantity(amount).to_integral_value(rounding="ROUND_CEILING")))
    return str(variable.get("value") or "")


def _field(pod: Object, path: str) -> str:
    fixed = {"status.podIP": HOST_IP, "status.hostIP": HOST_IP}
    if found := _KEYED.fullmatch(path):
        return str((pod["metadata"].get(found["group"]) or {}).get(found["key"]) or "")
    return fixed.get(path) or str(path_value(pod, path) or "")


def _expanded(text: str, environment: dict[str, str]) -> str:
    """Replace `$(NAME)` by a variable that is known; `$$` is a dollar."""

    def replace(found: re.Match[str]) -> str:
        return "$" if found["name"] is None else environment.get(found["name"], found[0])

    return _REFERENCE.sub(replace, text)


def _data(store: Store, pod: Object, plural: str, name: str | None, *, optional: bool) -> dict[str, bytes]:
    """Return the entries of a secret or config map."""
    item = store.find(plural, namespace_of(pod), name or "")
    if item is None:
        if optional:
            return {}
        raise NotReadyError(f'{plural.removesuffix("s")} "{name}" not found')
    if plural == "secrets":
        return {key: base64.b64decode(value) for key, value in (item.get("data") or {}).items()}
    binary = {key: base64.b64decode(value) for key, value in (item.get("binaryData") or {}).items()}
    return {**{key: value.encode() for key, value in (item.get("data") or {}).items()}, **binary}


def _write_volume(store: Store, pod: Object, volume: Object, places: Places) -> Path:
    if source := volume.get("hostPath"):
        return Path(source["path"])
    path: Path = places.own / "volumes" / volume["name"]
    if source := volume.get("persistentVolumeClaim"):
        path = claim_path(places.claims, namespace_of(pod), source["claimName"])
    path.mkdir(parents=True, exist_ok=True)
    if "emptyDir" in volume:
        path.chmod(0o777)
    for group, plural, key in (("secret", "secrets", "secretName"), ("configMap", "configmaps", "name")):
        if (source := volume.get(group)) is not None:
            values = _data(store, pod, plural, source.get(key), optional=bool(source.get("optional")))
            _write_files(path, values, source)
            return path
    if not {"emptyDir", "persistentVolumeClaim"} & volume.keys():
        raise NotReadyError(f"the double has no volumes of type {', '.join(volume.keys() - {'name'})}")
    _give_to_group(path, (pod["spec"].get("securityContext") or {}).get("fsGroup"))
    return path


def _write_files(path: Path, values: dict[str, bytes], source: Object) -> None:
    shutil.rmtree(path)
    path.mkdir()
    items = source.get("items")
    names = {item["key"]: item["path"] for item in items} if items else {key: key for key in values}
    for key, name in names.items():
        if key not in values:
            raise NotReadyError(f"references non-existent config key: {key}")
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(values[key])
        file.chmod(source.get("defaultMode", 0o644))


def _give_to_group(path: Path, group: int | None) -> None:
    if group is not None:
        os.chown(path, -1, group)
        path.chmod(path.stat().st_mode | 0o2070)


def _binds(container: Object, places: Places) -> Iterator[str]:
    for mount in container.get("volumeMounts") or []:
        path = places.volumes[mount["name"]]
        if mount.get("subPath"):
            path /= mount["subPath"]
            if not path.exists():
                path.mkdir(parents=True)
        yield f"{path}:{mount['mountPath']}{':ro' if mount.get('readOnly') else ''}"


def _limits(container: Object) -> dict[str, int]:
    limits = path_value(container, "resources.limits") or {}
    options: dict[str, int] = {}
    if "memory" in limits:
        memory = int(parse_quantity(limits["memory"]))
        options.update(Memory=memory, MemorySwap=memory)
    if "cpu" in limits:
        options["NanoCpus"] = int(parse_quantity(limits["cpu"]) * 10**9)
    return options
