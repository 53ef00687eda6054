"""What a fused task that starts shall run: what its mirrors ask for, and what it remembers from try to try."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.mirror import Finished, nodes_to_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from kedro_aloft.contract.journal import Journal

logger = logging.getLogger(__name__)

_FINISHED_KEY = "kedro_finished"
"""Key in Airflow's store for the state of a task, which outlives its tries and clears; Airflow ≥ 3.3."""

_ENDED_ILL = frozenset({"failed", "upstream_failed", "skipped"})
"""States of static mirrors whose task failed, and that nobody has cleared since."""


class Asking:
    """Asks the mirrors of a fused task, and keeps the list of its finished nodes.

    Args:
        mirrors: Task id of each node's mirror.
        context: Airflow's context of the runner.
    """

    def __init__(self, mirrors: Mapping[str, str], context: Context) -> None:
        self._store: Any = context.get("task_state_store")
        clear_number, ti = getattr(context["dag_run"], "clear_number", 0) or 0, context["ti"]
        before = Finished.from_json(self._read())
        states = _states(mirrors, ti)
        asked = nodes_to_run(states, before, clear_number=clear_number)
        self.doubtful = tuple(node for node in asked if before is None and states[node] in _ENDED_ILL)
        """Nodes that nobody cleared, and that may be done: without that store, only what the runtime noted says so."""
        by_itself = ti.try_number <= 1 or (before is not None and before.clear_number == clear_number)
        unheard = not by_itself or (clear_number > 0 and ti.try_number > 1)
        self.rerun = tuple(node for node in asked if node not in self.doubtful) if unheard else None
        """The nodes that must run; None where nobody ever cleared anything, and the runtime knows best what is left.

        It also knows best once it has noted a try since the last clear, but that one may have been killed before.
        """
        self.kept = [] if by_itself else [node for node in mirrors if node not in asked]
        """The nodes that nobody wants again."""
        self._finished = (before or Finished()).without(asked, clear_number=clear_number)
        self._write()

    def remember(self, journal: Journal) -> None:
        """Note what is done, and what is not any more; before anybody may read it."""
        finished = self._finished.after(journal)
        if finished != self._finished:
            self._finished = finished
            self._write()

    def _read(self) -> Any:
        return None if self._store is None else self._store.get(_FINISHED_KEY)

    def _write(self) -> None:
        if self._store is not None:
            self._store.set(_FINISHED_KEY, self._finished.to_json())


def _states(mirrors: Mapping[str, str], ti: Any) -> dict[str, str | None]:
    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(mirrors.values()), run_ids=[ti.run_id])
    states = found.get(ti.run_id, {})
    return {node: _text(states.get(task_id)) for node, task_id in mirrors.items()}


def _text(state: Any) -> str | None:
    return None if state is None else str(getattr(state, "value", state))
