"""JSON form of the frozen values of this room."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

WIRE_VERSION = 1


def to_json(value: Any) -> str:
    """Return a dataclass as one line of JSON with the version of the wire format."""
    return json.dumps({"wire": WIRE_VERSION, **asdict(value)}, sort_keys=True)


def read_fields(cls: type[T], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content as keyword arguments of the dataclass `cls`, lists as tuples.

    Raises:
        RequestError: If the content is of another wire version or has unknown or missing fields.
    """
    if content.get("wire", WIRE_VERSION) != WIRE_VERSION:
        raise RequestError(
            f"{cls.__name__} is of wire version {content['wire']!r}.",
            seen=f"this side speaks version {WIRE_VERSION}",
            remedy="install the same version of kedro-aloft on the Airflow side and the Kedro side",
        )
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(content) - known - {"wire"})
    if unknown:
        raise RequestError(f"{cls.__name__} has unknown fields: {', '.join(unknown)}.")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items() if name in known
    }
