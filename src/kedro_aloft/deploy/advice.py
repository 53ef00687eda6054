"""What an Airflow must have besides the release: logins for data, variables, libraries. Said at the end of a deploy."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.deploy.steps import Phase, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.deploy.target import Capabilities, Delivery
    from kedro_aloft.graph.snapshot import DatasetInfo

_VARIABLE = re.compile(r"\$\{\s*oc\.env:\s*([A-Za-z_][A-Za-z0-9_]*)\s*(,)?")

_PACKAGES: Mapping[str, str] = {
    "abfs": "adlfs",
    "abfss": "adlfs",
    "adl": "adlfs",
    "az": "adlfs",
    "gcs": "gcsfs",
    "gs": "gcsfs",
    "hdfs": "pyarrow",
    "s3": "s3fs",
    "s3a": "s3fs",
    "sftp": "paramiko",
}
"""Protocol of an address → package by which fsspec speaks it."""

_IDENTITIES: Mapping[str, str] = {
    "s3": "a role with s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",
    "s3a": "a role with s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",
    "gs": "a service account with roles/storage.objectUser",
    "gcs": "a service account with roles/storage.objectUser",
    "abfs": "an identity with the role Storage Blob Data Contributor",
    "abfss": "an identity with the role Storage Blob Data Contributor",
    "az": "an identity with the role Storage Blob Data Contributor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What tasks reach for outside of the release.

    Args:
        roots: Bucket or host of each address → datasets there, both sorted.
        logins: Datasets whose catalog entry names credentials, sorted.
        variables: Environment variables that the configuration reads, sorted.
        missing: Packages that speak the addresses' protocols and stand in no requirement, sorted.
        handoff: The place for data that crosses tasks, where it is on the disk of one machine; else empty.
    """

    roots: Mapping[str, tuple[str, ...]]
    logins: tuple[str, ...]
    variables: tuple[str, ...]
    missing: tuple[str, ...]
    handoff: str = ""


def read_needs(delivery: Delivery) -> Needs:
    """Return what the tasks of a delivery need; reads the configuration that goes with it as text."""
    datasets = {one.name: one for dag in delivery.compiled for one in dag.snapshot.datasets.values()}
    roots = _roots(datasets.values())
    needed = {_PACKAGES[protocol] for root in roots if (protocol := root.partition("://")[0]) in _PACKAGES}
    libraries = re.sub(r"[-_.]+", "-", delivery.requirements.lower())
    return Needs(
        roots=roots,
        logins=tuple(sorted(name for name, one in datasets.items() if _has_login(one.config))),
        variables=_variables(delivery.project, delivery.env),
        missing=tuple(sorted(one for one in needed if one not in libraries)) if libraries else (),
        handoff=next((uri for dag in delivery.compiled if "://" not in (uri := dag.settings.handoff.uri)), ""),
    )


def tell_needs(needs: Needs, *, set_variable: str, several_machines: bool = False) -> str:
    """Return what is left to do, as lines and commands to paste; empty when nothing is.

    Args:
        needs: Of the release.
        set_variable: How the target gets an environment variable; `{name}` is its name.
        several_machines: Whether tasks of one run are on machines that share no disk.
    """
    lines = []
    if several_machines and needs.handoff:
        lines += [
            f"data that crosses tasks, and which release a run began with, would stay on one worker: {needs.handoff}",
            "  name a place that all workers reach in airflow.yml: handoff: {uri: s3://…}",
        ]
    for root, names in needs.roots.items():
        lines.append(f"data at {root}: {_some(names)}")
        identity = _IDENTITIES.get(root.partition("://")[0])
        if identity is not None and not set(names) <= set(needs.logins):
            lines.append(f"  the workers need {identity} there")
    if needs.variables:
        lines.append("variables that the configuration reads:")
        lines += [f"  {set_variable.format(name=name)}" for name in needs.variables]
    if needs.logins:
        lines.append(
            f"credentials of the catalog, of which conf/local did not go along: {_some(needs.logins)}; "
            "write `${oc.env:NAME}` into conf/<env>/credentials.yml"
        )
    if needs.missing:
        lines.append(f"libraries that no requirement names: {', '.join(needs.missing)}")
    return "\n".join(lines)


def needs_steps(delivery: Delivery, can: Capabilities) -> Iterator[Step]:
    """Yield the step that says at the end what is left to do, if anything is."""
    if not can.set_variable:
        return
    told = tell_needs(read_needs(delivery), set_variable=can.set_variable, several_machines=can.several_machines)
    if told:
        what = "say which logins, variables and libraries this Airflow needs besides"
        yield Step(phase=Phase.START, name="tell needs", what=what, apply=lambda: told)


def _roots(datasets: Iterable[DatasetInfo]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in datasets:
        protocol, mark, rest = (one.location or "").partition("://")
        if mark:
            found[f"{protocol}://{rest.partition('/')[0]}"].add(one.name)
    return {root: tuple(sorted(names)) for root, names in sorted(found.items())}


def _has_login(config: Mapping[str, object]) -> bool:
    inner = config.get("dataset")
    return "credentials" in config or (isinstance(inner, dict) and _has_login(inner))


def _variables(project: Path, env: str) -> tuple[str, ...]:
    """Those without a default, in the base environment's files and in this one's."""
    found = set()
    for folder in ("base", env):
        if folder == "local":
            continue
        for path in sorted((project / "conf" / folder).rglob("*.y*ml")):
            if path.stem not in {"airflow", "spark"}:
                text = path.read_text(encoding="utf-8", errors="replace")
                found |= {name for name, default in _VARIABLE.findall(text) if not default}
    return tuple(sorted(found))


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
