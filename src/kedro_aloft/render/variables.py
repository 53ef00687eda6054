"""Variable names of a DAG file, for any task ids."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MAX_LENGTH = 60
_SUFFIX_LENGTH = 6
_RESERVED = frozenset([*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "I", "O", "l"])


def name_variables(rooms: Mapping[str, int], *, taken: Collection[str] = ()) -> dict[str, str]:
    """Return a valid, unique, readable variable name for each id, in the order of the ids.

    Args:
        rooms: For each task id, how many characters its variable has room for on its line; at least 12.
        taken: Names that the file uses for something else.
    """
    used = {*taken, *_RESERVED}
    names: dict[str, str] = {}
    for one, room in rooms.items():
        names[one] = _free(_stem(one, min(_MAX_LENGTH, room - _SUFFIX_LENGTH)), used)
        used.add(names[one])
    return names


def _stem(task_id: str, length: int) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", task_id).strip("_")
    stem = words if words[:1].isalpha() else f"task_{words}"
    return stem[:length].rstrip("_")


def _free(stem: str, used: set[str]) -> str:
    """An id that is a word of Python or of the file gets `_task`; what is still taken gets a number."""
    if stem not in used:
        return stem
    if stem in _RESERVED:
        stem = f"{stem}_task"
    number = 2
    name = stem
    while name in used:
        name = f"{stem}_{number}"
        number += 1
    return name
