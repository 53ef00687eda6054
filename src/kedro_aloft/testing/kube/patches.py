"""The three ways in which a request may change an object."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.status import RefusalError, bad_request

if TYPE_CHECKING:
    from kedro_aloft.testing.kube.kinds import Object

JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_MERGED = (STRATEGIC_PATCH, "application/merge-patch+json")


def patched(item: Object, patch: Any, content_type: str) -> Any:
    """Return the object with the patch applied.

    Raises:
        RefusalError: The patch is of another kind, or does not fit.
    """
    if content_type == JSON_PATCH:
        return _operated(item, patch)
    if content_type not in _MERGED:
        raise RefusalError(415, "UnsupportedMediaType", f"the body of the request was of type {content_type}")
    return _merged(item, patch, by_name=content_type == STRATEGIC_PATCH)


def _merged(base: Any, patch: Any, *, by_name: bool) -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        merged = {**base}
        for key, value in patch.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = _merged(merged.get(key), value, by_name=by_name)
        return merged
    if by_name and _named(base) and _named(patch):
        items = {entry["name"]: entry for entry in base}
        for entry in patch:
            items[entry["name"]] = _merged(items.get(entry["name"]), entry, by_name=True)
        return list(items.values())
    if isinstance(patch, dict):
        return _merged({}, patch, by_name=by_name)
    return copy.deepcopy(patch)


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) and "name" in entry for entry in value)


def _operated(item: Object, operations: Any) -> Object:
    changed = copy.deepcopy(item)
    for operation in operations:
        *parents, last = (
            part.replace("~1", "/").replace("~0", "~") for part in operation["path"].removeprefix("/").split("/")
        )
        try:
            target: Any = changed
            for part in parents:
                target = target[int(part)] if isinstance(target, list) else target[part]
            _operate(target, last, operation)
        except (KeyError, IndexError, ValueError) as error:
            message = f"the server rejected our request: cannot {operation['op']} {operation['path']}"
            raise RefusalError(422, "Invalid", message) from error
    return changed


def _operate(target: Any, key: str, operation: dict[str, Any]) -> None:
    name = operation["op"]
    place: Any = int(key) if isinstance(target, list) and key != "-" else key
    if name == "remove":
        del target[place]
    elif name == "add" and isinstance(target, list):
        target.insert(len(target) if key == "-" else place, operation["value"])
    elif name == "test":
        if target[place] != operation["value"]:
            raise ValueError(key)
    elif name in {"add", "replace"}:
        if name == "replace":
            _ = target[place]
        target[place] = operation["value"]
    else:
        raise bad_request(f"the double knows no JSON patch operation {name!r}")
