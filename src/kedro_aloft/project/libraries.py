"""Datasets whose class cannot be imported here: fine where files are only written, not where they are run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.graph.snapshot import DatasetKind
from kedro_aloft.project.failures import short
from kedro_aloft.rules import Finding, Severity

if TYPE_CHECKING:
    from kedro_aloft.graph.snapshot import Snapshot


def missing_libraries(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Import the class of every dataset that the pipeline uses; return one error for each type that fails."""
    from kedro.io.core import parse_dataset_definition

    findings = []
    for type_path, names in _users(snapshot).items():
        try:
            parse_dataset_definition({"type": type_path})
        except Exception as error:  # noqa: BLE001  a library may raise anything while it is imported
            reason = short(error).partition("Hint:")[0].strip()
            findings.append(
                Finding(
                    code="ALOFT-107",
                    severity=Severity.ERROR,
                    message=f"The dataset type '{type_path}' cannot be imported: {reason}",
                    where=f"catalog, {', '.join(names[:5])}{' …' if len(names) > 5 else ''}",
                    remedy="install its library, or correct the type in the catalog",
                )
            )
    return tuple(findings)


def _users(snapshot: Snapshot) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for info in snapshot.datasets.values():
        if info.kind is DatasetKind.PERSISTED and info.type:
            users.setdefault(info.type, []).append(info.name)
    return dict(sorted(users.items()))
