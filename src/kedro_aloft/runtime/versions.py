"""Versioned datasets under retries: a retry replaces what the same run wrote, and nothing else.

Kedro refuses to save a version that exists. The version of a DAG run is unique to it (`RunIdentity.version`), so
whatever lies at that version was written by an earlier try of this very run.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from kedro_aloft.contract.request import TaskRequest

logger = logging.getLogger(__name__)


class VersionHooks:
    """Kedro hooks that clear the way for the versions that this task writes."""

    def __init__(self, request: TaskRequest) -> None:
        self._version = request.version
        self._datasets = frozenset(request.versioned)

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        """Remove what an earlier try left; only now, when the node's inputs are loaded."""
        for name in node.outputs:
            if name in self._datasets:
                self._remove_own_version(name, catalog.get(name))

    def _remove_own_version(self, name: str, dataset: Any) -> None:
        path_of = getattr(dataset, "_get_versioned_path", None)
        if path_of is None or dataset.resolve_save_version() != self._version:
            return
        path = path_of(self._version)
        if not dataset._exists_function(str(path)):
            return
        logger.info("Replacing '%s' of an earlier try of this run (version %s).", name, self._version)
        file_system = getattr(dataset, "_fs", None)
        if file_system is not None:
            file_system.rm(str(path), recursive=True)
        else:
            _remove_local(Path(str(path)))
        dataset.release()


def _remove_local(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
