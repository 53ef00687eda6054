"""Mermaid: a plan as a picture that GitHub, editors and documentation tools draw."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kedro_aloft.graph.plan import Crossing, Plan, Task

_PLAIN = frozenset(" .,:/+=!?^()[]{}-")
"""Besides letters, digits and symbols beyond ASCII: characters that mean nothing inside a quoted label."""

_MARKDOWN = re.compile(
    r"""
    ^[-+=]                  # `- `, `+ `, `---`, `===`: a list or a rule
    | ^\d(?=\d*[.)](\s|$))  # `1. `: a numbered list
    | (?<!\w)_+             # emphasis: underscores that are
    | _+(?!\w)              #   not inside a word
    | :(?=//)               # an address becomes a link
    | (?<=www)\.
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What Mermaid reads as Markdown even inside a quoted label. Source: Mermaid 11, `markdownToLines`."""

_MAX_DATASETS = 5
_MAX_NODES = 10
_MAX_NAME = 80
"""Mermaid refuses 50,000 characters, and nobody reads a box of 300 nodes."""


def render_mermaid(plan: Plan) -> str:
    """Return a flowchart: a box per task with its nodes, an arrow per dependency with the datasets that cross.

    A dotted arrow is a handover of data in memory; a plain one is data that the catalog keeps, or order alone.
    """
    box = {task.id: f"t{number}" for number, task in enumerate(plan.tasks)}
    crossings: dict[tuple[str, str], list[Crossing]] = defaultdict(list)
    for crossing in plan.crossings:
        crossings[crossing.source, crossing.target].append(crossing)
    lines = ["flowchart LR", *(f"    {box[task.id]}[{_label(_box_lines(task))}]" for task in plan.tasks)]
    lines += [
        f"    {box[parent]} {_arrow(crossings[parent, task.id])} {box[task.id]}"
        for task in plan.tasks
        for parent in task.upstream
    ]
    return "\n".join(lines) + "\n"


def _box_lines(task: Task) -> tuple[str, ...]:
    if task.nodes == (task.id,):
        return (task.id,)
    return (task.id, *(f"• {one}" for one in _first(task.nodes, _MAX_NODES)))


def _arrow(crossings: list[Crossing]) -> str:
    if not crossings:
        return "-->"
    arrow = "-.->" if all(crossing.handed_over for crossing in crossings) else "-->"
    names = sorted({crossing.dataset for crossing in crossings})
    return f"{arrow}|{_label(_first(names, _MAX_DATASETS))}|"


def _first(names: Sequence[str], most: int) -> list[str]:
    """Return the first names, and how many more there are."""
    return list(names) if len(names) <= most else [*names[: most - 1], f"… {len(names) - most + 1} more"]


def _label(lines: Iterable[str]) -> str:
    return '"' + "<br/>".join(_escape(line) for line in lines) + '"'


def _escape(text: str) -> str:
    """Write every character that Mermaid, Markdown or HTML could read as its own as Mermaid's entity code."""
    shown = text if len(text) <= _MAX_NAME else f"{text[: _MAX_NAME - 1]}…"
    read_as_markdown = {place for found in _MARKDOWN.finditer(shown) for place in range(*found.span())}
    return "".join(_character(one, escape=place in read_as_markdown) for place, one in enumerate(shown))


def _character(one: str, *, escape: bool) -> str:
    if "\ud800" <= one <= "\udfff":
        return "\ufffd"
    plain = one.isprintable() and (one.isalnum() or one in _PLAIN or one == "_" or not one.isascii())
    return one if plain and not escape else f"#{ord(one)};"
