"""From a fresh project to a green run on an Airflow that has neither the project nor its configuration."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.testing.files import compare_directories
from remote.conftest import Operated, invoke
from support.projects import Project

if TYPE_CHECKING:
    from support.remote import Remote

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "examples" / "spaceflights"
_TARGETS = """
targets:
  team:
    kind: folder
    path: {dags}
    airflow: {{url: "{url}", auth: {{username_env: WHO, password_env: SECRET}}}}
"""


@pytest.fixture(scope="module")
def deployed(remote: Remote, tmp_path_factory: pytest.TempPathFactory) -> Operated:
    """The example, fresh from the repository, on workers that have nothing of it; only addresses are told."""
    project = Project(_copy(tmp_path_factory.mktemp("fresh") / "spaceflights"), "spaceflights")
    _with_raw_data(project.path)
    project.airflow("init").ok()
    login = {"KEDRO_ALOFT_AIRFLOW_USERNAME": "admin", "KEDRO_ALOFT_AIRFLOW_PASSWORD": remote.password()}
    words = (str(remote.dags), f"--on={remote.url}", "--with-data", "--unpause", "--json")
    done = project.airflow("deploy", *words, env=login)
    (dag,) = done.ok().json()["dags"]
    assert dag["dag_id"] == "spaceflights"
    return Operated(project, remote)


def test_a_run_leaves_what_kedro_run_leaves(deployed: Operated, tmp_path: Path) -> None:
    plain = Project(_copy(tmp_path / "plain"), "spaceflights")
    _with_raw_data(plain.path)
    plain.kedro("run").ok()
    away = deployed.project.path.rename(deployed.project.path.with_name("away"))
    try:
        assert deployed.outcome("trigger", "--wait")["state"] == "success"
    finally:
        away.rename(deployed.project.path)
    workspace = deployed.remote.directory / "home/releases/spaceflights/workspace"
    files = compare_directories(plain.path / "data", workspace / "data")
    assert len(files) >= 9
    assert [f"{file.path}: {file.verdict}" for file in files if not file.equal] == []


def test_schedule_deploys_another_schedule_and_says_that_airflow_yml_has_it_otherwise(deployed: Operated) -> None:
    with (deployed.project.path / "conf/base/airflow.yml").open("a") as file:
        file.write(_TARGETS.format(dags=deployed.remote.dags, url=deployed.remote.url))
    environment = {"WHO": "admin", "SECRET": deployed.remote.password()}
    done = deployed.project.airflow("schedule", "0 6 * * *", "team", env=environment).ok()
    assert "airflow.yml" in done.err
    assert "`schedule: null`; the next deploy goes back to that" in done.err
    words = (f"--on={deployed.remote.url}", "--username=admin", "--json")
    dags: list[dict[str, Any]] = json.loads(invoke("list", *words, env=deployed.login()).ok().out)
    assert {one["dag_id"]: one["schedule"] for one in dags}["spaceflights"] == "0 6 * * *"


def test_run_once_deploys_to_the_target_that_it_names(deployed: Operated) -> None:
    environment = {"WHO": "admin", "SECRET": deployed.remote.password()}
    before = deployed.project.airflow("releases", "team", "--json", env=environment).ok().json()
    done = deployed.project.airflow("run-once", "--on=team", "--json", env=environment)
    assert done.ok().json()["state"] == "success"
    after = deployed.project.airflow("releases", "team", "--json", env=environment).ok().json()
    assert len(after) == len(before) + 1, "the schedule of airflow.yml is back"


def _copy(folder: Path) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".airflow", "__pycache__", "local"))
    (folder / "conf" / "local").mkdir()
    return folder


def _with_raw_data(folder: Path) -> Path:
    spec = importlib.util.spec_from_file_location("spaceflights_make_data", EXAMPLE / "make_data.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (folder / "data" / "01_raw").mkdir(parents=True)
    module.write_raw_files(folder / "data" / "01_raw")
    return folder
