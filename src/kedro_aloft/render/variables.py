"""Variable names of a DAG file, for any task ids."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_MAX_LENGTH = 60
_RESERVED = frozenset([*keyword.kwlist, *keyword.softkwlist, *dir(builtins)])


def name_variables(ids: Iterable[str], *, taken: Collection[str] = ()) -> dict[str, str]:
    """Return a valid, unique, readable variable name for each id, in the order of the ids.

    Args:
        ids: Task ids, each once.
        taken: Names that the file uses for something else.
    """
    used = {*taken, *_RESERVED}
    names: dict[str, str] = {}
    for one in ids:
        names[one] = _free(_stem(one), used)
        used.add(names[one])
    return names


def _stem(task_id: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9]+", "_", task_id).strip("_")[:_MAX_LENGTH].rstrip("_")
    if not stem:
        return "task"
    return stem if stem[0].isalpha() else f"task_{stem}"


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
