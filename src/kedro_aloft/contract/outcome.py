"""How a DAG run ended, as the tasks that come last see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SUCCESS, FAILED, STOPPED = "success", "failed", "stopped"

_GOOD_STATES = frozenset({"success", "skipped"})


def without(states: Mapping[str, str | None], tasks: Collection[str]) -> dict[str, str | None]:
    """Return the states of all other tasks: teardowns run beside each other, and say nothing of how the run ended."""
    return {task_id: state for task_id, state in states.items() if task_id not in tasks}


def all_well(states: Mapping[str, str | None]) -> bool:
    """Whether every task ended well; a task that was never reached did not."""
    return all(state in _GOOD_STATES for state in states.values())


def outcome(states: Mapping[str, str | None]) -> str:
    """Return how the run ended.

    Our DAGs skip nothing themselves. Airflow skips what was still to come when somebody marks a run as failed.
    """
    if "skipped" in states.values():
        return STOPPED
    return SUCCESS if all_well(states) else FAILED


def failed_tasks(states: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the ids of the tasks that failed themselves, sorted."""
    return tuple(sorted(task_id for task_id, state in states.items() if state == "failed"))
