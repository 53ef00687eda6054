"""The class of DAG files with `execution: docker`, on a real engine: what it removes, what it leaves, what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.render.containers.operators import operator_classes
from support.airflow import run_dag_test

if TYPE_CHECKING:
    from pathlib import Path

    from support.engine import Engine

pytestmark = [pytest.mark.docker, pytest.mark.airflow]

_DAG = """
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import DAG

{operator}

COMMON = dict(
    docker_url={url!r}, image={image!r}, mount_tmp_dir=False, auto_remove="never", network_mode="none",
    labels={{"made-by": "test_kept"}},
)

with DAG("kept", schedule=None):
    for task_id, script, options in (
        ("good", "echo said by good", {{}}),
        ("three", "exit 3", {{}}),
        ("memory", "exec python3 -c 'b\\"x\\" * 300_000_000'", {{"mem_limit": "64m"}}),
        ("lost", "true", {{"image": "nowhere.example/lost:1"}}),
    ):
        KeptContainerOperator(task_id=task_id, command=["bash", "-c", script], **{{**COMMON, **options}})
"""


def test_failed_containers_are_left_and_want_of_memory_is_told(
    engine: Engine, airflow_database: Path, tmp_path: Path
) -> None:
    (operator,), stock = operator_classes({"KeptContainerOperator"})
    assert stock == {"DockerOperator"}
    dags = tmp_path / "dags"
    dags.mkdir()
    text = _DAG.format(operator=operator, url=engine.url, image=engine.base_image())
    (dags / "kept.py").write_text(text, encoding="utf-8")
    done = run_dag_test(dags, "kept", template=airflow_database, workdir=tmp_path)
    assert done.tasks == {"good": "success", "three": "failed", "memory": "failed", "lost": "failed"}, done.log
    assert "OOMKilled: it wanted more memory than its limit." in done.log
    assert "'StatusCode': 3" in done.log
    assert "nowhere.example/lost" in done.log
    left = engine.docker("ps", "--all", "--quiet", "--filter", "label=made-by=test_kept").split()
    codes = [one["State"]["ExitCode"] for one in json.loads(engine.docker("inspect", *left))]
    engine.docker("rm", "--force", *left)
    assert sorted(codes) == [3, 137]
