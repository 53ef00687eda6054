"""JSON form of the frozen values of this room."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar

from kedro_aloft.errors import RequestError

T = TypeVar("T")

WIRE_VERSION = 1


def to_json(value: Any) -> str:
    """Return a dataclass as one line of JSON with the version of the wire format.

    Raises:
        RequestError: If it holds what JSON cannot: dates, sets, objects.
    """
    try:
        return json.dumps({"wire": WIRE_VERSION, **asdict(value)})
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"{type(value).__name__} holds what JSON cannot: {error}.",
            seen="only texts, numbers, booleans, None, lists and mappings cross to the runtime",
            remedy="write other values as text, and convert them in the pipeline",
        ) from error


def from_json(cls: type[T], text: str) -> dict[str, Any]:
    """Return what `to_json` wrote as keyword arguments of the dataclass `cls`, lists as tuples.

    Raises:
        RequestError: If the text is no JSON, of another wire version, or has unknown or missing fields.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RequestError(f"{cls.__name__} is no JSON: {error}.") from error
    if isinstance(content, dict) and content.get("wire", WIRE_VERSION) != WIRE_VERSION:
        raise RequestError(
            f"{cls.__name__} is of wire version {content['wire']!r}.",
            seen=f"this side speaks version {WIRE_VERSION}",
            remedy="install the same version of kedro-aloft on the Airflow side and the Kedro side",
        )
    return read_fields(cls, content)


def read_fields(cls: type[T], content: Any) -> dict[str, Any]:
    """Return a JSON object as keyword arguments of the dataclass `cls`, lists as tuples.

    Raises:
        RequestError: If it is no object, or has unknown or missing fields.
    """
    if not isinstance(content, dict):
        raise RequestError(f"{cls.__name__} is no JSON object.", seen=type(content).__name__)
    declared = fields(cls)  # type: ignore[arg-type]
    required = {one.name for one in declared if one.default is MISSING and one.default_factory is MISSING}
    given = set(content) - {"wire"}
    for adjective, names in (("unknown", given - {one.name for one in declared}), ("missing", required - given)):
        if names:
            raise RequestError(f"{cls.__name__} has {adjective} fields: {', '.join(sorted(names))}.")
    return {name: tuple(content[name]) if isinstance(content[name], list) else content[name] for name in given}
