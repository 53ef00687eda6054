"""Private copies of a project: its code and configuration whole, of its data only what the pipelines read."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import ProjectError, UsageError
from kedro_aloft.graph.snapshot import DatasetKind, strip_transcoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kedro_aloft.graph.snapshot import DatasetInfo, Snapshot

DATA = "data"
"""Kedro's own place for data: nothing of it is copied but what the catalog reads."""

_LEFT_OUT = frozenset(
    {
        ".airflow", ".cache", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pytest_cache",
        ".ruff_cache", ".svn", ".tox", ".venv", ".viz", "__pycache__", "logs", "mlruns", "node_modules",
    }
)  # fmt: skip
_FICLONE = 0x40049409
"""Linux: share the blocks of a file until one of the two is written (btrfs, xfs)."""

_WILDCARDS = frozenset("*?[")


def copy_code(source: Path, target: Path) -> None:
    """Copy a project without its data, caches, environments and history.

    Links that lead out of the project become copies: nothing that a run writes may reach the original.
    """
    _copy_folder(source, target, root=source.resolve(), above=())


def _copy_folder(source: Path, target: Path, *, root: Path, above: tuple[Path, ...]) -> None:
    here = source.resolve()
    if here in above:  # a link to a folder around it
        return
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            if not _is_left_out(entry, root):
                _copy_folder(entry, target / entry.name, root=root, above=(*above, here))
        elif entry.is_file():
            copy_file(entry, target / entry.name)


def _is_left_out(folder: Path, root: Path) -> bool:
    at_the_top = folder.parent == root
    return folder.name in _LEFT_OUT or (at_the_top and folder.name == DATA) or (folder / "pyvenv.cfg").exists()


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its permissions; where the file system can, without copying its blocks. Never a hard link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("wb") as written:
        try:
            fcntl.ioctl(written.fileno(), _FICLONE, read.fileno())
        except OSError:
            shutil.copyfileobj(read, written, 1 << 20)
    shutil.copystat(source, target)
    target.chmod(target.stat().st_mode | 0o200)  # a run may write where the original is read-only


def copy_data(source: Path, target: Path, snapshots: Iterable[Snapshot], *, overlay: Path | None = None) -> None:
    """Copy what the pipelines read from one project to a copy of it.

    Args:
        source, target: The project and its copy.
        snapshots: The pipelines, in the order in which they run.
        overlay: A folder whose files go over `data/`; they win.

    Raises:
        ProjectError: If a dataset that a pipeline reads has no data (ALOFT-120).
    """
    snapshots = tuple(snapshots)
    (target / DATA).mkdir(parents=True, exist_ok=True)
    for place in sorted({info.location or "" for snapshot in snapshots for info in _read(snapshot)} - {""}):
        for found in _existing(source, place):
            _copy_place(found, target / found.relative_to(source))
    if overlay is not None:
        _copy_tree(overlay, target / DATA)
    _refuse_missing(target, snapshots, overlay)


def _read(snapshot: Snapshot) -> list[DatasetInfo]:
    """The persisted datasets that hold data before the run: free inputs, and what lies where something is read."""
    free, shared = set(snapshot.free_inputs()), snapshot.shared_locations()
    names = {name for node in snapshot.nodes for name in node.inputs}
    infos = (snapshot.datasets[name] for name in sorted(names))
    return [
        info
        for info in infos
        if info.kind is DatasetKind.PERSISTED and (info.name in free or (info.location or "") in shared)
    ]


def _existing(project: Path, place: str) -> list[Path]:
    """The files and folders of a place inside the project: its own, and those beside it that complete it."""
    if not is_inside(place):
        return []
    if _WILDCARDS & set(place):
        return sorted(project.glob(place))
    path = project / place
    if path.is_dir():
        return [path]
    # A shapefile is several files of one stem.
    return sorted(found for found in path.parent.glob("*") if found.stem == path.stem and found.is_file())


def _copy_place(found: Path, target: Path) -> None:
    if found.is_dir():
        _copy_tree(found, target)
    elif found.is_file():
        copy_file(found, target)


def _copy_tree(source: Path, target: Path) -> None:
    for folder, _, files in os.walk(source, followlinks=True):
        for name in files:
            path = Path(folder, name)
            with suppress(FileNotFoundError):  # a link to nothing
                copy_file(path, target / path.relative_to(source))


def is_inside(location: str | None) -> bool:
    """Whether a dataset's place is a path inside its project."""
    return bool(location) and "://" not in str(location) and not str(location).startswith(("/", ".."))


def _refuse_missing(target: Path, snapshots: Sequence[Snapshot], overlay: Path | None) -> None:
    made: set[str] = set()
    missing: dict[str, str] = {}
    for snapshot in snapshots:
        outputs = {name for node in snapshot.nodes for name in node.outputs}
        made |= {str(snapshot.datasets[name].location) for name in outputs}
        for info in _read(snapshot):
            place = str(info.location)
            if is_inside(place) and place not in made and not _existing(target, place):
                missing[info.name] = place
    if missing:
        raise ProjectError(
            "Datasets that the pipeline reads have no data.",
            where=", ".join(f"{name} ({place})" for name, place in sorted(missing.items())),
            seen=f"neither in the project nor in {overlay.name}/" if overlay else "no such files in the project",
            remedy="make the data, or give a small set of it with --data DIR, whose files go over data/",
            code="ALOFT-120",
        )


def refuse_outside(snapshots: Iterable[Snapshot], *, env: str) -> None:
    """Refuse pipelines that write where a copy cannot keep them: a test must change nothing.

    Args:
        snapshots: The pipelines, as they are read from a copy of the project.
        env: The environment that was read, for the message.

    Raises:
        UsageError: If a dataset is written to a remote, absolute or unknown place (ALOFT-010).
    """
    outside: dict[str, str] = {}
    for snapshot in snapshots:
        for info in written(snapshot):
            if not is_inside(info.location):
                outside[info.name] = info.location or f"{info.type}, whose place is not known"
    if outside:
        raise UsageError(
            "The pipeline writes outside of its project, and a test must change nothing there.",
            where=", ".join(f"{name} ({place})" for name, place in sorted(outside.items())),
            seen=f"environment '{env}'",
            remedy="keep them in data/ in the catalog of an environment of its own, conf/test, and name it: --env=test",
            code="ALOFT-010",
        )


def written(snapshot: Snapshot) -> list[DatasetInfo]:
    """Return the persisted datasets that the pipeline writes, in its order, transcoded names once."""
    found: dict[str, DatasetInfo] = {}
    for node in snapshot.nodes:
        for name in node.outputs:
            if snapshot.datasets[name].kind is DatasetKind.PERSISTED:
                found.setdefault(strip_transcoding(name), snapshot.datasets[name])
    return list(found.values())
