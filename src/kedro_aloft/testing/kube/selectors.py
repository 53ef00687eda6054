"""Label and field selectors: text to a predicate on objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.kube.kinds import path_value
from kedro_aloft.testing.kube.status import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.testing.kube.kinds import Object

_SET = re.compile(r"(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)")
_EQUAL = re.compile(r"(?P<key>[^=!\s]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^=!\s]*)")
_EXISTS = re.compile(r"(?P<op>!?)\s*(?P<key>[^=!\s]+)")
_COMMA = re.compile(r",(?![^(]*\))")


def parse_selectors(labels: str, fields: str) -> Callable[[Object], bool]:
    """Return whether an object fits both selectors; empty ones fit all.

    Raises:
        RefusalError: One cannot be read.
    """
    by_label = [_parse(part.strip()) for part in _COMMA.split(labels) if part.strip()]
    by_field = [_parse(part.strip()) for part in _COMMA.split(fields) if part.strip()]

    def fits(item: Object) -> bool:
        own = item["metadata"].get("labels") or {}
        return all(test(own.get(key)) for key, test in by_label) and all(
            test(str(path_value(item, key) or "")) for key, test in by_field
        )

    return fits


def _parse(text: str) -> tuple[str, Callable[[Any], bool]]:
    if found := _SET.fullmatch(text):
        values = {value.strip() for value in found["values"].split(",")}
        return found["key"], (values.__contains__ if found["op"] == "in" else lambda value: value not in values)
    if found := _EQUAL.fullmatch(text):
        wanted = found["value"]
        return found["key"], (lambda value: value != wanted) if found["op"] == "!=" else wanted.__eq__
    if found := _EXISTS.fullmatch(text):
        return found["key"], (lambda value: value is None) if found["op"] else (lambda value: value is not None)
    raise bad_request(f"unable to parse requirement: {text!r}")
