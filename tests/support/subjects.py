"""Subjects of rules, made by hand: no Kedro, no disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.grouping import GroupBy
from kedro_aloft.graph.plan import build_plan
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Snapshot, is_parameter
from kedro_aloft.rules import SettingsView, Sources, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class FilesInMemory:
    """The files of a project that is not on disk."""

    texts: Mapping[str, str] = field(default_factory=dict)

    def text(self, path: str) -> str | None:
        """Return the text of a file; None when there is none."""
        return self.texts.get(path)

    def paths(self) -> tuple[str, ...]:
        """Return all files, sorted."""
        return tuple(sorted(self.texts))


def subject(
    *nodes: NodeInfo,
    catalog: Mapping[str, Mapping[str, Any]] | None = None,
    files: Mapping[str, str] | None = None,
    settings: SettingsView | None = None,
    dag_source: str = "",
    **more: Any,
) -> Subject:
    """Return a subject; what the catalog does not have lives in memory."""
    names = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    snapshot = Snapshot(
        package="shop",
        pipeline="__default__",
        env="local",
        nodes=nodes,
        datasets={name: _info(name, (catalog or {}).get(name)) for name in names},
    )
    sources = Sources(files=FilesInMemory(files or {}))
    plan = build_plan(snapshot, group_by=GroupBy(more.pop("group_by", "none")))
    more.setdefault("render", lambda: dag_source)
    return Subject(snapshot=snapshot, plan=plan, settings=settings or SettingsView(), sources=sources, **more)


def _info(name: str, config: Mapping[str, Any] | None) -> DatasetInfo:
    if is_parameter(name):
        return DatasetInfo(name=name, kind=DatasetKind.PARAMETER)
    if config is None:
        return DatasetInfo(name=name, kind=DatasetKind.MEMORY, filled=True)
    return DatasetInfo(
        name=name,
        kind=DatasetKind.PERSISTED,
        type=str(config.get("type", "pickle.PickleDataset")),
        location=config.get("filepath"),
        versioned=bool(config.get("versioned")),
        config=config,
    )
