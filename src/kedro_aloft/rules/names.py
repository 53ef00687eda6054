"""Names and history: Airflow knows a task by its id alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Hit, Severity, node
from kedro_aloft.rules.rule import Rule
from kedro_aloft.rules.subject import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject

FAMILY = "Names and history"

_GENERATED = re.compile(r"(__[0-9a-f]{6,}|\(\[?.*\]?\) -> .*)$")
"""How Kedro names an unnamed node: `func__1a2b3c4d` since 1.0, `func([a]) -> [b]` before."""


def _unnamed_nodes(subject: Subject) -> Iterator[Hit]:
    """All in one hit: a project that names no node would be told a hundred times."""
    unnamed = [one.name for one in subject.snapshot.nodes if _GENERATED.search(one.name)]
    if unnamed:
        yield Hit(
            message=f"{len(unnamed)} node(s) have no name of their own; their task ids change with inputs and outputs.",
            spot=node(unnamed[0]),
            where=f"nodes {listed(unnamed)}",
            remedy='give them names, `node(…, name="…")`, so that Airflow keeps their history',
        )


RULES = (
    Rule(
        code="ALOFT-C02",
        name="unnamed-node",
        family=FAMILY,
        severity=Severity.INFO,
        summary="Nodes without a name of their own: their task ids change with their inputs and outputs.",
        why="Kedro makes the name of such a node of its function, inputs and outputs. When one of them changes, so "
        "does the task id, and Airflow shows a new task without history beside a task that never runs again.",
        bad='node(clean, "raw", "clean_data")',
        good='node(clean, "raw", "clean_data", name="clean")',
        find=_unnamed_nodes,
    ),
)
