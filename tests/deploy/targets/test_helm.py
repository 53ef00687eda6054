"""Target `helm`: what is built, pushed and installed, and when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from deploy.deliveries import delivery, deploy, path_with, stand_in, target, write_project
from kedro_aloft.deploy.steps import Phase
from kedro_aloft.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "registry.example.org:5000/acme/shop"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    calls = {name: stand_in(tmp_path / "bin", name) for name in ("docker", "helm")}
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin")["PATH"])
    return calls


def settings(**changed: Any) -> dict[str, Any]:
    return {"path": "../out", "image": IMAGE, "install": True, **changed}


def tag_in_values(place: Path) -> str:
    found = re.search(r'^    tag: "(\w+)"$', (place / "values.yaml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_the_image_that_is_built_is_the_one_that_is_installed(
    project: Path, tmp_path: Path, programs: dict[str, Path]
) -> None:
    deploy(target(project, "helm", **settings()), delivery(project))
    place = tmp_path / "out"
    image = f"{IMAGE}:{tag_in_values(place)}"
    assert programs["docker"].read_text().splitlines() == [
        f"{place}: build --tag {image} .",
        f"{place}: push {image}",
    ]
    (upgrade,) = programs["helm"].read_text().splitlines()
    assert "upgrade --install airflow airflow --repo https://airflow.apache.org --version 1.22.0" in upgrade
    assert "--values values.yaml" in upgrade


@pytest.mark.usefixtures("programs")
def test_a_tag_is_made_of_what_is_in_the_image(project: Path, tmp_path: Path) -> None:
    tags = []
    for text in ("# one\n", "# two\n", "# one\n"):
        deploy(target(project, "helm", **settings()), delivery(project, dag_files={"shop_dag.py": text}))
        tags.append(tag_in_values(tmp_path / "out"))
    assert tags[0] == tags[2] != tags[1]


def test_dag_files_in_a_bucket_change_after_the_image_does(project: Path, programs: dict[str, Path]) -> None:
    bucket = target(project, "helm", **settings(dags="s3://shop-airflow/dags"))
    assert bucket.handover("Deploy") == ()  # type: ignore[attr-defined]
    install = next(step for step in bucket.steps(delivery(project)) if step.name == "install")
    assert install.phase is Phase.PREPARE
    assert not programs["helm"].exists()


def test_a_bucket_is_read_by_its_bundle(project: Path, tmp_path: Path) -> None:
    for dags, words in {
        "s3://shop/dags/prod": ("S3DagBundle", '{"bucket_name": "shop", "prefix": "dags/prod"}'),
        "gs://shop/dags": ("GCSDagBundle", "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"),
    }.items():
        (write, *_) = target(project, "helm", **settings(dags=dags)).steps(delivery(project))
        write.apply()
        text = (tmp_path / "out/values.yaml").read_text()
        assert all(word in text for word in words)
        assert "COPY dags" not in (tmp_path / "out/Dockerfile").read_text()


def test_an_address_without_a_bundle_is_refused(project: Path) -> None:
    with pytest.raises(UsageError) as caught:
        target(project, "helm", **settings(dags="abfs://shop/dags")).steps(delivery(project))
    assert caught.value.code == "ALOFT-926"


def test_without_leave_the_commands_are_said(project: Path, tmp_path: Path, programs: dict[str, Path]) -> None:
    told = "\n".join(deploy(target(project, "helm", **settings(install=False)), delivery(project)))
    assert f"  docker push {IMAGE}:{tag_in_values(tmp_path / 'out')}" in told
    assert not programs["docker"].exists()
