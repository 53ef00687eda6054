"""How long the scheduler of the embedded Airflow pauses, by what happens and by what looking costs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.embedded.adapt import BUSY_SLEEP_S, IDLE_SLEEP_S, LONGEST_SLEEP_S, new_pace
from kedro_aloft.embedded.database import tasks_at_work

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Clocks:
    """Time and processor time, which go on when told."""

    def __init__(self) -> None:
        self.now = self.used = 0.0
        self.pace: Callable[[object], float] = new_pace(lambda: self.now, lambda: self.used)

    def after(self, seconds: float, work: object, *, loop_s: float = 0.01) -> float:
        """Return the pause after a loop at this time, with what is at work."""
        self.now += seconds
        self.used += loop_s
        return self.pace(work)


def test_while_things_happen_the_pause_is_short() -> None:
    clocks = Clocks()
    assert {clocks.after(60, number) for number in range(5)} == {BUSY_SLEEP_S}


def test_while_nothing_happens_it_grows_and_one_change_makes_it_short_again() -> None:
    clocks = Clocks()
    pauses = [clocks.after(1, "waits") for _ in range(20)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (BUSY_SLEEP_S, IDLE_SLEEP_S)
    assert BUSY_SLEEP_S < pauses[5] < IDLE_SLEEP_S
    assert clocks.after(1, "moves") == BUSY_SLEEP_S


def test_where_a_loop_is_dear_pauses_grow_further() -> None:
    clocks = Clocks()
    clocks.after(1, "waits")
    assert clocks.after(100, "waits", loop_s=0.1) == pytest.approx(0.9)
    assert clocks.after(100, "waits", loop_s=1.0) == LONGEST_SLEEP_S
    assert clocks.after(100, "waits") == IDLE_SLEEP_S
    assert clocks.after(1, "moves", loop_s=1.0) == BUSY_SLEEP_S


def test_what_is_at_work_are_the_tasks_of_runs_at_work(tmp_path: Path) -> None:
    database = tmp_path / "airflow.db"
    assert tasks_at_work(database) == frozenset()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE dag_run (id, dag_id, run_id, state)")
        connection.execute("CREATE TABLE task_instance (dag_id, run_id, state)")
        for number, state in enumerate(("running", "success")):
            connection.execute("INSERT INTO dag_run VALUES (?, ?, 'r', ?)", (number, f"dag-{number}", state))
            for task_state in ("running", None, None):
                connection.execute("INSERT INTO task_instance VALUES (?, 'r', ?)", (f"dag-{number}", task_state))
        connection.commit()
    assert tasks_at_work(database) == {(0, "running", 1), (0, None, 2)}


@pytest.mark.airflow
def test_what_is_asked_of_the_database_is_there(airflow_database: Path) -> None:
    with closing(sqlite3.connect(airflow_database)) as connection:
        for table, columns in {"dag_run": {"id", "dag_id", "run_id"}, "task_instance": {"dag_id", "run_id"}}.items():
            found = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
            assert found >= columns | {"state"}
