"""What lies in `.airflow/`: private, unchanged by a second start, never that of another Airflow."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.embedded import EmbeddedAirflow
from kedro_aloft.embedded.config import airflow_environment, machine_parallelism, read_keys
from kedro_aloft.embedded.control import _refuse_broken_pair
from kedro_aloft.embedded.database import bury_unfinished, fits, mark_migrated, set_aside_newer
from kedro_aloft.embedded.layout import Layout
from kedro_aloft.errors import EmbeddedError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.of_project(tmp_path)
    layout.make()
    return layout


def _environment(layout: Layout, base: dict[str, str], **extra: str) -> dict[str, str]:
    return airflow_environment(
        layout, keys=read_keys(layout), port=4242, parallelism=2, scheduled=False, base=base, extra=extra
    )


def test_keys_are_made_once_and_private(layout: Layout) -> None:
    keys = read_keys(layout)
    assert read_keys(layout) == keys
    assert stat.S_IMODE(layout.keys.stat().st_mode) == 0o600
    assert keys.password not in repr(keys)


def test_no_setting_of_another_airflow_leaks_in(layout: Layout) -> None:
    base = {
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "_AIRFLOW_X": "1",
        "AIRFLOW_CONN_S3": "aws://",
        "AIRFLOW_VAR_DAY": "monday",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MY_TOKEN": "t",
    }
    environment = _environment(layout, base)
    assert environment["AIRFLOW_HOME"] == str(layout.home)
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert {name for name in base if environment.get(name) == base[name]} == {
        *("AIRFLOW_CONN_S3", "AIRFLOW_VAR_DAY", "MY_TOKEN")
    }
    assert "PYTHONDONTWRITEBYTECODE" not in environment


def test_the_caller_may_tune_but_not_move_it(layout: Layout) -> None:
    environment = _environment(layout, {}, AIRFLOW__CORE__PARALLELISM="9", AIRFLOW_HOME="/elsewhere")
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "9"
    assert environment["AIRFLOW_HOME"] == str(layout.home)


def test_a_database_fits_the_airflow_that_migrated_it(layout: Layout) -> None:
    assert not fits(layout, "3.3.2")
    layout.database.touch()
    mark_migrated(layout, "3.3.2")
    assert fits(layout, "3.3.2")
    assert not fits(layout, "3.1.8")


@pytest.mark.parametrize(("other", "stays"), [("3.10.0", False), ("3.3.2", True), ("3.1.8", True)])
def test_a_database_of_a_newer_airflow_is_set_aside(layout: Layout, other: str, stays: bool) -> None:
    layout.database.write_text("rows")
    mark_migrated(layout, other)
    set_aside_newer(layout, "3.3.2")
    assert layout.database.exists() is stays
    kept = layout.database if stays else layout.database.with_name(f"airflow-{other}.db")
    assert kept.read_text() == "rows"


def test_what_a_killed_airflow_left_running_is_buried(layout: Layout) -> None:
    with closing(sqlite3.connect(layout.database)) as database:
        for table in ("job", "task_instance", "dag_run"):
            database.execute(f"CREATE TABLE {table} (state TEXT, end_date TEXT)")
            database.execute(f"INSERT INTO {table} VALUES ('running', NULL), ('success', 'then')")
        database.commit()
    bury_unfinished(layout.database, runs=True)
    with closing(sqlite3.connect(layout.database)) as database:
        for table in ("job", "task_instance", "dag_run"):
            rows = database.execute(f"SELECT state, end_date FROM {table} ORDER BY state").fetchall()
            assert [state for state, _ in rows] == ["failed", "success"]
            assert rows[0][1]
            assert rows[1][1] == "then"


def test_nothing_is_buried_where_nothing_is(layout: Layout) -> None:
    bury_unfinished(layout.database, runs=True)
    assert not layout.database.exists()
    layout.database.touch()
    bury_unfinished(layout.database, runs=True)


def test_a_pair_that_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _name: "0.118.0")
    _refuse_broken_pair("3.1.8")
    with pytest.raises(EmbeddedError) as caught:
        _refuse_broken_pair("3.0.6")
    assert "fastapi<0.118" in caught.value.remedy


def test_without_airflow_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(EmbeddedError) as caught:
        EmbeddedAirflow(tmp_path).up()
    assert caught.value.remedy == "pip install 'kedro-aloft[airflow]'"


def test_other_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(EmbeddedError, match="Linux only"):
        EmbeddedAirflow(tmp_path)


def test_parallelism_follows_the_machine() -> None:
    assert machine_parallelism() >= 2
