"""The SQLite database of the embedded Airflow: which Airflow it fits, and what a killed one leaves in it."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.embedded.layout import Layout

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


def tasks_at_work(database: Path) -> frozenset[tuple[int, str | None, int]]:
    """Return how many tasks of which run at work are in which state; nothing when the database cannot say."""
    query = """
        SELECT dag_run.id, task_instance.state, count(*) FROM dag_run JOIN task_instance USING (dag_id, run_id)
        WHERE dag_run.state = 'running' GROUP BY 1, 2
    """
    address = f"{database.as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            return frozenset(connection.execute(query))
    except sqlite3.Error:
        return frozenset()


def fits(layout: Layout, airflow: str) -> bool:
    """Whether the Airflow of this very version has migrated the database."""
    return layout.database.exists() and _migrated_by(layout) == airflow


def set_aside_newer(layout: Layout, airflow: str) -> None:
    """Rename a database that a newer Airflow has migrated: an older one can neither read nor migrate it."""
    other = _migrated_by(layout)
    if _numbers(other) <= _numbers(airflow):
        return
    for suffix in ("", "-wal", "-shm"):
        file = layout.database.with_name(layout.database.name + suffix)
        if file.exists():
            file.replace(file.with_name(f"airflow-{other}.db{suffix}"))


def mark_migrated(layout: Layout, airflow: str) -> None:
    """Remember which Airflow has migrated the database."""
    layout.database_version.write_text(airflow, encoding="utf-8")


def _migrated_by(layout: Layout) -> str:
    try:
        return layout.database_version.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
