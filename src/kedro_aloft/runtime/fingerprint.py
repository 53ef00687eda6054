"""What must be unchanged for the work of an earlier try to count: code, configuration and parameters, as one digest."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from kedro_aloft.contract.request import TaskRequest

_CACHES = frozenset({"__pycache__", ".git", ".ipynb_checkpoints"})
_LARGEST = 1 << 20
"""Larger files in a package are data."""

_INSTALLED = ("site-packages", "dist-packages")


def fingerprint(request: TaskRequest, pipeline: Pipeline, catalog: DataCatalog, conf: Mapping[str, Any]) -> str:
    """Return a digest that differs when another result must be expected from the task's nodes.

    Args:
        request: What to run.
        pipeline: The task's nodes.
        catalog: Has their parameters.
        conf: The catalog's configuration.
    """
    content = {
        "python": platform.python_version(),
        "version": request.version,
        "pipeline": [request.package, request.pipeline, request.env, request.conf_source, request.runner],
        "nodes": [_node(node) for node in pipeline.nodes],
        "runtime_params": request.runtime_params,
        "load_versions": request.load_versions,
        "parameters": {name: catalog.load(name) for name in sorted(pipeline.inputs()) if is_parameter(name)},
        "catalog": {name: conf.get(name) for name in sorted(pipeline.datasets()) if name in conf},
        "patterns": {name: entry for name, entry in conf.items() if "{" in name},
        "code": dict(sorted(_code(request, pipeline))),
    }
    text = json.dumps(content, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_parameter(dataset: str) -> bool:
    """Whether a dataset is one of Kedro's parameters."""
    return dataset == "parameters" or dataset.startswith("params:")


def _node(node: Any) -> list[Any]:
    return [node.name, list(node.inputs), list(node.outputs)]


def _code(request: TaskRequest, pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield a digest by file: of the project's package, of `src`, and of packages beside them that nodes come from."""
    names = {str(getattr(node.func, "__module__", "")).partition(".")[0] for node in pipeline.nodes}
    others = names - sys.stdlib_module_names
    folders = {Path(request.project_path, "src"), *_folders(request.package, own=True)}
    folders |= {folder for name in others for folder in _folders(name, own=name == request.package)}
    for folder in sorted(folders):
        if any(other in folder.parents for other in folders):
            continue
        for file in _files(folder):
            yield f"{folder.name}/{file.relative_to(folder)}", hashlib.sha256(file.read_bytes()).hexdigest()


def _folders(name: str, *, own: bool) -> list[Path]:
    """Where the source of a package is; of those that are installed only the project's own."""
    folders = [Path(folder) for folder in getattr(sys.modules.get(name), "__path__", ())]
    return [one for one in folders if own or not any(part in _INSTALLED for part in one.parts)]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if _CACHES.isdisjoint(inside) and path.is_file() and path.stat().st_size <= _LARGEST:
            yield path
