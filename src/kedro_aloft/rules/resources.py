"""Resources and limits."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from kedro_aloft.rules.finding import Hit, Severity, node
from kedro_aloft.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject

FAMILY = "Resources and limits"


def _too_large_nodes(subject: Subject) -> Iterator[Hit]:
    """No grouping helps a node that a slot cannot hold, but Airflow can give it several slots of a pool."""
    limit = subject.settings.memory_per_slot_mib
    for one in subject.snapshot.nodes if limit else ():
        assert limit
        peak = subject.memory_mib.get(one.name, 0.0)
        if peak > limit * subject.task(one).pool_slots:
            yield Hit(
                message=f"Node '{one.name}' took up to {peak:,.0f} MiB, more than `memory_per_slot`.",
                spot=node(one.name),
                where=f"node {one.name}",
                remedy=f"give it a pool and `pool_slots: {ceil(peak / limit)}` under `tasks`, "
                "or raise `memory_per_slot`",
            )


RULES = (
    Rule(
        code="ALOFT-C04",
        name="node-beyond-slot",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A node that took more memory in an earlier run than `memory_per_slot` allows.",
        why="No grouping helps: the node alone is too large for a slot, and with other tasks beside it the machine may "
        "run out of memory.",
        bad="default: {group_by: auto, memory_per_slot: 2GiB}   # `train` took 5 GiB",
        good="default:\n  memory_per_slot: 2GiB\n  tasks:\n    - {select: train, pool: memory, pool_slots: 3}",
        find=_too_large_nodes,
    ),
)
