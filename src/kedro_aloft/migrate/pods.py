"""How old descriptions of pods become `execution: kubernetes` or `gke`; each function is a row's `become`."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.rows import Around, NeedsHand
from kedro_aloft.migrate.tags import K8S_TEMPLATE_PREFIX, new_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PULL = {"ifnotpresent": "missing", "always": "always", "never": "never"}
_OLD_DEFAULT = "__default__"
_NEW_DEFAULT = "default"
_PROFILE_KEYS = {
    "node_selectors": "node_selector",
    "labels": "labels",
    "annotations": "annotations",
    "tolerations": "tolerations",
    "requests": "requests",
    "limits": "limits",
}
_MACHINE = re.compile(
    r"""(?:f["']\{MACHINE_PREFIX\}(?P<name>[\w.-]+)|["'](?P<default>__default__))["']\s*:\s*[\w.]*V1ResourceRequirements\("""
    r"""(?P<body>.*?)\)\s*,?\s*(?=f?["']|\})""",
    re.DOTALL,
)
_AMOUNTS = re.compile(r"(requests|limits)\s*=\s*(\{[^{}]*\})")


def as_image(value: Any, _: Around) -> Mapping[str, Any]:
    """An image is where tasks run."""
    return {"execution": "kubernetes", "image": value}


def as_gke_image(value: Any, around: Around) -> Mapping[str, Any]:
    """The image of the Composer example; its machines come along where no key of their own brings them."""
    machines = {} if "resources_tag_prefix" in around.section else _profiles_of_templates(around)
    return {"execution": "gke", "image": value, **machines}


def as_pull(value: Any, _: Around) -> Mapping[str, Any]:
    """`IfNotPresent` → `missing`."""
    return {"kubernetes.pull": _PULL.get(str(value).lower(), value)}


def as_pull_secrets(value: Any, _: Around) -> Mapping[str, Any]:
    """Names with commas between them → a list."""
    names = [name.strip() for name in str(value or "").split(",") if name.strip()]
    return {"kubernetes.pull_secrets": names} if names else {}


def as_startup_timeout(value: Any, _: Around) -> Mapping[str, Any]:
    """Seconds get their unit."""
    return {"kubernetes.startup_timeout": f"{value}s" if isinstance(value, (int, float)) else value}


def volume_key(key: str, new: str) -> Callable[[Any, Around], Mapping[str, Any]]:
    """Return the function for a key of the volume; a volume that is disabled has none."""

    def become(value: Any, around: Around) -> Mapping[str, Any]:
        if around.section.get("volume.disabled") or value is None:
            return {}
        return {f"kubernetes.volume.{new}": (not value) if key == "skip_init" else value}

    return become


def as_volume(value: Any, around: Around) -> Mapping[str, Any]:
    """`disabled: false` alone meant a claim of 1Gi."""
    return {} if value else {"kubernetes.volume.size": around.section.get("volume.size", "1Gi")}


def as_secrets(value: Any, _: Around) -> Mapping[str, Any]:
    """Secrets as variables or as files."""
    secrets = [_secret(one) for one in value or () if isinstance(one, Mapping)]
    return {"kubernetes.secrets": secrets} if secrets else {}


def _secret(old: Mapping[str, Any]) -> dict[str, Any]:
    place = "mount" if old.get("deploy_type", "env") == "volume" else "env"
    new = {"secret": old.get("secret"), "key": old.get("key"), place: old.get("deploy_target")}
    return {key: value for key, value in new.items() if value is not None}


def as_profiles(value: Any, _: Around) -> Mapping[str, Any]:
    """Resources by name; `__default__` is called `default`."""
    profiles = {
        f"resource_profiles.{_NEW_DEFAULT if name == _OLD_DEFAULT else name}": _profile(old)
        for name, old in (value or {}).items()
        if isinstance(old, Mapping)
    }
    return {name: profile for name, profile in profiles.items() if profile}


def _profile(old: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(old) - set(_PROFILE_KEYS))
    if unknown:
        raise NeedsHand(f"the old plugin ignored {', '.join(unknown)}")
    return {new: old[key] for key, new in _PROFILE_KEYS.items() if old.get(key)}


def as_pod_templates(value: Any, _: Around) -> Mapping[str, Any]:
    """The template of all nodes, and those that tags choose."""
    settings: dict[str, Any] = {}
    tasks = []
    for name, old in (value or {}).items():
        if not isinstance(old, Mapping):
            continue
        new = {**_template(old), **({"image": old["image"]} if old.get("image") else {})}
        if name == _OLD_DEFAULT:
            settings |= {"kubernetes.pod_template" if key == "kubernetes" else key: item for key, item in _flat(new)}
        elif new:
            tasks.append({"select": f"tag:{new_tag(K8S_TEMPLATE_PREFIX + name)}", **new})
    return {**settings, **({"tasks": tasks} if tasks else {})}


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        yield key, value["pod_template"] if key == "kubernetes" else value


def _template(old: Mapping[str, Any]) -> dict[str, Any]:
    """The old plugin formatted the text as an f-string: a brace in it was code."""
    import yaml

    text = str(old.get("template") or "")
    if not text:
        return {}
    if "{" in text:
        raise NeedsHand("the template was Python code in braces; write `kubernetes.pod_template` without them")
    try:
        pod = yaml.safe_load(text)
    except yaml.YAMLError:
        raise NeedsHand("the template is no YAML") from None
    return {"kubernetes": {"pod_template": pod}}


def as_machines(_: Any, around: Around) -> Mapping[str, Any]:
    """The machines of the Composer example stand in its template."""
    profiles = _profiles_of_templates(around)
    if not profiles:
        raise NeedsHand("write `resource_profiles`: the machines stood in a template, and none was found here")
    return profiles


def _profiles_of_templates(around: Around) -> dict[str, Any]:
    return {
        f"resource_profiles.{name}": profile
        for template in around.templates
        for name, profile in _machines(template.text)
    }


def _machines(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for machine in _MACHINE.finditer(text):
        amounts = dict(_AMOUNTS.findall(machine["body"]))
        profile = {key: ast.literal_eval(amounts[key]) for key in ("requests", "limits") if key in amounts}
        if profile:
            yield machine["name"] or _NEW_DEFAULT, profile
