"""A project deployed to a Git repository and run by a real Airflow that reads it by its own Git bundle."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from deploy.deliveries import bare_repository
from kedro_aloft.client import follow_run
from kedro_aloft.deploy.repository import Branch
from support.remote import RemoteMissingError, running_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.projects import Project, ProjectBuilder
    from support.remote import Remote

pytestmark = pytest.mark.e2e

_FUNCTIONS = '''
import time

VERSION = "first"


def wait(gate):
    """Return when somebody has made the file, or after ten minutes."""
    until = time.monotonic() + 600
    while gate and not os.path.exists(gate) and time.monotonic() < until:
        time.sleep(0.1)
    return VERSION


def tell(waited, place):
    with open(place, "a") as file:
        file.write(f"{waited} {VERSION}\\n")
    return waited
'''


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which others keep DAGs: the bundle wants the branch to be there when it first looks."""
    place = bare_repository(tmp_path_factory.mktemp("remote") / "dags.git")
    others = Branch(remote=place.as_uri(), name="main", folder=place.with_name("others"))
    others.refresh()
    (others.folder / "README.md").write_text("DAGs of the whole company.\n")
    others.publish("README.md", message="Begin")
    return place


@pytest.fixture(scope="module")
def airflow(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """An Airflow that has nothing but a connection to the repository."""
    home = tmp_path_factory.mktemp("airflow")
    keywords = {"git_conn_id": "shop_git", "tracking_ref": "main", "subdir": "dags", "refresh_interval": 1}
    bundle = {"name": "shop", "classpath": "airflow.providers.git.bundles.git.GitDagBundle", "kwargs": keywords}
    environment = {
        "AIRFLOW_CONN_SHOP_GIT": json.dumps({"conn_type": "git", "host": bare.as_uri()}),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "1",
        "KEDRO_ALOFT_PROJECT_PATH": str(home / "workspace"),
        "KEDRO_ALOFT_RELEASES": str(home / "releases"),
    }
    try:
        with running_remote(home / "airflow", environment) as running:
            yield running
    except RemoteMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder], bare: Path, airflow: Remote) -> Project:
    built = (
        module_builder("shop")
        .functions(_FUNCTIONS)
        .pipeline(
            "__default__",
            "node(wait, 'params:gate', 'waited', name='wait'), "
            "node(tell, ['waited', 'params:place'], 'told', name='tell')",
        )
        .parameters(gate="", place="")
        .build()
    )
    target = {"kind": "git", "repository": bare.as_uri(), "airflow": {"url": airflow.url}}
    built.write("conf/base/airflow.yml", json.dumps({"default": {"max_active_runs": 2}, "targets": {"there": target}}))
    built.write("requirements.txt", "kedro\n")
    return built


@pytest.fixture
def login(airflow: Remote) -> dict[str, str]:
    return {"KEDRO_ALOFT_AIRFLOW_USERNAME": "admin", "KEDRO_ALOFT_AIRFLOW_PASSWORD": airflow.password()}


def test_a_run_in_flight_ends_with_its_commit_and_a_new_one_begins_with_the_new(
    project: Project, airflow: Remote, login: dict[str, str], tmp_path: Path
) -> None:
    gate, place = tmp_path / "gate", tmp_path / "place"
    words = ("--trigger", "--json", f"--params=gate={gate},place={place}")
    first = project.airflow("deploy", "there", *words, env=login).ok().json()
    (dag,) = first["triggered"]
    functions = project.path / f"src/{project.package}/functions.py"
    functions.write_text(functions.read_text().replace('"first"', '"second"'))
    second = project.airflow("deploy", "there", "--json", env=login).ok().json()
    assert second["release"] != first["release"]
    gate.touch()
    api = airflow.api()
    follow_run(api, dag, first["triggered"][dag], on_change=lambda _task: None)
    assert place.read_text() == "first first\n"
    done = project.airflow("deploy", "there", "--trigger", "--wait", f"--params=place={place}", env=login).ok()
    assert "is deployed to there" in done.text
    assert place.read_text().splitlines()[-1] == "second second"


def test_a_rollback_is_pushed_too(project: Project, airflow: Remote, login: dict[str, str], tmp_path: Path) -> None:
    project.airflow("rollback", "there", env=login).ok()
    place = tmp_path / "place"
    api = airflow.api()
    dag = project.plan()["dag_id"]
    run = api.trigger(dag, conf={"kedro_params": {"place": str(place), "gate": ""}})
    result = follow_run(api, dag, run.run_id, on_change=lambda _task: None)
    assert result.run.state == "success"
    assert place.read_text() == "first first\n"
