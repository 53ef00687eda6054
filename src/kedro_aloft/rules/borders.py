"""Borders: what passes between tasks, and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.graph.snapshot import strip_transcoding
from kedro_aloft.rules.finding import Hit, Severity, dataset
from kedro_aloft.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject

FAMILY = "Borders"


def _shared_places(subject: Subject) -> Iterator[Hit]:
    """Kedro sees no dependency between such datasets. The plan keeps their order as `kedro run` has it."""
    snapshot = subject.snapshot
    written = {strip_transcoding(name) for name in subject.written}
    for place, names in snapshot.shared_locations().items():
        if written.isdisjoint(names):
            continue
        users = [
            node.name
            for node in snapshot.nodes
            if not {strip_transcoding(name) for name in (*node.inputs, *node.outputs)}.isdisjoint(names)
        ]
        yield Hit(
            message=f"The datasets {', '.join(names)} lie in one place, {place}.",
            spot=dataset(names[-1], "filepath"),
            where=f"nodes {', '.join(users)}",
            remedy="use one dataset name for one place, or transcoding (`name@a`, `name@b`); "
            "until then their nodes run in the order of `kedro run`",
        )


RULES = (
    Rule(
        code="ALOFT-C01",
        name="shared-place",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="Datasets with different names that lie in one physical place, one of them written.",
        why="Kedro sees no dependency between such datasets: the one that is saved last is what both names load. An "
        "example that was published for years trained its model on the test set this way. We keep the order of "
        "`kedro run` between their nodes, but a change of the pipeline may change that order without a word.",
        bad="x_train: {type: pickle.PickleDataset, filepath: data/x_train.pkl}\n"
        "x_test:  {type: pickle.PickleDataset, filepath: data/x_train.pkl}",
        good="x_train: {type: pickle.PickleDataset, filepath: data/x_train.pkl}\n"
        "x_test:  {type: pickle.PickleDataset, filepath: data/x_test.pkl}",
        find=_shared_places,
    ),
)
