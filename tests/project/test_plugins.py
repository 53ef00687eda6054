"""Plugins whose hooks tasks need: which the project has said a word about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.project.plugins import uses_mlflow

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Return a configuration directory that says nothing of MLflow."""
    for env in ("base", "local", "prod"):
        (tmp_path / "conf" / env).mkdir(parents=True)
    (tmp_path / "conf/base/catalog.yml").write_text("cars:\n  type: pandas.CSVDataset\n  filepath: cars.csv\n")
    return tmp_path / "conf"


def test_a_project_that_says_nothing_of_it_does_not_use_it(conf: Path) -> None:
    assert not uses_mlflow(conf.parent, str(conf), "local")


@pytest.mark.parametrize("file", ["base/mlflow.yml", "local/mlflow.yaml", "base/tracking/mlflow_server.yml"])
def test_its_configuration_is_a_word(conf: Path, file: str) -> None:
    (conf / file).parent.mkdir(exist_ok=True)
    (conf / file).write_text("")
    assert uses_mlflow(conf.parent, str(conf), "local")


def test_one_of_its_datasets_is_a_word(conf: Path) -> None:
    (conf / "base/catalog_ml.yml").write_text("model:\n  type: kedro_mlflow.io.metrics.MlflowMetricDataset\n")
    assert uses_mlflow(conf.parent, str(conf), "local")


def test_other_environments_do_not_count(conf: Path) -> None:
    (conf / "prod/mlflow.yml").write_text("")
    assert not uses_mlflow(conf.parent, str(conf), "local")
    assert uses_mlflow(conf.parent, str(conf), "prod")


def test_what_cannot_be_searched_may_use_it(tmp_path: Path) -> None:
    assert uses_mlflow(tmp_path, str(tmp_path / "conf.tar.gz"), "local")
