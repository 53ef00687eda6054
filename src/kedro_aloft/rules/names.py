"""Nodes without a name of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.graph.snapshot import Snapshot

_GENERATED = re.compile(r"(__[0-9a-f]{6,}|\(\[?.*\]?\) -> .*)$")
"""How Kedro names an unnamed node: `func__1a2b3c4d` since 1.0, `func([a]) -> [b]` before."""


def find_unnamed_nodes(snapshot: Snapshot) -> Iterator[Finding]:
    """Report unnamed nodes, all in one finding."""
    unnamed = [node.name for node in snapshot.nodes if _GENERATED.search(node.name)]
    if unnamed:
        yield Finding(
            code="ALOFT-C02",
            severity=Severity.INFO,
            message=f"{len(unnamed)} node(s) have no name of their own; their task ids change with inputs and outputs.",
            where=f"nodes {', '.join(unnamed[:5])}{' …' if len(unnamed) > 5 else ''}",
            remedy='give them names, `node(…, name="…")`, so that Airflow keeps their history',
        )
