"""The rows that an Airflow which was killed leaves behind in its database."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

UNFINISHED_TASKS = "'running','queued','scheduled','restarting','deferred','up_for_retry','up_for_reschedule'"


def bury_unfinished(database: Path, *, runs: bool) -> None:
    """Mark what claims to be running as failed; to be called while no process of this Airflow runs.

    A job of a killed component would count as alive for 30 seconds, and its tasks as running for 5 minutes.

    Args:
        database: The SQLite file; nothing happens when there is none.
        runs: Whether to fail the unfinished runs and tasks too, or leave them to the next scheduler.
    """
    if not database.exists():
        return
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
    updates = ["UPDATE job SET state='failed', end_date=? WHERE state IN ('running','restarting')"]
    if runs:
        updates += [
            f"UPDATE task_instance SET state='failed', end_date=? WHERE state IN ({UNFINISHED_TASKS})",  # noqa: S608
            "UPDATE dag_run SET state='failed', end_date=? WHERE state IN ('running','queued')",
        ]
    # A database without these tables was never migrated; then there is nothing to bury.
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(database)) as connection:
        for update in updates:
            connection.execute(update, (now,))
        connection.commit()
