"""`kedro airflow diff`: what would change, and what that does to history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    return (
        builder.functions("def one(): return 1\ndef same(x): return x")
        .pipeline("__default__", "node(one, None, 'mem', name='first'), node(same, 'mem', 'kept', name='second')")
        .pickles("kept")
        .build()
    )


def test_a_new_file(project: Project) -> None:
    done = project.airflow("diff", "--exit-code")
    assert done.code == 1
    assert "would be new" in done.text
    assert not project.dags.exists()


def test_no_change(project: Project) -> None:
    project.create()
    assert "would not change" in project.airflow("diff", "--exit-code").ok().err


def test_a_harmless_change_shows_lines_and_writes_nothing(project: Project) -> None:
    (file,) = project.create()
    before = file.read_bytes()
    done = project.airflow("diff", "--exit-code", "--set=retries=5")
    assert done.code == 1
    assert '"retries": 5' in done.out
    assert "history" not in done.text
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("second", "renamed"), "second"),
        (("node(same, 'mem', 'kept', name='second')", ""), "second"),
    ],
)
def test_a_task_that_goes_leaves_its_history(project: Project, change: tuple[str, str], says: str) -> None:
    project.create()
    registry = project.path / "src" / project.package / "pipeline_registry.py"
    registry.write_text(registry.read_text().replace(*change))
    done = project.airflow("diff")
    assert done.code == 0
    warnings = [line for line in done.err.splitlines() if line.startswith("!")]
    assert any(says in line and "history" in line for line in warnings), done.text


def test_another_dag_id_leaves_all_history(project: Project) -> None:
    project.create()
    done = project.airflow("diff", "--set=dag_id=other")
    assert any("other" in line and "history" in line for line in done.err.splitlines() if line.startswith("!"))


def test_grouping_breaks_the_history_of_what_it_joins(project: Project) -> None:
    project.create("-g", "none")
    warnings = [line for line in project.airflow("diff", "-g", "memory").err.splitlines() if line.startswith("!")]
    assert any("first" in line for line in warnings)


def test_auto_leaves_every_node_the_id_that_it_had_as_a_task(project: Project) -> None:
    project.create("-g", "none")
    text = project.airflow("diff", "-g", "auto").ok().err
    assert "Task 'first__second' is new" in text
    assert "disappears" not in text
