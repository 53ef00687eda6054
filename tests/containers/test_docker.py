"""`execution: docker` for real: an image of the example, a Docker engine, an Airflow; outputs as of `kedro run`."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomllib

from kedro_aloft.contract.keys import PROJECT_IN_IMAGE
from kedro_aloft.testing.files import compare_directories
from support.airflow import share_airflow
from support.engine import write_pins
from support.images import build_image
from support.projects import Project
from support.runs import tasks_of

if TYPE_CHECKING:
    from kedro_aloft.embedded import EmbeddedAirflow
    from support.engine import Engine

pytestmark = [pytest.mark.docker, pytest.mark.airflow, pytest.mark.e2e]

EXAMPLE = Path(__file__).parents[2] / "examples" / "spaceflights"
NOT_COPIED = shutil.ignore_patterns("data", ".airflow", "__pycache__", "airflow_dags", "local", "Dockerfile*")


def example(folder: Path) -> Project:
    """Copy the example, with its data and the versions of its libraries that the tests have."""
    shutil.copytree(EXAMPLE, folder, ignore=NOT_COPIED)
    spec = importlib.util.spec_from_file_location("spaceflights_data", EXAMPLE / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (folder / "conf" / "local").mkdir()
    raw = folder / "data" / "01_raw"
    raw.mkdir(parents=True)
    module.write_raw_files(raw)
    libraries = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["dependencies"]
    write_pins(folder / "requirements.lock", libraries)
    return Project(folder, "spaceflights")


@pytest.fixture
def project(tmp_path: Path, shared_airflow: EmbeddedAirflow) -> Project:
    return share_airflow(example(tmp_path / "airflow"), shared_airflow.project_path)


def kedro_run_in(image: str, engine: Engine, folder: Path) -> Project:
    """Run the example with `kedro run` in its image: in another build of Python the last digits of floats differ."""
    plain = example(folder)
    mount = f"{plain.path / 'data'}:{PROJECT_IN_IMAGE}/data"
    user = f"{os.getuid()}:{os.getgid()}"
    engine.docker("run", "--rm", "--network=none", f"--volume={mount}", f"--user={user}", image, "kedro", "run")
    return plain


def test_containers_leave_what_kedro_run_leaves(project: Project, engine: Engine, tmp_path: Path) -> None:
    built = build_image(project, engine)
    plain = kedro_run_in(built["image"], engine, tmp_path / "kedro")
    labels = json.loads(engine.docker("image", "inspect", "--format", "{{json .Config.Labels}}", built["image"]))
    assert labels["dev.kedro-aloft.content"] == built["content"]
    assert labels["dev.kedro-aloft.plan.__default__"]
    settings = ("--set=execution=docker", "--set=image=built", f"--set=docker.url={engine.url}", "--group-by=memory")
    outcome = project.run(*settings)
    assert outcome["state"] == "success", outcome
    files = compare_directories(plain.path / "data", project.path / "data")
    assert len(files) >= 9
    assert [f"{file.path}: {file.verdict}" for file in files if not file.equal] == []
    nodes = [node for task in tasks_of(outcome).values() for node in task["nodes"]]
    assert len(nodes) == 9
    assert all(node["seconds"] is not None for node in nodes)
    assert engine.docker("ps", "--all", "--quiet", "--filter", "label=app.kubernetes.io/part-of=spaceflights") == ""

    (project.path / "data" / "01_raw" / "companies.csv").unlink()
    docker = {"execution": "docker", "image": "built", "docker": {"url": engine.url}}
    (project.path / "conf" / "local" / "airflow.yml").write_text(json.dumps({"default": docker}))
    failed = project.run("--group-by=memory", "--set=retries=0")
    (found,) = project.airflow("diagnose", "--json", failed["dag_id"], failed["run_id"]).json()
    assert found["said"] == [f"container {found['container']} ended: Error, exit code 1"]
    assert engine.docker("inspect", "--format={{.State.ExitCode}}", found["container"]) == "1"

    nodes_file = project.path / "src" / "spaceflights" / "pipelines" / "data_processing" / "nodes.py"
    nodes_file.write_text(nodes_file.read_text() + "\n")
    stale = project.airflow("create", *settings)
    assert stale.code != 0
    assert "has changed since its image was built" in stale.text
