"""Look at runs: their tasks, their data, their end."""

from __future__ import annotations

import pickle
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEADLINE_S = 600.0


def tasks_of(outcome: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tasks of `kedro airflow run --json` by id."""
    return {task["id"]: task for task in outcome["tasks"]}


def wait_until(condition: Callable[[], Any], what: str, *, deadline_s: float = DEADLINE_S) -> Any:
    """Poll until a condition is true and return its value; fail after a deadline that is far too long."""
    deadline = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
    return value


def unpickle(path: Path) -> Any:
    """Return the object in a file that a test's own project wrote."""
    return pickle.loads(path.read_bytes())
