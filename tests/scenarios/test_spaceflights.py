"""Issue 2: on Airflow the example leaves what `kedro run` leaves, from an unedited catalog with data in memory."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.testing.files import compare_directories
from support.airflow import share_airflow
from support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.embedded import EmbeddedAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

EXAMPLE = Path(__file__).parents[2] / "examples" / "spaceflights"
DATA_VARIABLE = "SPACEFLIGHTS_DATA"
IN_MEMORY = {"X_train", "X_test", "y_train", "y_test", "regressor", "metrics"}
NOT_COPIED = shutil.ignore_patterns("data", ".airflow", "__pycache__", "airflow_dags", "local")


def copy_of_the_example(folder: Path, write_data: Callable[[Path], None]) -> Project:
    """Copy the example as it is in the repository, and give it raw data."""
    shutil.copytree(EXAMPLE, folder, ignore=NOT_COPIED)
    (folder / "conf" / "local").mkdir()
    raw = folder / "data" / "01_raw"
    raw.mkdir(parents=True)
    write_data(raw)
    return Project(folder, "spaceflights")


def compare_with_kedro_run(tmp_path: Path, airflow: EmbeddedAirflow, write_data: Callable[[Path], None]) -> None:
    """Run two copies, one with Kedro and one on Airflow under two groupings, and compare every file of their data."""
    plain = copy_of_the_example(tmp_path / "kedro", write_data)
    plain.kedro("run").ok()
    on_airflow = share_airflow(copy_of_the_example(tmp_path / "airflow", write_data), airflow.project_path)
    assert {crossing["dataset"] for crossing in on_airflow.plan()["handoff"]} == IN_MEMORY
    before = on_airflow.tree("data")
    for grouping in ("none", "memory"):
        for folder in ("02_intermediate", "03_primary", "08_reporting"):
            shutil.rmtree(on_airflow.path / "data" / folder, ignore_errors=True)
        outcome = on_airflow.run(f"--group-by={grouping}")
        assert outcome["state"] == "success", outcome
        files = compare_directories(plain.path / "data", on_airflow.path / "data")
        assert len(files) >= 9
        assert [f"{file.path}: {file.verdict}" for file in files if not file.equal] == []
    assert on_airflow.tree("data") == before


def test_on_data_that_the_example_makes_up(tmp_path: Path, shared_airflow: EmbeddedAirflow) -> None:
    """The example's own data, three times as much as in the demo."""
    spec = importlib.util.spec_from_file_location("spaceflights_make_data", EXAMPLE / "make_data.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.COMPANIES, module.SHUTTLES = 3 * module.COMPANIES, 3 * module.SHUTTLES
    compare_with_kedro_run(tmp_path, shared_airflow, module.write_raw_files)


@pytest.mark.skipif(DATA_VARIABLE not in os.environ, reason=f"{DATA_VARIABLE} names no folder with the tutorial's data")
def test_on_the_data_of_kedros_tutorial(tmp_path: Path, shared_airflow: EmbeddedAirflow) -> None:
    """The real tables of the Kedro tutorial: 77,000 shuttles."""
    source = Path(os.environ[DATA_VARIABLE])

    def write_data(raw: Path) -> None:
        for name in ("companies.csv", "reviews.csv", "shuttles.xlsx"):
            (raw / name).symlink_to(source / name)

    compare_with_kedro_run(tmp_path, shared_airflow, write_data)
