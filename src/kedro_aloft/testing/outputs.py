"""What two runs left, dataset by dataset: first the bytes, then what the catalogs load."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.files import files_below, same_bytes
from kedro_aloft.testing.values import Difference, IncomparableError, find_difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kedro_aloft.graph.snapshot import DatasetInfo
    from kedro_aloft.project import Project

NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One persisted dataset, as two runs left it.

    Args:
        dataset: Its name.
        equal: Whether both left the same.
        how: What that is known from: `same bytes`, `same content` or `different`.
        difference: Where they differ first; None when they do not.
    """

    dataset: str
    equal: bool
    how: str
    difference: Difference | None = None


def compare_outputs(
    first: Project, second: Project, infos: Iterable[DatasetInfo], *, pipeline: str
) -> tuple[Comparison, ...]:
    """Compare what two copies of a project hold.

    Args:
        first, second: The copies, opened with the parameters of their runs.
        infos: The datasets, in the order of the result.
        pipeline: The pipeline that wrote them.
    """
    catalogs = _Catalog(first, pipeline), _Catalog(second, pipeline)
    return tuple(_compare(*catalogs, info) for info in infos)


def _compare(first: _Catalog, second: _Catalog, info: DatasetInfo) -> Comparison:
    mine, other = (_content(side.project.path, info) for side in (first, second))
    if mine.keys() == other.keys() and all(same_bytes(mine[name], other[name]) for name in mine):
        return Comparison(dataset=info.name, equal=True, how="same bytes")
    difference = _absence(mine, other) or _values(first, second, info, (mine, other))
    if difference is None and info.versioned and len(mine) != len(other):
        difference = Difference(where="versions", first=str(len(mine)), second=str(len(other)))
    if difference is None:
        return Comparison(dataset=info.name, equal=True, how="same content")
    return Comparison(dataset=info.name, equal=False, how="different", difference=difference)


def _content(project: Path, info: DatasetInfo) -> dict[str, Path]:
    """The files of a dataset by their place in it; the versions of two runs have different names, and get numbers."""
    place = project / str(info.location)
    if place.is_file():
        return {place.name: place}
    files = files_below(place)
    if not info.versioned:
        return files
    numbers = {name: f"version {number}" for number, name in enumerate(sorted({_top(name) for name in files}), 1)}
    return {f"{numbers[_top(name)]}/{name.partition('/')[2]}": path for name, path in files.items()}


def _top(name: str) -> str:
    return name.partition("/")[0]


def _absence(mine: dict[str, Path], other: dict[str, Path]) -> Difference | None:
    if bool(mine) == bool(other):
        return None
    return Difference(where="", first=_files(mine), second=_files(other))


def _files(found: dict[str, Path]) -> str:
    return f"{len(found)} file{'' if len(found) == 1 else 's'}" if found else NOTHING


def _values(
    first: _Catalog, second: _Catalog, info: DatasetInfo, files: tuple[dict[str, Path], dict[str, Path]]
) -> Difference | None:
    """Compare what is loaded; where nothing can be, the bytes have spoken."""
    try:
        return _loaded(first, second, info.name)
    except _NotLoadedError:
        return _first_file(*files)
    except IncomparableError:
        return _first_file(*files)


class _NotLoadedError(Exception):
    """A dataset cannot be loaded: plots, for one."""


def _loaded(first: _Catalog, second: _Catalog, name: str) -> Difference | None:
    mine, other = first.load(name), second.load(name)
    if not (_is_partitioned(mine) and _is_partitioned(other)):
        return find_difference(mine, other)
    for partition in sorted(mine.keys() | other.keys()):
        where = f"partition '{partition}'"
        if partition not in mine or partition not in other:
            here = ("there" if partition in side else "missing" for side in (mine, other))
            return Difference(where=where, first=next(here), second=next(here))
        found = find_difference(first.call(mine[partition]), second.call(other[partition]))
        if found:
            inner = f"{where}, {found.where}" if found.where else where
            return Difference(where=inner, first=found.first, second=found.second)
    return None


def _is_partitioned(loaded: Any) -> bool:
    """Whether this is what a PartitionedDataset loads: functions by partition."""
    return isinstance(loaded, dict) and bool(loaded) and all(callable(each) for each in loaded.values())


def _first_file(mine: dict[str, Path], other: dict[str, Path]) -> Difference:
    for name in sorted(mine.keys() | other.keys()):
        if name not in mine or name not in other:
            here = ("there" if name in side else "missing" for side in (mine, other))
            return Difference(where=f"file {name}", first=next(here), second=next(here))
        if not same_bytes(mine[name], other[name]):
            sizes = (f"{side[name].stat().st_size:,} bytes" for side in (mine, other))
            return Difference(where=f"bytes of {name}", first=next(sizes), second=next(sizes))
    raise AssertionError("files of equal bytes were compared before")


class _Catalog:
    """The catalog of one copy; made when the first dataset has to be loaded."""

    def __init__(self, project: Project, pipeline: str) -> None:
        self.project = project
        self._pipeline = pipeline
        self._made: Any = None

    def load(self, name: str) -> Any:
        """Load a dataset.

        Raises:
            _NotLoadedError: If its class, or what lies there, refuses.
        """
        return self.call(lambda: self._catalog().load(name))

    def call(self, load: Any) -> Any:
        """Call a function that loads, with the project as working directory: some paths in catalogs are relative."""
        try:
            with _working_in(self.project.path):
                return load()
        except Exception as error:
            raise _NotLoadedError from error

    def _catalog(self) -> Any:
        if self._made is None:
            self._made = self.project.catalog(self._pipeline)
        return self._made


@contextmanager
def _working_in(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
