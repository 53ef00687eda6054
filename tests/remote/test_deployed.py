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
def worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the workers have on their disk: raw data, and no project."""
    return _with_raw_data(tmp_path_factory.mktemp("worker"))


@pytest.fixture(scope="module")
def deployed(remote: Remote, worker: Path, tmp_path_factory: pytest.TempPathFactory) -> Operated:
    """The example, fresh from the repository, deployed to the DAG folder; all that is told is where that is."""
    project = Project(_copy(tmp_path_factory.mktemp("fresh") / "spaceflights"), "spaceflights")
    project.airflow("init").ok()
    with (project.path / "conf/base/airflow.yml").open("a") as file:
        file.write(_TARGETS.format(dags=remote.dags, url=remote.url))
    environment = {"WHO": "admin", "SECRET": remote.password()}
    done = project.airflow("deploy", "team", f"--set=project_path={worker}", "--unpause", "--json", env=environment)
    (dag,) = done.ok().json()["dags"]
    assert dag["dag_id"] == "spaceflights"
    return Operated(project, remote)


def test_a_run_leaves_what_kedro_run_leaves(deployed: Operated, worker: Path, tmp_path: Path) -> None:
    plain = Project(_copy(tmp_path / "plain"), "spaceflights")
    _with_raw_data(plain.path)
    plain.kedro("run").ok()
    away = deployed.project.path.rename(deployed.project.path.with_name("away"))
    try:
        assert deployed.outcome("trigger", "--wait")["state"] == "success"
    finally:
        away.rename(deployed.project.path)
    files = compare_directories(plain.path / "data", worker / "data")
    assert len(files) >= 9
    assert [f"{file.path}: {file.verdict}" for file in files if not file.equal] == []


def test_schedule_deploys_another_schedule_and_says_that_airflow_yml_has_it_otherwise(deployed: Operated) -> None:
    environment = {"WHO": "admin", "SECRET": deployed.remote.password()}
    done = deployed.project.airflow("schedule", "0 6 * * *", "team", env=environment).ok()
    assert "airflow.yml" in done.err
    assert "`schedule: null`; the next deploy goes back to that" in done.err
    words = (f"--on={deployed.remote.url}", "--username=admin", "--json")
    dags: list[dict[str, Any]] = json.loads(invoke("list", *words, env=deployed.login()).ok().out)
    assert {one["dag_id"]: one["schedule"] for one in dags}["spaceflights"] == "0 6 * * *"


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
