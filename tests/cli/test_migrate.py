"""`kedro airflow migrate` on the command line: what it asks, writes, keeps and refuses."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.commands import Done, run_command, user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import ProjectBuilder

OLD = "default:\n  schedule_interval: '@daily'\n  retry_delay: 5\n"

COMPOSER = """
    default:
      resources_tag_prefix: "machine:"
      docker_image: registry/shop:1
      gcp_project_id: shop
      gcp_region: europe-west1
      gcp_gke_cluster_name: batch
      k8s_namespace: jobs
"""
TEMPLATE = """
    from airflow import models
    {% if grouping %}
    machines = {
        f"{MACHINE_PREFIX}medium" : k8s_models.V1ResourceRequirements(limits={"memory": "4G"}),
    }
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A project of Kedro 0.18, which Kedro 1 refuses to open."""
    (tmp_path / "pyproject.toml").write_text('[tool.kedro]\nkedro_init_version = "0.18.12"\n', encoding="utf-8")
    (tmp_path / "conf/base").mkdir(parents=True)
    (tmp_path / "conf/base/airflow.yml").write_text(OLD, encoding="utf-8")
    return tmp_path


def migrate(*words: str, cwd: Path) -> Done:
    return run_command(sys.executable, "-m", "kedro_aloft", "migrate", *words, cwd=cwd)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (folder / "conf/base").iterdir()}


def test_a_dry_run_shows_all_and_writes_nothing(old: Path) -> None:
    done = migrate("--dry-run", cwd=old).ok()
    assert "-  schedule_interval: '@daily'" in done.out
    assert "+  schedule: '@daily'" in done.out
    assert "kedro_init_version" in done.out
    assert "would write conf/base/airflow.yml" in done.err
    assert texts(old) == {"airflow.yml": OLD}


def test_nothing_is_replaced_unasked(old: Path) -> None:
    done = migrate(cwd=old)
    assert done.code == 2
    assert "--force" in done.err
    assert texts(old) == {"airflow.yml": OLD}


def test_what_is_replaced_is_kept(old: Path) -> None:
    migrate("--force", cwd=old).ok()
    assert "retry_delay: 5m" in texts(old)["airflow.yml"]
    assert texts(old)["airflow.yml.old"] == OLD
    (old / "conf/base/airflow.yml").write_text("default: {retry_delay: 7}\n", encoding="utf-8")
    migrate("--force", cwd=old).ok()
    assert set(texts(old)) == {"airflow.yml", "airflow.yml.old", "airflow.yml.old2"}


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False)])
def test_on_a_terminal_it_asks(old: Path, answer: str, written: bool) -> None:
    keyboard, terminal = pty.openpty()
    command = [sys.executable, "-m", "kedro_aloft", "migrate"]
    with subprocess.Popen(
        command, cwd=old, env=user_environment(), stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        os.write(keyboard, answer.encode())
        _, err = process.communicate(timeout=180)
    os.close(terminal)
    os.close(keyboard)
    assert b"Replace conf/base/airflow.yml?" in err
    assert (set(texts(old)) == {"airflow.yml", "airflow.yml.old"}) is written


def test_json_asks_nothing_and_holds_the_files(old: Path) -> None:
    report = migrate("--json", "--dry-run", cwd=old).ok().json()
    assert report["written"] is False
    assert "schedule: '@daily'" in report["files"]["conf/base/airflow.yml"]
    assert {line["fate"] for line in report["lines"]} >= {"mapped", "by hand", "default differs"}
    assert migrate("--json", cwd=old).code == 2


def test_the_k8s_file_is_retired_since_kedro_would_read_it_as_ours(builder: ProjectBuilder) -> None:
    project = (
        builder.functions("def one(): return 1")
        .pipeline("__default__", "node(one, None, 'a', name='a')")
        .file(
            "conf/base/airflow-k8s.yaml",
            "run_config: {run_name: shop-daily, cron_expression: '@daily', image: 'x:1'}\n",
        )
        .build()
    )
    assert "run_config" in project.airflow("plan", "--json").err
    project.airflow("migrate", "--force").ok()
    assert project.plan()["dag_id"] == "shop-daily"
    (dag_file,) = project.create()
    assert "KubernetesPodOperator" in dag_file.read_text(encoding="utf-8")
    assert sorted(path.name for path in (project.path / "conf/base").glob("airflow*")) == [
        "airflow-k8s.yaml.old",
        "airflow.yml",
    ]


def test_a_project_of_the_composer_example_becomes_a_dag_of_gke_pods(builder: ProjectBuilder) -> None:
    """With the tags renamed as the report says, which Kedro 1 asks for before it opens the project."""
    project = (
        builder.functions("def same(x): return x")
        .pipeline("__default__", "node(same, 'params:a', 'b', name='n', tags=['airflow.resources.medium'])")
        .parameters(a=1)
        .catalog("b: {type: pickle.PickleDataset, filepath: 's3://shop/b.pkl'}\n")
        .file("conf/base/airflow.yml", COMPOSER)
        .file("templates/gke.pytpl", TEMPLATE)
        .build()
    )
    project.airflow("migrate", "--force").ok()
    (dag_file,) = project.create()
    text = dag_file.read_text(encoding="utf-8")
    assert "GKEStartPodOperator" in text
    assert '"4G"' in text


def test_a_project_without_an_old_plugin_says_so(builder: ProjectBuilder) -> None:
    project = builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'a', name='a')").build()
    done = project.airflow("migrate").ok()
    assert "nothing of an old plugin" in done.err


def test_outside_of_a_project(tmp_path: Path) -> None:
    done = migrate(cwd=tmp_path)
    assert (done.code, "ALOFT-101" in done.err) == (1, True)
