"""Where catalog entries, settings and parameters stand: file and line, looked up when a finding needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.graph.snapshot import Snapshot
    from kedro_aloft.rules import Spot

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECTIONS = {"dataset": "catalog", "setting": "airflow", "parameter": "parameters"}
_MERGE = "<<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a YAML file.

    Args:
        file: Relative to the project, or absolute when outside.
        line: Counted from 1; 0 when the file says nothing about it.
        path: The keys that lead there, from the top of the file on.
        depth: How many of the keys exist.
    """

    file: str
    line: int
    path: tuple[str | int, ...]
    depth: int


@dataclass(frozen=True, kw_only=True)
class Places:
    """Finds what findings are about.

    Args:
        root: The project.
        files: The configuration files by kind (`catalog`, `airflow`, `parameters`), the strongest environment first.
    """

    root: Path
    files: Mapping[str, Sequence[Path]]
    _nodes: dict[Path, yaml.Node | None] = field(default_factory=dict, repr=False, compare=False)

    def locate(self, snapshot: Snapshot, spot: Spot) -> tuple[str, int]:
        """Return file and line of a spot; an empty name when it stands nowhere."""
        if spot.kind == "file":
            return spot.name, spot.line
        if spot.kind == "node":
            node = snapshot.by_name.get(spot.name)
            return (node.source.file, node.source.line) if node and node.source else ("", 0)
        place = self.find(snapshot, spot)
        return (place.file, place.line) if place else ("", 0)

    def find(self, snapshot: Snapshot, spot: Spot) -> Place | None:
        """Return where a key of a configuration file stands, or where it would belong."""
        files = self.files.get(_SECTIONS[spot.kind], ())
        places = [
            Place(file=self._shown(file), line=line, path=path, depth=depth)
            for path in _paths(snapshot, spot)
            for file in files
            for line, depth in [_deepest(self._node(file), path)]
        ]
        return max(places, key=lambda place: place.depth, default=None)

    def _node(self, file: Path) -> yaml.Node | None:
        if file not in self._nodes:
            self._nodes[file] = _composed(file)  # Kedro has read it: when it is none, it has changed since
        return self._nodes[file]

    def _shown(self, file: Path) -> str:
        return (file.relative_to(self.root) if file.is_relative_to(self.root) else file).as_posix()


def find_line(file: Path, path: Sequence[str | int]) -> int:
    """Return the line of the deepest key of a path that exists in a YAML file, counted from 1; 0 when none does."""
    return _deepest(_composed(file), path)[0]


def _composed(file: Path) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(file.read_text(encoding="utf-8", errors="replace"), Loader=_Loader)
    except (OSError, yaml.YAMLError):
        return None
    return node


def _paths(snapshot: Snapshot, spot: Spot) -> Iterator[tuple[str | int, ...]]:
    """The keys from the top of a file on; several where a section may stand in for another."""
    if spot.kind == "dataset":
        yield (spot.name, *spot.keys)
        info = snapshot.datasets.get(spot.name)
        if info is not None and info.pattern:
            yield (info.pattern, *spot.keys)
    elif spot.kind == "setting":
        if snapshot.pipeline != "__default__":  # Kedro's loader drops names that begin with an underscore
            yield (snapshot.pipeline, *spot.keys)
        yield ("default", *spot.keys)
    else:
        yield spot.keys


def _deepest(node: yaml.Node | None, path: Sequence[str | int]) -> tuple[int, int]:
    """Line of the deepest key of the path that exists, and how many of the keys exist."""
    line, depth = 0, 0
    for step in path:
        found = child(node, step)
        if found is None:
            break
        key, node = found
        line, depth = key.start_mark.line + 1, depth + 1
    return line, depth


def child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return key and value below a node; an item of a list is its own key."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == str(step):
            return key, value
    merged = (value for key, value in node.value if key.value == _MERGE)
    return next((found for value in merged if (found := child(value, step))), None)
