"""All rules, asked one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Finding, Rule
from kedro_aloft.rules.names import find_unnamed_nodes
from kedro_aloft.rules.places import find_shared_places

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import Snapshot

RULES = (
    Rule(
        code="ALOFT-C01",
        name="shared-place",
        summary="Datasets with different names that lie in one physical place, one of them written.",
        find=find_shared_places,
    ),
    Rule(
        code="ALOFT-C02",
        name="unnamed-node",
        summary="Nodes without a name of their own: their task ids change with their inputs and outputs.",
        find=find_unnamed_nodes,
    ),
)


def find_problems(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Ask every rule; return what they found, most severe first."""
    found = [finding for rule in RULES for finding in rule.find(snapshot)]
    return tuple(sorted(found, key=lambda finding: (finding.severity.rank, finding.code, finding.where)))
