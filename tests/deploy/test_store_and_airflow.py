"""Airflow looks for DAGs in hidden folders too, and finds none in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import ProjectBuilder


@pytest.mark.airflow
@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")
def test_airflow_finds_the_live_dag_files_and_none_of_older_releases(builder: ProjectBuilder, tmp_path: Path) -> None:
    from airflow.utils.file import list_py_file_paths

    project = builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'x', name='a')").build()
    project.write("requirements.txt", "kedro\n")
    folder = tmp_path / "dags"
    for value in (1, 2):
        project.write(f"src/{project.package}/functions.py", f"def one(): return {value}\n")
        project.airflow("deploy", folder).ok()
    assert len(list((folder / ".kedro-aloft").rglob("blobs/*.dag"))) == 2
    found = list_py_file_paths(folder)
    assert [path.rpartition("/")[2] for path in found] == [f"{project.package}_dag.py"]


@pytest.mark.parametrize("place", [".", "dags", "src/dags"])
def test_a_folder_that_the_release_would_take_along_is_refused(builder: ProjectBuilder, place: str) -> None:
    project = builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'x', name='a')").build()
    (project.path / place).mkdir(exist_ok=True)
    done = project.airflow("deploy", f"./{place}", "--dry-run")
    assert done.code == 1
    assert "ALOFT-905" in done.err


def test_a_folder_that_no_release_takes_along_may_lie_inside(builder: ProjectBuilder) -> None:
    project = builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'x', name='a')").build()
    project.write("requirements.txt", "kedro\n")
    first = project.airflow("deploy", "dist/dags", "--json").ok().json()
    assert project.airflow("deploy", "dist/dags", "--json").ok().json()["release"] == first["release"]
