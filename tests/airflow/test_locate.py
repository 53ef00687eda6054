"""The project is found on the worker, or the error says where we looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.airflow import KedroPipeline
from kedro_aloft.airflow.locate import PROJECT_PATH_VARIABLE, find_project
from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.airflow


def project_at(path: Path, package: str = "shop") -> Path:
    """Make what marks a project."""
    path.mkdir(parents=True)
    (path / "pyproject.toml").write_text(
        f'[project]\nname = "x"\n\n[tool.kedro]\nproject_name = "a"\npackage_name = "{package}"\n'
    )
    return path.resolve()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.delenv(PROJECT_PATH_VARIABLE, raising=False)


def found(tmp_path: Path, dag: str = "dags/dag.py", **fields: str) -> Path:
    return find_project(KedroPipeline(package="shop", **fields), str(tmp_path / dag))


def test_a_project_above_the_dag_file_is_found(tmp_path: Path) -> None:
    path = project_at(tmp_path / "shop")
    assert found(tmp_path, "shop/airflow_dags/deep/dag.py") == path


def test_a_project_of_another_package_is_passed_by(tmp_path: Path) -> None:
    outer = project_at(tmp_path / "outer")
    project_at(tmp_path / "outer/inner", "other")
    assert found(tmp_path, "outer/inner/dags/dag.py") == outer


def test_a_project_above_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project_at(tmp_path / "here")
    monkeypatch.chdir(path)
    assert found(tmp_path) == path


def test_a_named_path_counts_first_and_is_relative_to_the_dag_file(tmp_path: Path) -> None:
    project_at(tmp_path / "shop")
    assert found(tmp_path, "shop/dags/dag.py", project_path="../../elsewhere") == (tmp_path / "elsewhere").resolve()
    assert str(found(tmp_path, "shop/dags/dag.py", project_path="/srv/shop")) == "/srv/shop"


def test_the_variable_of_the_workers_counts_before_looking_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_at(tmp_path / "shop")
    monkeypatch.setenv(PROJECT_PATH_VARIABLE, "/opt/shop")
    assert str(found(tmp_path, "shop/dags/dag.py")) == "/opt/shop"


def test_an_installed_package_runs_where_the_task_is(tmp_path: Path) -> None:
    kedro = KedroPipeline(package="kedro_aloft")
    assert find_project(kedro, str(tmp_path / "dags/dag.py")) == (tmp_path / "cwd")


def test_no_project_anywhere_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    kedro = KedroPipeline(package="nobody_has_this")
    with pytest.raises(RunError, match="package 'nobody_has_this' is not on this worker") as caught:
        find_project(kedro, str(tmp_path / "dags/dag.py"))
    assert PROJECT_PATH_VARIABLE in caught.value.remedy
    assert str(tmp_path / "cwd") in caught.value.seen
