"""Target `astro`: what its command line is asked to send, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.deliveries import delivery, deploy, path_with, stand_in, target, write_project
from kedro_aloft.deploy.target import HandsOver
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = stand_in(tmp_path / "bin", "astro")
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin")["PATH"])
    return path


def test_first_the_image_then_dags_alone_until_the_image_changes(project: Path, tmp_path: Path, calls: Path) -> None:
    settings = {"path": "../astro", "deployment": "clx0"}
    for text in ("# one\n", "# two\n"):
        deploy(target(project, "astro", **settings), delivery(project, dag_files={"shop_dag.py": text}))
    (project / "requirements.txt").write_text("kedro==1.7.1\n")
    deploy(target(project, "astro", **settings), delivery(project))
    place = tmp_path / "astro"
    expected = ["deploy clx0", "deploy clx0 --dags", "deploy clx0"]
    assert calls.read_text().splitlines() == [f"{place}: {words}" for words in expected]


def test_the_dry_run_names_the_command_that_is_run(project: Path, calls: Path) -> None:
    one = target(project, "astro", path="../astro", deployment="clx0")
    assert isinstance(one, HandsOver)
    assert any("run `astro deploy clx0` in ../astro" in step.what for step in one.handover("Deploy"))
    assert not calls.exists()


def test_a_failed_send_is_an_error_and_the_image_is_sent_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = stand_in(tmp_path / "bin", "astro", fails=True)
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin")["PATH"])
    for _ in range(2):
        with pytest.raises(DeployError) as caught:
            deploy(target(project, "astro", path="../astro", deployment="clx0"), delivery(project))
        assert caught.value.code == "ALOFT-925"
        assert "refused" in caught.value.seen
    assert all(line.endswith("deploy clx0") for line in calls.read_text().splitlines())


def test_without_a_deployment_the_command_is_said(project: Path, calls: Path) -> None:
    told = deploy(target(project, "astro", path="../astro"), delivery(project))
    assert any("cd ../astro && astro deploy" in line for line in told)
    assert not calls.exists()


def test_runtime_and_packages_are_those_of_the_settings(project: Path, tmp_path: Path) -> None:
    deploy(target(project, "astro", path="../astro", runtime="3.2-6", packages=["libgomp1", "gcc"]), delivery(project))
    dockerfile = (tmp_path / "astro/Dockerfile").read_text()
    assert "ARG BASE=astrocrpublic.azurecr.io/runtime:3.2-6\nFROM ${BASE}\n" in dockerfile
    assert (tmp_path / "astro/packages.txt").read_text() == "gcc\nlibgomp1\n"
    assert (tmp_path / "astro/include/kedro-aloft/kedro_aloft/airflow/operator.py").is_file()
