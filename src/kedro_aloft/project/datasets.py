"""Catalog → DatasetInfo, without importing dataset classes: a project compiles where its libraries are missing."""

from __future__ import annotations

import functools
import importlib.util
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, is_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATH_KEYS = ("filepath", "path", "filename")
_MEMORY_TYPES = {"MemoryDataset", "SharedMemoryDataset", "kedro.io.MemoryDataset", "kedro.io.SharedMemoryDataset"}
_CACHED_TYPES = {"CachedDataset", "kedro.io.CachedDataset"}
_MEMORY = "kedro.io.MemoryDataset"
_TIDY = re.compile(r"(?:[^./\\][^/\\]*/)*[^./\\][^/\\]*")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


def describe_datasets(
    catalog: Any, names: Iterable[str], *, project_path: Path, hooks_fill: bool = False
) -> dict[str, DatasetInfo]:
    """Return what the catalog knows of each name, by name.

    Args:
        catalog: Kedro's catalog after all hooks saw it.
        names: As nodes declare them.
        project_path: Locations inside it are written relative to it.
        hooks_fill: Whether a hook may put data into memory datasets right before the run.
    """
    return {name: _describe(catalog, name, project_path, hooks_fill) for name in sorted(set(names))}


def _describe(catalog: Any, name: str, project_path: Path, hooks_fill: bool) -> DatasetInfo:  # noqa: FBT001
    if is_parameter(name):
        return DatasetInfo(name=name, kind=DatasetKind.PARAMETER, type=_MEMORY, filled=True)
    instance = getattr(catalog, "_datasets", {}).get(name)
    if instance is not None:
        return _from_instance(name, instance, project_path, hooks_fill)
    config, pattern = _config(catalog, name)
    if config is None:
        return DatasetInfo(name=name, kind=DatasetKind.MEMORY, type=_MEMORY, filled=hooks_fill)
    memory = _is_memory(config)
    return DatasetInfo(
        name=name,
        kind=DatasetKind.MEMORY if memory else DatasetKind.PERSISTED,
        type=type_name(config),
        location=None if memory else _location(config, project_path),
        versioned=_versioned(config),
        layer=_layer(config),
        pattern=pattern,
        filled=memory and (hooks_fill or "data" in config),
        config=_without_credentials(config),
    )


def _config(catalog: Any, name: str) -> tuple[Mapping[str, Any] | None, str | None]:
    """The catalog entry of a name and the factory pattern that made it; neither for undeclared names."""
    lazy = getattr(catalog, "_lazy_datasets", {}).get(name)
    resolver = getattr(catalog, "config_resolver", None)
    if lazy is not None:
        return lazy.config, None
    if resolver is None:
        return None, None
    declared = resolver.config.get(name)
    if declared is not None:
        return declared, None
    pattern = resolver.match_dataset_pattern(name) or resolver.match_user_catch_all_pattern(name)
    return (resolver.resolve_pattern(name), pattern) if pattern else (None, None)


def _from_instance(name: str, dataset: Any, project_path: Path, hooks_fill: bool) -> DatasetInfo:  # noqa: FBT001
    """Describe a dataset that exists as an object: a hook added it, or loaded it already."""
    kind = DatasetKind.MEMORY if _ephemeral(dataset) else DatasetKind.PERSISTED
    arguments = getattr(dataset, "_init_args", None) or {}
    places = {
        key: str(value) for key in _PATH_KEYS if (value := arguments.get(key) or getattr(dataset, f"_{key}", None))
    }
    return DatasetInfo(
        name=name,
        kind=kind,
        type=f"{type(dataset).__module__}.{type(dataset).__qualname__}",
        location=_location(places, project_path) if kind is DatasetKind.PERSISTED else None,
        versioned=getattr(dataset, "_version", None) is not None,
        layer=_layer({"metadata": getattr(dataset, "metadata", None)}),
        filled=kind is DatasetKind.MEMORY and (hooks_fill or bool(dataset.exists())),
        config=_without_credentials(arguments),
    )


