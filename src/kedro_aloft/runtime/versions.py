"""Versioned datasets under retries: a retry replaces what the same run wrote, and nothing else.

Kedro refuses to save a version that exists. The version of a DAG run is unique to it (`RunIdentity.version`), so
whatever lies at that version was written by an earlier try of this very run.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import CachedDataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from kedro_aloft.contract.request import TaskRequest
    from kedro_aloft.runtime.resume import Resume

logger = logging.getLogger(__name__)


class VersionHooks:
    """Kedro hooks that clear the way for the versions that this task writes, and leave no half of one behind.

    Args:
        request: What to run.
        resume: Knows which nodes are done and not run again; its hooks come first.
    """

    def __init__(self, request: TaskRequest, *, resume: Resume | None = None) -> None:
        self._resume = resume
        self._version = request.version
        self._datasets = frozenset(request.versioned)
        self._catalog: DataCatalog | None = None
        self._unfinished: set[str] = set()

    @hook_impl(trylast=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Remove what an earlier try left. Not node by node: Kedro's ParallelRunner calls no such hook of ours."""
        self._catalog = catalog
        nodes = pipeline.nodes if self._resume is None else [n for n in pipeline.nodes if n.name in self._resume.nodes]
        for name in sorted(self._datasets & {output for node in nodes for output in node.outputs}):
            if self._remove_own_version(catalog.get(name)):
                logger.info("Removed '%s' of an earlier try of this run (version %s).", name, self._version)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Note that a version is being written."""
        if dataset_name in self._datasets:
            self._unfinished.add(dataset_name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Note that a version is whole."""
        self._unfinished.discard(dataset_name)

    @contextmanager
    def removing_unfinished(self) -> Iterator[None]:
        """Remove versions whose saving failed or was killed: the next `kedro run` would load them as the latest."""
        try:
            yield
        finally:
            for name in sorted(self._unfinished):
                if self._catalog is not None and self._remove_own_version(self._catalog.get(name)):
                    logger.warning("Removed '%s' of this run: it was not written to its end.", name)

    def _remove_own_version(self, dataset: Any) -> bool:
        while isinstance(dataset, CachedDataset):
            dataset = dataset._dataset
        path_of = getattr(dataset, "_get_versioned_path", None)
        if path_of is None or dataset.resolve_save_version() != self._version:
            return False
        path = path_of(self._version)
        exists = dataset._exists_function(str(path))
        if exists:
            _remove(getattr(dataset, "_fs", None), Path(str(path)))
        dataset.release()
        return bool(exists)


def _remove(file_system: Any, path: Path) -> None:
    """Remove a dataset's file or directory, and the version's directory around it when nothing else is in there."""
    if file_system is not None:
        file_system.rm(str(path), recursive=True)
        with suppress(OSError, NotImplementedError):  # object stores have no directories
            file_system.rmdir(str(path.parent))
        return
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    with suppress(OSError):
        path.parent.rmdir()
