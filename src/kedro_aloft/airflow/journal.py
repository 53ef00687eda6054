"""The journal of a running task, kept in XCom while the task's nodes run."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.compat import airflow_hears_threads, airflow_redact
from kedro_aloft.contract.batch import Batch
from kedro_aloft.contract.journal import KEPT, Journal, NodeEntry, entry_of
from kedro_aloft.contract.keys import JOURNAL_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from airflow.sdk import Context

    from kedro_aloft.contract.report import TaskReport

logger = logging.getLogger(__name__)


class JournalKeeper:
    """Keeps the journal of one try in XCom. Nothing that goes wrong with it is felt by the task.

    Args:
        ti: The task instance.
        clear_number: How often the DAG run was cleared.
        kept: Nodes that need not run again.
        remember: Called with the journal before anybody can read it.
    """

    def __init__(
        self,
        ti: Any,
        *,
        clear_number: int = 0,
        kept: Collection[str] = (),
        remember: Callable[[Journal], None] | None = None,
    ) -> None:
        self._ti = ti
        self._remember = remember
        self._lock = threading.Lock()
        self._batch = Batch(self._push)
        self._live = airflow_hears_threads()
        self.journal = Journal(
            attempt=str(ti.id),
            try_number=ti.try_number,
            clear_number=clear_number,
            started=round(time.time(), 3),
            nodes={node: NodeEntry(state=KEPT) for node in kept},
        )
        if kept and self._live:
            self._batch.touch()

    def add(self, nodes: Mapping[str, Any]) -> None:
        """Take what the runtime tells: entries by node, as JSON types."""
        with self._lock:
            for name, entry in nodes.items():
                self.journal = self.journal.with_node(name, NodeEntry.from_json(entry))
        if self._live:
            self._batch.touch()

    def complete(self, report: TaskReport) -> None:
        """Take from the report what nobody told while it happened: nodes in processes of their own."""
        for node in report.nodes:
            told = self.journal.nodes.get(node.name)
            if told is None or told.state == "running":
                self.journal = self.journal.with_node(node.name, entry_of(node, start=None, end=None))

    def close(self) -> None:
        """Push the journal for the last time."""
        self._batch.close()
        self.journal = self.journal.with_end(round(time.time(), 3))
        self._push()

    def _push(self) -> None:
        with self._lock:
            journal = self.journal
        try:
            if self._remember is not None:
                self._remember(journal)
            self._ti.xcom_push(key=JOURNAL_KEY, value=_without_secrets(journal).to_dict())
        except Exception as error:  # noqa: BLE001  an XCom backend may raise anything
            logger.warning("The journal of this task could not be left in XCom: %s: %s", type(error).__name__, error)


def _without_secrets(journal: Journal) -> Journal:
    for name, entry in journal.nodes.items():
        if entry.message or entry.tail:
            clean = replace(entry, message=airflow_redact(entry.message), tail=airflow_redact(entry.tail))
            journal = journal.with_node(name, clean)
    return journal


@contextmanager
def keep_journal(context: Context, **more: Any) -> Iterator[JournalKeeper]:
    """Give the keeper of a task's journal, which is pushed for the last time however the task ends.

    Args:
        context: Airflow's context of the task.
        more: Other arguments of `JournalKeeper`.
    """
    clear_number = getattr(context["dag_run"], "clear_number", 0) or 0
    keeper = JournalKeeper(context["ti"], clear_number=clear_number, **more)
    try:
        yield keeper
    finally:
        keeper.close()