def _ephemeral(dataset: Any) -> bool:
    """Whether the data dies with the process. A cache lives as long as what it caches."""
    inner = getattr(dataset, "_dataset", None)
    if type(dataset).__name__ == "CachedDataset" and inner is not None:
        return _ephemeral(inner)
    return bool(getattr(dataset, "_EPHEMERAL", False))


def type_name(config: Mapping[str, Any]) -> str:
    """Return the dataset type as the catalog spells it."""
    spelled = config.get("type", "")
    return spelled if isinstance(spelled, str) else f"{spelled.__module__}.{spelled.__qualname__}"


def _is_memory(config: Mapping[str, Any]) -> bool:
    name = type_name(config)
    inner = config.get("dataset")
    if name in _CACHED_TYPES:
        return _is_memory(inner) if isinstance(inner, Mapping) else type_name({"type": inner}) in _MEMORY_TYPES
    if name in _MEMORY_TYPES:
        return True
    return _is_own_memory_type(name) if not _is_known_package(name) else False


@functools.cache
def _is_known_package(type_path: str) -> bool:
    """Whether Kedro finds the type in its own packages, where only `kedro.io` keeps data in memory."""
    if type_path.startswith(("kedro.", "kedro_datasets.", "kedro_datasets_experimental.")) or "." not in type_path:
        return True
    if importlib.util.find_spec("kedro_datasets") is None:
        return False
    return importlib.util.find_spec(f"kedro_datasets.{type_path.partition('.')[0]}") is not None


@functools.cache
def _is_own_memory_type(type_path: str) -> bool:
    """Whether a class of the project, or of a library that we do not know, is a memory dataset."""
    from kedro.io import MemoryDataset
    from kedro.utils import load_obj

    try:
        loaded = load_obj(type_path)
    except Exception:  # noqa: BLE001  the library is missing here, or raises while it is imported
        return False
    return isinstance(loaded, type) and (
        issubclass(loaded, MemoryDataset) or bool(getattr(loaded, "_EPHEMERAL", False))
    )


def _versioned(config: Mapping[str, Any]) -> bool:
    inner = config.get("dataset")
    return bool(config.get("versioned")) or (isinstance(inner, Mapping) and _versioned(inner))


def _layer(config: Mapping[str, Any]) -> str | None:
    metadata = config.get("metadata")
    viz = metadata.get("kedro-viz") if isinstance(metadata, Mapping) else None
    layer = viz.get("layer") if isinstance(viz, Mapping) else None
    return str(layer) if layer else None


def _without_credentials(config: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as rules see it: whether there are credentials, not which."""
    return {
        key: True if key == "credentials" else _without_credentials(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
    }


def _location(config: Mapping[str, Any], project_path: Path) -> str | None:
    """Where the data lies: relative to the project when inside, without credentials when it is a URI."""
    place = next((str(config[key]) for key in _PATH_KEYS if config.get(key)), None)
    inner = config.get("dataset")
    if place is None:
        return _location(inner, project_path) if isinstance(inner, Mapping) else None
    return tidy_location(place, project_path)


def tidy_location(place: str, project_path: Path) -> str:
    """Return one spelling for one place.

    A URI loses user, password and query; a local path loses `file://`, `.` and `..`, and the project's own path.
    """
    inside = place.removeprefix(f"{project_path.as_posix()}/")
    if inside != place and _TIDY.fullmatch(inside):
        return inside  # nearly every place, and pathlib is slow
    place = place.removeprefix("file://")
    if "://" in place:
        return _CREDENTIALS.sub("", place.partition("?")[0])
    path = Path(posixpath.normpath(Path(project_path, place).as_posix()))
    return path.relative_to(project_path).as_posix() if path.is_relative_to(project_path) else path.as_posix()
