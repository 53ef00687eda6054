"""The page on JSON names exactly the keys that the commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.pages import section, table_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

PAGE = "docs/reference/json.md"
OPEN_MAPPINGS = {"components", "files"}
"""Their keys are names, which no page can list."""

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]


def _keys(value: Any, path: str = "") -> set[str]:
    """Every path to a leaf: `a`, `a[].b`, `[].c`."""
    if isinstance(value, dict) and path not in OPEN_MAPPINGS:
        return {key for name, item in value.items() for key in _keys(item, f"{path}.{name}" if path else name)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {key for item in value for key in _keys(item, f"{path}[]")}
    return {path}


def _documented(command: str) -> set[str]:
    return {row[0].strip("`") for row in table_rows(section(PAGE, f"`{command} --json`"))}


@pytest.fixture(scope="module")
def project(
    module_builder: Callable[[str], ProjectBuilder], on_airflow: Callable[[ProjectBuilder], Project]
) -> Project:
    """Data in memory crosses between tasks, and two datasets share a place."""
    return on_airflow(
        module_builder("json_page")
        .functions("def same(x): return x")
        .pipeline(
            "__default__",
            """
            node(same, "params:a", "b", name="one"),
            node(same, "b", "c", name="two"),
            node(same, "c", "d", name="three"),
            """,
        )
        .catalog(
            """
            c: {type: pickle.PickleDataset, filepath: data/same.pkl}
            d: {type: pickle.PickleDataset, filepath: data/same.pkl}
            """
        )
        .parameters(a=1)
    )


def test_run(project: Project) -> None:
    assert _keys(project.run()) == _documented("run")


def test_plan(project: Project) -> None:
    assert _keys(project.plan()) == _documented("plan")


def test_check(project: Project) -> None:
    findings = project.airflow("check", "--json").ok().json()
    assert findings
    assert _keys(findings) == _documented("check")


def test_test(project: Project) -> None:
    assert _keys(project.airflow("test", "--json").ok().json()) == _documented("test")


def test_status(project: Project) -> None:
    assert _keys(project.airflow("status", "--json").ok().json()) == _documented("status")


def test_rules(project: Project) -> None:
    assert _keys(project.airflow("rules", "--json").ok().json()) == _documented("rules")


def test_migrate(project: Project) -> None:
    project.write("conf/prod/airflow-k8s.yaml", "run_config: {image: x}")
    keys = _keys(project.airflow("migrate", "--json", "--dry-run").ok().json())
    assert {key.removesuffix("[]") for key in keys} == _documented("migrate")


def test_doctor(project: Project) -> None:
    assert _keys(project.airflow("doctor", "--json").ok().json()) == _documented("doctor")


def test_preflight(project: Project) -> None:
    done = project.airflow("preflight", "--json", "--set=execution=venv")
    assert _keys(done.json()) == _documented("preflight")
