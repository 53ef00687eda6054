"""Meter: seconds, memory, rows and bytes of each node, and one foldable section of the log per node."""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.journal import KEPT, RUNNING, NodeEntry, entry_of
from kedro_aloft.contract.report import DatasetReport, NodeReport
from kedro_aloft.runtime.failure import mark_node
from kedro_aloft.runtime.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

logger = logging.getLogger(__name__)

_ONE_AFTER_THE_OTHER = "SequentialRunner"
_KIB_PER_MIB = 1024


class Meter:
    """Collects what each node did. Safe for runners that run nodes in threads.

    Args:
        tell: Called when a node starts and when it ends, with its name and its entry in the journal. Not in processes
            that a runner starts: what was told there would be known there alone.
    """

    def __init__(self, tell: Callable[[str, NodeEntry], None] | None = None) -> None:
        self._listeners = [] if tell is None else [tell]
        self._kept: dict[str, NodeReport] = {}
        self._process = os.getpid()
        self._tail = Tail()
        self.started = False
        self.failed_node: str | None = None
        self._done: dict[str, NodeReport] = {}
        self._outputs: dict[str, dict[str, DatasetReport]] = {}

    def listen(self, listener: Callable[[str, NodeEntry], None]) -> None:
        """Tell one more when nodes start and end, before those who came first."""
        self._listeners.insert(0, listener)

    def keep(self, node: str, entry: NodeEntry) -> None:
        """Note a node that was done by an earlier try and is not run again."""
        outputs = tuple(DatasetReport(name=name, kept_in=place) for name, place in entry.outputs.items())
        self._kept[node] = NodeReport(
            name=node, state=KEPT, seconds=entry.seconds, peak_memory_mib=entry.peak, outputs=outputs
        )
        self._note(node, entry)

    @contextmanager
    def watch_nodes(self, runner: str) -> Iterator[None]:
        """Measure every node while Kedro's runner runs.

        Kedro has no hook around a whole node (loading, running and saving), but all its runners run nodes through
        `Task.execute`.
        """
        from kedro.runner import Task

        original = Task.execute
        folded = runner == _ONE_AFTER_THE_OTHER
        self.started = "." in runner  # a user's own may run nodes where we cannot look

        def execute(task: Any) -> Any:
            with self._measure(task.node.name, folded=folded):
                return original(task)

        setattr(Task, "execute", execute)  # noqa: B010  as the type checker wants it
        try:
            with self._tail.listening():
                yield
        finally:
            setattr(Task, "execute", original)  # noqa: B010

    def saved(self, node: str, dataset: str, report: DatasetReport) -> None:
        """Note that a node saved a dataset; the last save counts (generators save many times)."""
        self._outputs.setdefault(node, {})[dataset] = report

    def reports(self, nodes: Sequence[str], *, ok: bool) -> tuple[NodeReport, ...]:
        """Return the reports in the order of the nodes' ends.

        Args:
            nodes: All nodes of the task.
            ok: Whether the task succeeded: then nodes that ran where we could not look (other processes, a runner
                of the user's own) are reported as successful, without figures.
        """
        unseen = [name for name in nodes if ok and name not in self._done and name not in self._kept]
        own = (*self._done.values(), *(NodeReport(name=name, state="success") for name in unseen))
        return (*self._kept.values(), *own)

    @contextmanager
    def _measure(self, node: str, *, folded: bool) -> Iterator[None]:
        if folded:
            logger.info("::group::Node %s", node)
        self.started = True
        begin, started = _now(), time.perf_counter()
        self._note(node, NodeEntry(state=RUNNING, start=begin))
        self._tail.begin()
        state, message, tail = "failed", "", ""
        try:
            yield
            state = "success"
        except BaseException as error:
            self.failed_node = self.failed_node or node
            message, tail = f"{type(error).__name__}: {error}", self._tail.last_lines(error)
            mark_node(error, node)
            raise
        finally:
            seconds = time.perf_counter() - started
            self._done[node] = NodeReport(
                name=node,
                state=state,
                seconds=round(seconds, 6),
                peak_memory_mib=_peak_memory_mib(),
                outputs=tuple(self._outputs.get(node, {}).values()),
            )
            self._note(node, entry_of(self._done[node], start=begin, end=_now(), message=message, tail=tail))
            if folded:
                logger.info("Node %s: %s in %.3f s", node, state, seconds)
                logger.info("::endgroup::")

    def _note(self, node: str, entry: NodeEntry) -> None:
        if os.getpid() == self._process:
            for listener in self._listeners:
                listener(node, entry)


def _now() -> float:
    """Seconds since 1970, with as many decimals as a journal needs."""
    return round(time.time(), 3)


def rows_of(data: Any) -> int | None:
    """Return the number of rows of a table-like object without computing anything, else None."""
    for attribute in ("num_rows", "height"):
        value = getattr(data, attribute, None)
        if isinstance(value, int):
            return value
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and shape and isinstance(shape[0], int):
        return shape[0]
    return len(data) if isinstance(data, (list, tuple)) else None


def bytes_of(data: Any) -> int | None:
    """Return the size of the data in memory where it is known at no cost, else None."""
    if isinstance(data, (bytes, bytearray, str)):
        return len(data)
    size = getattr(data, "nbytes", None)
    if isinstance(size, int):
        return size
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "memory_usage"):
        usage = data.memory_usage(deep=False)
        return int(usage if isinstance(usage, int) else usage.sum())
    return None


def _peak_memory_mib() -> float:
    """Highest resident memory of this process so far. Linux counts in KiB, macOS in bytes. Source: getrusage(2)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = _KIB_PER_MIB if sys.platform != "darwin" else _KIB_PER_MIB**2
    return round(peak / unit, 1)
