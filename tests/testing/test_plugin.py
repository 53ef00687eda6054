"""`kedro airflow init --tests` and the fixtures, as a project uses them: with a pytest of its own."""

from __future__ import annotations

import json
import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from support.commands import program, run_command, run_python
from support.pages import ROOT
from support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

    from support.commands import Done
    from support.projects import ProjectBuilder

pytestmark = pytest.mark.airflow

TESTS = "tests/test_airflow_integrity.py"
IDS = "tests/airflow_task_ids.json"
NODES = "src/spaceflights/pipelines/data_science/pipeline.py"


def pytest_in(project: Project, *args: str) -> Done:
    return run_command(
        sys.executable, "-W", "error", "-m", "pytest", "-rA", "-p", "no:cacheprovider", *args, cwd=project.path
    )


def outcomes(done: Done) -> dict[str, str]:
    """Outcome by the name of the test, without parameters."""
    return {name: outcome for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", done.out, re.MULTILINE)}


@pytest.fixture
def spaceflights(tmp_path: Path) -> Project:
    shutil.copytree(
        ROOT / "examples/spaceflights",
        tmp_path / "spaceflights",
        ignore=shutil.ignore_patterns("data", ".airflow", "airflow_dags", "__pycache__"),
    )
    return Project(tmp_path / "spaceflights", "spaceflights")


def test_the_written_tests_pass_on_the_example_and_fail_when_it_is_broken(spaceflights: Project) -> None:
    spaceflights.airflow("init", "--tests").ok()
    done = pytest_in(spaceflights).ok()
    assert set(outcomes(done).values()) == {"PASSED"}
    assert len(outcomes(done)) == 6
    assert not (spaceflights.path / "airflow_dags").exists()

    _replace(spaceflights, NODES, 'name="split_data_node"', 'name="cut_data_node"')
    _replace(spaceflights, "conf/base/catalog.yml", "type: json.JSONDataset", "type: jsonn.JSONDataset")
    broken = pytest_in(spaceflights)
    assert broken.code == 1
    failed = {name for name, outcome in outcomes(broken).items() if outcome == "FAILED"}
    assert failed == {"test_task_ids_are_stable", "test_no_finding_is_an_error"}
    assert "cut_data_node" in broken.out
    assert "jsonn" in broken.out


def test_ids_are_recorded_anew_on_demand_and_the_tests_are_left_to_the_user(builder: ProjectBuilder) -> None:
    project = (
        builder.functions("def same(x): return x")
        .pipeline("first", "node(same, 'params:a', 'b', name='one'), node(same, 'b', 'c', name='two')")
        .pipeline("second", "node(same, 'params:a', 'd', name='one')")
        .parameters(a=1)
        .build()
    )
    project.airflow("init", "--tests").ok()
    assert json.loads((project.path / IDS).read_text()) == {"first": ["one", "two"], "second": ["one"]}
    assert 'PIPELINES = ["first", "second"]' in (project.path / TESTS).read_text()
    assert not (project.path / "conf/base/airflow.yml").exists()
    project.write(TESTS, "# mine\n")
    registry = project.path / f"src/{project.package}/pipeline_registry.py"
    registry.write_text(registry.read_text().replace("'two'", "'zwei'"))
    again = project.airflow("init", "--tests")
    assert again.code == 2
    assert "--force" in again.err
    project.airflow("init", "--tests", "--force").ok()
    assert json.loads((project.path / IDS).read_text())["first"] == ["one", "zwei"]
    assert (project.path / TESTS).read_text() == "# mine\n"


RUN = """
    import os
    import sys
    from pathlib import Path

    import pytest

    pytest_plugins = ["kedro_aloft.testing"]


    @pytest.fixture(scope="session")
    def kedro_project_path():
        return Path(__file__).parent.parent


    def test_plan_and_dag_tell_the_same(kedro_plan, kedro_dag):
        assert [task.nodes for task in kedro_plan.tasks] == [("double",), ("text",)]
        assert kedro_dag.get_task("double").downstream_task_ids >= {"text"}


    def test_a_run(run_dag):
        run = run_dag(params={"n": 4}, data=Path(__file__).with_name("small"))
        assert run.state == "success", run.result.failures
        assert {run.tasks[name] for name in ("double", "text")} == {"success"}
        assert dict(run.nodes) == {"double": "success", "text": "success"}
        assert dict(run.outputs) == {"out": "8 of small"}
        with pytest.raises(KeyError):
            run.outputs["doubled"]


    def test_a_run_that_fails(run_dag):
        run = run_dag(params={"n": "x"}, data=Path(__file__).with_name("small"))
        assert (run.state, run.tasks["double"], run.tasks["text"]) == ("failed", "failed", "upstream_failed")
        assert dict(run.nodes) == {"double": "failed", "text": "upstream_failed"}
        assert "not a number" in run.result.failures["double"]


    def test_nothing_is_left_behind():
        assert not (Path(__file__).parent.parent / "data/out.txt").exists()
        assert "AIRFLOW_HOME" not in os.environ
"""


def test_the_fixtures_run_a_dag_in_a_copy(builder: ProjectBuilder) -> None:
    project = (
        builder.functions(
            """
            def double(n):
                if isinstance(n, str): raise TypeError("not a number")
                return 2 * n

            def text(doubled, raw): return f"{doubled} of {raw}"
            """
        )
        .pipeline(
            "__default__",
            'node(double, "params:n", "doubled", name="double"), node(text, ["doubled", "raw"], "out", name="text")',
        )
        .catalog(
            """
            raw: {type: text.TextDataset, filepath: data/raw.txt}
            out: {type: text.TextDataset, filepath: data/out.txt}
            """
        )
        .parameters(n=1)
        .file("tests/small/raw.txt", "small")
        .file("tests/test_runs.py", RUN)
        .build()
    )
    done = pytest_in(project)
    assert done.code == 0, done.text
    assert set(outcomes(done).values()) == {"PASSED"}
    assert len(outcomes(done)) == 4


def test_no_project_gets_the_plugin_unasked(tmp_path: Path) -> None:
    """An entry point would load it in every pytest of an environment; importing the room must not need pytest."""
    plain = run_command(program("pytest"), "--fixtures", cwd=tmp_path)
    assert "run_dag" not in plain.out
    code = "import kedro_aloft.testing, kedro_aloft.cli.test, sys; assert 'pytest' not in sys.modules"
    run_python(code, cwd=tmp_path).ok()


def _replace(project: Project, file: str, old: str, new: str) -> None:
    path = project.path / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
