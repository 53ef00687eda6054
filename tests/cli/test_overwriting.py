"""`create` where a DAG file is already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    project = (
        builder.functions("def one(): return 1")
        .pipeline("__default__", "node(one, None, 'kept', name='first')")
        .pipeline("prod", "node(one, None, 'kept', name='first')")
        .pickles("kept")
        .build()
    )
    (project.path / "conf" / "prod").mkdir()
    return project


def test_the_file_of_another_dag_is_not_overwritten(project: Project) -> None:
    (file,) = project.create("--pipelines=prod")
    before = file.read_bytes()
    done = project.airflow("create", "--env=prod")
    assert done.code == 1
    assert "ALOFT-407" in done.err
    assert "`prod`" in done.err
    assert [one.read_bytes() for one in project.dag_files] == [before]
    project.airflow("create", "--env=prod", "--target-dir=airflow_dags/prod").ok()


def test_edits_by_hand_are_kept_beside(project: Project) -> None:
    (file,) = project.create()
    edited = file.read_text(encoding="utf-8").replace('"retries": 1', '"retries": 9')
    file.write_text(edited, encoding="utf-8")
    done = project.airflow("create").ok()
    assert "edited by hand" in done.err
    assert '"retries": 1' in file.read_text(encoding="utf-8")
    assert file.with_name(f"{file.name}.edited").read_text(encoding="utf-8") == edited


def test_a_file_of_our_own_is_updated_without_a_word(project: Project) -> None:
    (file,) = project.create()
    done = project.airflow("create", "--set=retries=4").ok()
    assert "edited" not in done.err
    assert [path.name for path in project.dags.iterdir()] == [file.name]


def test_a_file_that_is_not_ours_is_replaced_as_kedro_airflow_does(project: Project) -> None:
    (file,) = project.create()
    file.write_text("from airflow import DAG\n", encoding="utf-8")
    project.airflow("create").ok()
    assert "KedroOperator" in file.read_text(encoding="utf-8")
