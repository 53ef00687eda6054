"""Handoff: datasets that live in memory cross the border between two tasks through the store."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset, CachedDataset, MemoryDataset, SharedMemoryDataset

from kedro_aloft import compat
from kedro_aloft.contract.report import DatasetReport
from kedro_aloft.errors import HandoffError
from kedro_aloft.runtime.meter import bytes_of, rows_of
from kedro_aloft.runtime.store import HandoffStore

if TYPE_CHECKING:
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from kedro_aloft.contract.request import TaskRequest
    from kedro_aloft.runtime.meter import Meter

logger = logging.getLogger(__name__)


class HandoffDataset(AbstractDataset[Any, Any]):
    """A memory dataset that is also kept in the handoff store.

    Within the task it behaves as the dataset that it wraps, copies included; other tasks read the store.

    Args:
        name: Dataset name.
        store: Store of the DAG run.
        inner: The memory dataset of the catalog; None when nodes run in several processes, which share no memory.
        gives: Whether to write to the store.
    """

    def __init__(self, name: str, store: HandoffStore, *, inner: AbstractDataset[Any, Any] | None, gives: bool) -> None:
        self._name = name
        self._store = store
        self._inner = inner
        self._gives = gives
        self.size_bytes: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        """A process of the ParallelRunner shares no memory: there, the store alone counts.

        Kedro's `MemoryDataset` cannot even travel when it is empty: it takes what arrives for data.
        """
        return {**self.__dict__, "_inner": None}

    def load(self) -> Any:
        """Return the data saved in this task, else what another task handed over."""
        if self._inner is not None and self._inner.exists():
            return self._inner.load()
        return self._store.take(self._name)

    def save(self, data: Any) -> None:
        """Keep the data for this task and, when another one needs it, in the store."""
        if self._gives:
            self.size_bytes = self._put(data)
        if self._inner is not None:
            self._inner.save(data)

    def _put(self, data: Any) -> int:
        try:
            return self._store.put(self._name, data)
        except HandoffError as error:
            raise HandoffError(
                f"Dataset '{self._name}' cannot be handed over to another task. {error.what}",
                where=error.where or self._store.uri,
                seen=error.seen,
                remedy=f"add a catalog entry for '{self._name}', keep the nodes that use it in one task "
                "(`group_by: memory`), or return something that can be pickled",
            ) from error

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._name, "store": self._store.uri}

    def _exists(self) -> bool:
        return (self._inner is not None and self._inner.exists()) or self._store.has(self._name)

    def _release(self) -> None:
        if self._inner is not None:
            self._inner.release()


class HandoffHooks:
    """Kedro hooks that put the handoff under the task's catalog and tell the meter what was saved."""

    def __init__(self, request: TaskRequest, meter: Meter) -> None:
        self._request = request
        self._meter = meter
        self._handed_over: dict[str, HandoffDataset] = {}
        self._catalog: DataCatalog | None = None

    @hook_impl(trylast=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Wrap the datasets that cross; last, so that whatever other hooks did to the catalog is respected."""
        self._catalog = catalog
        store = HandoffStore.of(self._request) if self._request.handoff_uri else None
        for name in sorted({*self._request.gives, *self._request.takes} & pipeline.datasets()):
            dataset: Any = catalog.get(name, fallback_to_runtime_pattern=True)
            if store is None or not in_memory(dataset):
                continue
            inner = None if isinstance(dataset, SharedMemoryDataset) else dataset
            wrapped = HandoffDataset(name, store, inner=inner, gives=name in self._request.gives)
            compat.replace_dataset(catalog, name, wrapped)
            self._handed_over[name] = wrapped

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Tell the meter what was saved, where, and how large it is."""
        handed_over = self._handed_over.get(dataset_name)
        size = handed_over.size_bytes if handed_over is not None else None
        self._meter.saved(
            node.name,
            dataset_name,
            DatasetReport(
                name=dataset_name,
                rows=rows_of(data),
                bytes=bytes_of(data) if size is None else size,
                kept_in=self._kept_in(dataset_name),
            ),
        )

    def _kept_in(self, dataset_name: str) -> str:
        if dataset_name in self._request.gives and dataset_name in self._handed_over:
            return "handoff"
        dataset = self._catalog.get(dataset_name) if self._catalog is not None else None
        return "memory" if dataset is None or in_memory(dataset) else "catalog"


def in_memory(dataset: AbstractDataset[Any, Any]) -> bool:
    """Whether the dataset's data is lost when the process ends."""
    if isinstance(dataset, CachedDataset):
        return in_memory(dataset._dataset)
    return isinstance(dataset, (HandoffDataset, MemoryDataset, SharedMemoryDataset))
