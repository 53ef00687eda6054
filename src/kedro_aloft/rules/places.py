"""Datasets that share a physical place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.graph.snapshot import strip_transcoding
from kedro_aloft.rules.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.graph.snapshot import Snapshot


def find_shared_places(snapshot: Snapshot) -> Iterator[Finding]:
    """Report places that several datasets use and at least one node writes.

    Kedro sees no dependency between such datasets. The plan keeps their order as `kedro run` has it, but a change of
    the pipeline may change that order without a word.
    """
    written = {strip_transcoding(name) for node in snapshot.nodes for name in node.outputs}
    for place, names in snapshot.shared_locations().items():
        if written.isdisjoint(names):
            continue
        users = [
            node.name
            for node in snapshot.nodes
            if not {strip_transcoding(name) for name in (*node.inputs, *node.outputs)}.isdisjoint(names)
        ]
        yield Finding(
            code="ALOFT-C01",
            severity=Severity.WARNING,
            message=f"The datasets {', '.join(names)} lie in one place, {place}.",
            where=f"nodes {', '.join(users)}",
            remedy="use one dataset name for one place, or transcoding (`name@a`, `name@b`); "
            "until then their nodes run in the order of `kedro run`",
        )
