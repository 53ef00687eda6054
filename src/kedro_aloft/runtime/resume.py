"""Resume: a task that is tried again goes on where the try before failed.

While nodes run, each one that is done is noted in a file beside what the run hands over. When one fails, the datasets
in memory that nodes to come need are written down there too, and only then. The next try runs what is not done, and the
fewest nodes besides that make again what could not be kept. In any doubt it runs all.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import CachedDataset, MemoryDataset

from kedro_aloft import compat
from kedro_aloft.contract.journal import KEPT, OK, RUNNING, NodeEntry
from kedro_aloft.contract.resume import SavedState, Step, done_line, nodes_to_run
from kedro_aloft.errors import AloftError
from kedro_aloft.runtime.fingerprint import fingerprint, is_parameter
from kedro_aloft.runtime.handoff import HandoffDataset, in_memory
from kedro_aloft.runtime.statefile import StateFile
from kedro_aloft.runtime.store import HandoffStore, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from kedro_aloft.contract.request import TaskRequest
    from kedro_aloft.runtime.meter import Meter

logger = logging.getLogger(__name__)

_RUNNERS = frozenset({"SequentialRunner", "ThreadRunner"})
"""Others run nodes where we cannot look."""

_UNCHANGEABLE = frozenset({"dask", "ibis", "polars", "pyarrow", "pyspark", "snowflake"})
"""Libraries whose tables nobody changes in place, though Kedro gives nodes the very object."""

_MOST_NAMES = 10


def resume_of(request: TaskRequest, meter: Meter) -> Resume | None:
    """Return what resumes a task; None where there is nothing to resume, or no place to keep what is needed."""
    several = len(request.nodes) > 1
    if not (request.resume and several and request.handoff_uri and request.runner in _RUNNERS):
        return None
    return Resume(request, meter)


class Resume:
    """Kedro hooks, and a way to run a pipeline, that leave out what is done.

    Args:
        request: What to run.
        meter: Tells when nodes start and end, and is told which are not run again.
    """

    def __init__(self, request: TaskRequest, meter: Meter) -> None:
        self._request = request
        self._meter = meter
        meter.listen(self._note)
        self._store = HandoffStore.of_task(request)
        self._handoff = HandoffStore.of(request)
        self._file = StateFile(self._store)
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._conf: Mapping[str, Any] = {}
        self._catalog: DataCatalog | None = None
        self._stamp = ""
        self._state = SavedState(stamp="")
        self._rerun = request.rerun
        self._restored: set[str] = set()
        self._started: set[str] = set()
        self.nodes: frozenset[str] = frozenset(request.nodes)

    # --- hooks

    @hook_impl
    def after_catalog_created(self, conf_catalog: dict[str, Any]) -> None:
        """Note how the catalog is configured."""
        self._conf = conf_catalog

    @hook_impl(trylast=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Decide what to run, and put the datasets that were written down where its nodes look for them."""
        self._catalog = catalog
        self._state = SavedState(stamp="", clear_number=self._request.clear_number)
        found = self._find(pipeline, catalog)
        if found is not None or self._rerun:
            self._decide(pipeline, catalog, found)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Note which datasets nodes get without a copy."""
        dataset = self._catalog.get(dataset_name) if self._catalog is not None else None
        if _is_shared(dataset, data) and dataset_name not in self._state.shared:
            with self._lock:
                self._state = replace(self._state, shared=self._state.shared | {dataset_name})

    # --- what to run

    def _find(self, pipeline: Pipeline, catalog: DataCatalog) -> SavedState | None:
        """Return the state of the try before if it counts for this one; else forget it, and say why."""
        if self._request.try_number <= 1:
            self._file.remove()
            return None
        state = self._file.read()
        if state is None:
            logger.info("Nothing to go on from: no earlier try has left what it did at %s.", self._store.uri)
        why = "" if state is None else self._doubt(state, pipeline, catalog)
        if state is not None and why:
            self._file.remove()
            # Airflow tries again by itself: nobody has chosen to keep what now would become another one.
            self._rerun = None if state.clear_number == self._request.clear_number else self._rerun
            logger.info("What an earlier try of this task did does not count: %s.", why)
        return None if why else state

    def _doubt(self, state: SavedState, pipeline: Pipeline, catalog: DataCatalog) -> str:
        """Return what speaks against using a state, or an empty text."""
        if state.stamp != self._fingerprint(pipeline, catalog):
            return "code, configuration or parameters are other ones now"
        by_hand = state.clear_number != self._request.clear_number and self._request.rerun is None
        if not state.is_of_same_inputs(self._inputs(pipeline, catalog), surely=by_hand):
            return "data that the task gets from elsewhere is, or may be, another one now"
        return "all of it was done, and somebody cleared it" if by_hand and state.done.keys() >= self.nodes else ""

    def _decide(self, pipeline: Pipeline, catalog: DataCatalog, found: SavedState | None) -> None:
        self._fingerprint(pipeline, catalog)
        names = {node.name for node in pipeline.nodes}
        asked = names & {*self._rerun, *self._request.doubtful} if self._rerun else set(names)
        if found is not None and found.clear_number == self._request.clear_number:
            asked = names - found.done.keys()  # Airflow may not know yet what was to be made again
        elif found is not None:
            asked -= found.done.keys() - set(self._rerun or ())
        steps = [_step(node) for node in pipeline.nodes]
        state = found or SavedState(stamp="", done=dict.fromkeys(names - asked, NodeEntry(state=KEPT)))
        shared = state.shared | self._shared_by_configuration(pipeline, catalog)
        started = names if found is None else {*state.done, *state.failed}
        usable = set(state.spilled)
        while True:
            there = self._available(pipeline, catalog, names - asked, usable, shared=shared, started=started)
            run = nodes_to_run(steps, asked=asked, available=there, shared=shared, started=started)
            broken = self._restore(pipeline, catalog, run, usable)
            if not broken:
                break
            usable -= broken
        made = {name for node in pipeline.nodes if node.name in run for name in node.outputs}
        self._accept(replace(state, shared=shared, spilled=frozenset(usable - shared - made)), run, asked)

    def _available(
        self,
        pipeline: Pipeline,
        catalog: DataCatalog,
        finished: Iterable[str],
        spilled: set[str],
        *,
        shared: frozenset[str],
        started: set[str],
    ) -> set[str]:
        """Return the datasets of finished nodes that can be loaded as they were."""
        finished = set(finished)
        wanted = {_base(name) for node in pipeline.nodes for name in node.inputs}
        touched = {_base(name) for node in pipeline.nodes if node.name in started for name in node.inputs}
        found = set()
        for node in pipeline.nodes:
            if node.name not in finished:
                continue
            for name in node.outputs:
                dataset = _get(catalog, name)
                if _base(name) not in wanted:
                    continue
                if name in spilled or (not in_memory(dataset) and self._persisted(name, dataset)):
                    found.add(_base(name))
                elif name in self._request.gives and in_memory(dataset) and not (name in shared and name in touched):
                    found |= {_base(name)} if self._handoff.has(name) else set()
        return found

    def _persisted(self, name: str, dataset: Any) -> bool:
        """Whether what a finished node saved is still there; a dataset that cannot tell is believed to have it."""
        while isinstance(dataset, CachedDataset):
            dataset = dataset._dataset
        path_of = getattr(dataset, "_get_versioned_path", None)
        try:
            if path_of is not None and name in self._request.versioned:
                return bool(dataset._exists_function(str(path_of(self._request.version))))
            return not compat.can_tell_existence(dataset) or bool(dataset.exists())
        except Exception as error:  # noqa: BLE001  a dataset may raise anything
            logger.warning("Whether '%s' is there cannot be told: %s", name, error)
            return False

    def _restore(self, pipeline: Pipeline, catalog: DataCatalog, run: Iterable[str], usable: set[str]) -> set[str]:
        """Load what was written down and is needed; return what cannot be loaded."""
        run = set(run)
        made = {name for node in pipeline.nodes if node.name in run for name in node.outputs}
        needed = {name for node in pipeline.nodes if node.name in run for name in node.inputs} & usable - made
        for name in sorted(needed - self._restored):
            try:
                data = self._store.take(name)
            except (AloftError, OSError) as error:
                logger.warning("'%s' of the try before cannot be used: %s", name, error)
                return {name}
            _fill(_get(catalog, name), data)
            self._restored.add(name)
        return set()

    def _accept(self, state: SavedState, run: tuple[str, ...], asked: set[str]) -> None:
        """Run these; note and say so."""
        self.nodes = frozenset(run)
        done = {name: replace(entry, state=KEPT) for name, entry in state.done.items() if name not in self.nodes}
        now = SavedState(
            stamp=self._stamp,
            clear_number=self._request.clear_number,
            done=done,
            shared=state.shared,
            spilled=state.spilled,
        )
        # Before any node runs: what is made again is not done while it is being made.
        self._file.begin(now.lines(), now=True)
        self._state = now
        for name, entry in done.items():
            self._meter.keep(name, entry)
        logger.info("Resuming: %d of %d nodes are done. To run: %s", len(done), len(done) + len(run), _list(run))
        again = [name for name in run if name not in asked]
        if again:
            why = "; ".join(f"'{name}': {reason}" for name, reason in sorted(state.lost.items()))
            logger.info("Run again, for what they made is not there any more: %s. %s", _list(again), why)

    # --- while nodes run

    def _note(self, node: str, entry: NodeEntry) -> None:
        """Note that a node started or ended. What cannot be noted is only missed by the next try."""
        with self._lock:
            if entry.state == RUNNING:
                self._started.add(node)
            elif entry.state == OK:
                self._state = replace(self._state, done={**self._state.done, node: entry})
                self._write(done_line(node, entry, shared=self._state.shared))

    def _write(self, line: str, *, now: bool = False) -> None:
        try:
            if not self._state.stamp:
                self._state = replace(self._state, stamp=self._stamp)
                self._file.begin(replace(self._state, done={}).lines(), now=False)
            self._file.add(line, now=now)
        except Exception as error:  # noqa: BLE001  a file system may raise anything
            logger.warning("The next try will not know what is done: %s: %s", type(error).__name__, error)

    def around(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that runs what is to be run of a pipeline, in the place of a runner's `run`."""
        return partial(self._run, run)

    def _run(self, run: Callable[..., Any], pipeline: Pipeline, catalog: DataCatalog, *args: Any, **kwargs: Any) -> Any:
        if not self._stamp:
            self._fingerprint(pipeline, catalog)
        part = pipeline
        if len(self.nodes) < len(pipeline.nodes):
            if not self.nodes:
                return {}
            part = compat.part_in_order(pipeline, self.nodes)
        try:
            return run(part, catalog, *args, **kwargs)
        except BaseException:
            if os.getpid() == self._process:  # else a node has forked
                self._spill(pipeline, catalog)
            raise

    def done(self) -> None:
        """Remove what nobody needs any more: the task did well."""
        try:
            self._file.remove()
        except Exception as error:  # noqa: BLE001  a file system may raise anything
            logger.warning("%s could not be removed: %s: %s", self._store.uri, type(error).__name__, error)

    # --- when a node failed

    def _spill(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Write down what is in memory and needed by nodes that are not done."""
        with self._lock:
            state = self._state
            if not state.done:
                return
            failed = frozenset(self._started - state.done.keys())
            touched = {name for node in pipeline.nodes if node.name in failed for name in node.inputs}
            spilled, lost, size = set(), {}, 0
            for name in self._needed(pipeline, catalog, state):
                if name in state.shared and name in touched:
                    lost[name] = "nodes share the object, and the one that failed may have changed it"
                elif name in state.spilled:
                    spilled.add(name)  # it is where it was loaded from
                else:
                    try:
                        size += self._put(name, catalog)
                        spilled.add(name)
                    except Exception as error:  # noqa: BLE001  an object may raise anything when it is pickled
                        lost[name] = _reason(error)
            inputs = self._inputs(pipeline, catalog)
            self._state = replace(state, failed=failed, spilled=frozenset(spilled), lost=lost, inputs=inputs)
            self._write(self._state.last_line(), now=True)
            self._file.touch()
        logger.info("Kept for the next try: %d nodes done, %d datasets (%d bytes)", len(state.done), len(spilled), size)
        for name, reason in lost.items():
            logger.warning("'%s' cannot be kept for the next try, which makes it again: %s", name, reason)

    def _needed(self, pipeline: Pipeline, catalog: DataCatalog, state: SavedState) -> list[str]:
        """Datasets in memory that finished nodes made, others need, and the handoff does not have as they are."""
        waiting = {name for node in pipeline.nodes if node.name not in state.done for name in node.inputs}
        made = [name for node in pipeline.nodes if node.name in state.done for name in node.outputs]
        handed = set(self._request.gives) - state.shared
        return [name for name in made if name in waiting - handed and in_memory(_get(catalog, name))]

    def _put(self, name: str, catalog: DataCatalog) -> int:
        dataset: Any = _inner(_get(catalog, name))
        data = dataset._data if type(dataset) is MemoryDataset and dataset.exists() else dataset.load()
        return self._store.put(name, data)

    # --- what must be the same

    def _fingerprint(self, pipeline: Pipeline, catalog: DataCatalog) -> str:
        self._stamp = self._stamp or fingerprint(self._request, pipeline, catalog, self._conf)
        return self._stamp

    def _inputs(self, pipeline: Pipeline, catalog: DataCatalog) -> dict[str, str | None]:
        """Return what the data from elsewhere is, by dataset."""
        names = sorted(name for name in pipeline.inputs() if not is_parameter(name))
        return {name: self._input(name, _get(catalog, name)) for name in names}

    def _input(self, name: str, dataset: Any) -> str | None:
        if in_memory(dataset):
            return self._handoff.stamp(name)
        while isinstance(dataset, CachedDataset):
            dataset = dataset._dataset
        try:
            file_system = getattr(dataset, "_fs", None) or getattr(dataset, "_filesystem", None)
            usual = getattr(dataset, "_filepath", getattr(dataset, "_path", None))
            path = dataset._get_load_path() if hasattr(dataset, "_get_load_path") else usual
        except Exception:  # noqa: BLE001  a dataset may raise anything
            return None
        return None if file_system is None or path is None else stamp_of(file_system, str(path))

    def _shared_by_configuration(self, pipeline: Pipeline, catalog: DataCatalog) -> frozenset[str]:
        names = {name for node in pipeline.nodes for name in node.outputs}
        found = {name: _inner(_get(catalog, name)) for name in names}
        return frozenset(name for name, one in found.items() if getattr(one, "_copy_mode", None) == "assign")


def _reason(error: Exception) -> str:
    text = str(error.seen or error.what) if isinstance(error, AloftError) else f"{type(error).__name__}: {error}"
    return text[:300]


def _step(node: Any) -> Step:
    return Step(
        name=node.name, inputs=tuple(map(_base, node.inputs)), outputs=tuple(_base(name) for name in node.outputs)
    )


def _base(name: str) -> str:
    """The name of a dataset without what follows `@` in transcoded ones."""
    return name.partition("@")[0]


def _get(catalog: DataCatalog, name: str) -> Any:
    """The dataset of this name; one in memory when the catalog has none."""
    return catalog.get(name, fallback_to_runtime_pattern=True)


def _inner(dataset: Any) -> Any:
    """The catalog's own dataset behind the handoff's."""
    return dataset._inner if isinstance(dataset, HandoffDataset) and dataset._inner is not None else dataset


def _fill(dataset: Any, data: Any) -> None:
    """Give a dataset in memory what was loaded for it alone, so without another copy."""
    dataset = _inner(dataset)
    if type(dataset) is MemoryDataset:
        dataset._data = data
    else:
        dataset.save(data)


def _is_shared(dataset: Any, data: Any) -> bool:
    """Whether each node that loads a dataset gets the same object, and may change it for all others."""
    dataset = _inner(dataset)
    if not isinstance(dataset, MemoryDataset):
        return False
    mode = dataset._copy_mode or ("assign" if type(data).__name__ == "DataFrame" else "")
    return mode == "assign" and type(data).__module__.partition(".")[0] not in {*_UNCHANGEABLE, "pandas"}


def _list(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "") or "none"
