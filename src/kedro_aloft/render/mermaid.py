"""Mermaid: a plan as a picture that GitHub, editors and documentation tools draw."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kedro_aloft.graph.plan import Crossing, Plan, Task

_PLAIN = frozenset(" _-.,:/@+=!?*~^()[]{}")
"""Besides letters, digits and symbols beyond ASCII: characters that mean nothing inside a quoted label."""

_MAX_DATASETS = 5


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
    return (task.id,) if task.nodes == (task.id,) else (task.id, *(f"• {node}" for node in task.nodes))


def _arrow(crossings: list[Crossing]) -> str:
    if not crossings:
        return "-->"
    arrow = "-.->" if all(crossing.handed_over for crossing in crossings) else "-->"
    names = sorted({crossing.dataset for crossing in crossings})
    rest = [f"… {len(names) - _MAX_DATASETS} more"] if len(names) > _MAX_DATASETS else []
    return f"{arrow}|{_label([*names[:_MAX_DATASETS], *rest])}|"


def _label(lines: Iterable[str]) -> str:
    return '"' + "<br/>".join(_escape(line) for line in lines) + '"'


def _escape(text: str) -> str:
    """Write every character that Mermaid, Markdown or HTML could read as its own as Mermaid's entity code."""
    return "".join(_character(one) for one in text)


def _character(one: str) -> str:
    if "\ud800" <= one <= "\udfff":
        return "\ufffd"
    plain = one.isprintable() and (one.isalnum() or one in _PLAIN or not one.isascii())
    return one if plain else f"#{ord(one)};"
