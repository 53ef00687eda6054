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
