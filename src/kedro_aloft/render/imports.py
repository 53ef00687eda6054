"""The imports of a DAG file, in the order of import sorters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kedro_aloft.render.layout import INDENT, LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def import_lines(names: Iterable[str], modules: Mapping[str, str]) -> str:
    """Return the import statements for some names.

    Args:
        names: What the file uses; names without a module are the file's own.
        modules: Module of each name; `""` when the name is a module itself.
    """
    by_module: dict[str, list[str]] = {}
    for name in sorted({one for one in names if one in modules}, key=_rank):
        by_module.setdefault(modules[name] or name, [])
        if modules[name]:
            by_module[modules[name]].append(name)
    blocks: dict[bool, list[tuple[bool, str]]] = {True: [], False: []}
    for module, members in sorted(by_module.items()):
        blocks[module.partition(".")[0] in sys.stdlib_module_names].append((bool(members), _line(module, members)))
    return "\n\n".join(
        "\n".join(line for _, line in sorted(lines, key=_plain_first)) for lines in blocks.values() if lines
    )


def _rank(name: str) -> tuple[int, str]:
    """Constants, classes, functions, as isort sorts members: `DAG` before `Asset` before `asset`."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _plain_first(line: tuple[bool, str]) -> bool:
    return line[0]


def _line(module: str, members: list[str]) -> str:
    if not members:
        return f"import {module}"
    line = f"from {module} import {', '.join(members)}"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"from {module} import (", *(f"{INDENT}{name}," for name in members), ")"])
