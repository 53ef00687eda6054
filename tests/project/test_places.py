"""Where catalog entries, settings and parameters stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Snapshot, SourceLocation
from kedro_aloft.project.places import Places
from kedro_aloft.rules.finding import Spot, dataset, file, node, parameter, setting

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
_table: &table
  type: pandas.ParquetDataset
  save_args:
    index: false

orders:
  type: pandas.CSVDataset
  filepath: data/orders.csv
"in_{name}":
  <<: *table
  filepath: data/{name}.parquet
"""
PROD = """\
orders:
  type: pandas.CSVDataset
  filepath: s3://shop/orders.csv
"""
AIRFLOW = """\
default:
  retries: 2
  tasks:
    - select: a
      timeout: 1h
    - {select: b, pool: big}
train:
  schedule: "@daily"
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """`prod` over `base`."""
    for name, text in {
        "conf/base/catalog.yml": BASE,
        "conf/prod/catalog.yml": PROD,
        "conf/base/airflow.yml": AIRFLOW,
        "conf/base/parameters.yml": "model:\n  alpha: 1\n",
        "conf/base/broken.yml": "a: [",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    conf = tmp_path / "conf"
    return Places(
        root=tmp_path,
        files={
            "catalog": [conf / "prod/catalog.yml", conf / "base/catalog.yml", conf / "base/broken.yml"],
            "airflow": [conf / "base/airflow.yml"],
            "parameters": [conf / "base/parameters.yml"],
        },
    )


def _snapshot(pipeline: str) -> Snapshot:
    kept = DatasetKind.PERSISTED
    return Snapshot(
        package="shop",
        pipeline=pipeline,
        env="prod",
        nodes=(NodeInfo(name="f", outputs=("in_x",), source=SourceLocation(file="src/f.py", line=7)),),
        datasets={"in_x": DatasetInfo(name="in_x", kind=kept, pattern="in_{name}")},
    )


@pytest.mark.parametrize(
    ("spot", "place"),
    [
        (dataset("orders", "filepath"), ("conf/prod/catalog.yml", 3)),
        (dataset("orders"), ("conf/prod/catalog.yml", 1)),
        (dataset("orders", "save_args", "mode"), ("conf/prod/catalog.yml", 1)),
        (dataset("in_x", "filepath"), ("conf/base/catalog.yml", 11)),
        (dataset("in_x", "save_args", "index"), ("conf/base/catalog.yml", 4)),
        (setting("schedule"), ("conf/base/airflow.yml", 8)),
        (setting("retries"), ("conf/base/airflow.yml", 2)),
        (setting("tasks", 0, "timeout"), ("conf/base/airflow.yml", 5)),
        (setting("tasks", 1, "pool"), ("conf/base/airflow.yml", 6)),
        (setting("timeout"), ("conf/base/airflow.yml", 7)),
        (parameter("model", "alpha"), ("conf/base/parameters.yml", 2)),
        (node("f"), ("src/f.py", 7)),
        (node("g"), ("", 0)),
        (file("src/settings.py", 3), ("src/settings.py", 3)),
    ],
)
def test_file_and_line(places: Places, spot: Spot, place: tuple[str, int]) -> None:
    assert places.locate(_snapshot("train"), spot) == place


def test_settings_of_the_default_pipeline_stand_in_default(places: Places) -> None:
    assert places.locate(_snapshot("__default__"), setting("timeout")) == ("conf/base/airflow.yml", 1)


def test_without_files_nothing_stands_anywhere(tmp_path: Path) -> None:
    assert Places(root=tmp_path, files={}).locate(_snapshot("train"), setting("retries")) == ("", 0)
