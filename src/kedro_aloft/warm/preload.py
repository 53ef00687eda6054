"""What the server imports: all that a task of the project would import before its nodes run, and nothing that works."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.warm.doubts import find_bindings, find_leftovers, open_files
from kedro_aloft.warm.stamp import Stamp, site_directories
from kedro_aloft.warm.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kedro_aloft.contract.request import TaskRequest

_RUNTIME = (
    "kedro_aloft.runtime.process",
    "kedro_aloft.runtime.handoff",
    "kedro_aloft.runtime.mlflow",
    "kedro_aloft.runtime.project",
    "kedro_aloft.runtime.resume",
    "kedro_aloft.runtime.session",
    "kedro_aloft.runtime.stages",
    "kedro_aloft.runtime.versions",
)
_LATE = (
    *("kedro.config", "kedro.framework.context", "kedro.framework.session", "kedro.framework.startup", "kedro.runner"),
    *("omegaconf", "pydantic.main", "fsspec.implementations.local", "pwd", "zoneinfo", "getpass", "tomllib", "tomli"),
)
"""Kedro imports these with the first session."""

_SETTINGS = (
    *("HOOKS", "CONTEXT_CLASS", "SESSION_CLASS", "SESSION_STORE_CLASS", "CONFIG_LOADER_CLASS", "DATA_CATALOG_CLASS"),
    *("CONFIG_LOADER_ARGS", "CONF_SOURCE", "DISABLE_HOOKS_FOR_PLUGINS", "SESSION_STORE_ARGS"),
)
_TYPE_LINE = re.compile(r"""^\s*(?:["']?type["']?)\s*:\s*["']?([\w.]+)["']?\s*(?:#.*)?$""", re.MULTILINE)
_TYPE_IN_JSON = re.compile(r"""[{,]\s*["']?type["']?\s*:\s*["']?([\w.]+)""")


@dataclass(frozen=True, slots=True)
class Preloaded:
    """What the imports depended on, and why a fork of them would not be right.

    Args:
        witness: What they looked at.
        stamp: The state of the files and folders among it.
        doubt: Why this process must not be forked; empty when it may.
    """

    witness: Witness
    stamp: Stamp
    doubt: str


def preload(request: TaskRequest) -> Preloaded:
    """Import what a task of this request's project needs, into this process. Must run before there are threads."""
    from kedro_aloft.runtime.logs import keep_log_handlers

    witness = Witness()
    before = open_files()
    failure = ""
    started_ns = time.time_ns()
    os.chdir(request.project_path)
    stamp = Stamp()
    stamp.add(sites=site_directories())  # before the imports: what changes meanwhile must be seen
    try:
        with keep_log_handlers():
            _import_all(request, witness)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it is, a fresh task tells it to its user
        failure = f"importing the project fails: {type(error).__name__}: {error}"
    sources = own_sources(request.package, installed=witness.installed)
    stamp.add(
        files={*witness.files, *sources}, directories=witness.directories, packages=set(map(os.path.dirname, sources))
    )
    mine = f"{request.project_path}/"
    written = sorted(path for path in witness.written if path.startswith(mine) or path in stamp.files)
    doubts = (
        *(f"importing the project writes {path}" for path in written),
        *find_leftovers(before, installed=witness.installed),
        *find_bindings(_of_project(sources)),
    )
    stamp.distrust_younger(started_ns, besides=witness.written)
    return Preloaded(witness, stamp, failure or next(iter(doubts), ""))


def _import_all(request: TaskRequest, witness: Witness) -> None:
    """Import under the eyes of the witness; configuration is read outside, since every task looks for itself."""
    from kedro_aloft.warm.keep import keep_answers, keep_dataset_classes, keep_parsed_config

    with witness.watching():
        conf_source = _import_project(request)
    from kedro.framework.project import settings

    names = _dataset_names(conf_source)
    keep_dataset_classes()
    with witness.watching():
        _import_datasets(names)
        keep_answers(settings)
    keep_parsed_config(settings, conf_source=str(conf_source), env=request.env)


def _import_project(request: TaskRequest) -> Path:
    """Import what every task of the project imports; return where its configuration is."""
    for module in (*_RUNTIME, *_LATE):
        with suppress(ImportError):  # an optional library of Kedro's
            importlib.import_module(module)
    from kedro.framework.project import pipelines, settings, validate_settings
    from kedro.utils import load_obj

    from kedro_aloft.runtime.project import load_project
    from kedro_aloft.warm.keep import keep_configured, keep_entry_points

    # The child decides about selective loading; here it would outlive this request.
    load_project(replace(request, selective=True))
    validate_settings()
    for name in _SETTINGS:
        getattr(settings, name, None)  # Kedro 1.2 has fewer
    dict(pipelines)  # imports every pipeline
    keep_configured(request.package, project_path=request.project_path)
    load_obj(request.runner, "kedro.runner")
    keep_entry_points("kedro.hooks")
    _import_plugins(request.skip_plugin_hooks)
    return Path(request.project_path) / (request.conf_source or settings.CONF_SOURCE)


def _import_plugins(unwanted: Iterable[str]) -> None:
    """Import the hooks of plugins, except those of unwanted distributions; one that fails will fail in its task."""
    skip = {_normal(name) for name in unwanted}
    for entry_point in importlib.metadata.entry_points(group="kedro.hooks"):
        if entry_point.dist is not None and _normal(entry_point.dist.name) not in skip:
            with suppress(Exception):
                entry_point.load()


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _dataset_names(conf_source: Path) -> list[str]:
    """Return the dataset classes that catalogs name, by their text: no resolver of the project's runs here."""
    names: set[str] = set()
    if conf_source.is_dir():
        for path in sorted(conf_source.glob("*/**/catalog*")):
            for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
                names |= _types_in(file)
    return sorted(names)


def _import_datasets(names: Iterable[str]) -> None:
    """Import dataset classes; one that is not there will be missed in its task."""
    from kedro.io.core import parse_dataset_definition

    for name in names:
        with suppress(Exception):
            parse_dataset_definition({"type": name})


def _types_in(path: Path) -> set[str]:
    if path.suffix not in (".yml", ".yaml", ".json"):
        return set()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    return {*_TYPE_LINE.findall(text), *_TYPE_IN_JSON.findall(text)}


def own_sources(package: str, *, installed: tuple[str, ...]) -> set[str]:
    """Return the Python files of the project: its package, and every module that was loaded from no installation."""
    found = {
        str(path)
        for folder in _package_folders(package)
        for path in Path(folder).rglob("*.py")
        if "__pycache__" not in path.parts
    }
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.endswith(".py") and not path.startswith(installed):
            found.add(path)
    return found


def _package_folders(package: str) -> Iterator[str]:
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(package)
        yield from (spec.submodule_search_locations or ()) if spec is not None else ()


def _of_project(sources: Iterable[str]) -> list[str]:
    """Leave out our own code, which is no installation's while it is developed."""
    ours = str(Path(__file__).parents[1]) + os.sep
    return sorted(path for path in sources if not path.startswith(ours))
