"""`kedro airflow preflight` on the command line: what a project demands is what is looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.testing.kube import KubeDouble

if TYPE_CHECKING:
    from support.engine import Engine
    from support.projects import Project, ProjectBuilder


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    return (
        builder.functions("def same(x): return x")
        .pipeline(
            "__default__", "node(same, 'params:a', 'b', name='one'), node(same, 'b', 'c', name='two', tags='gpu')"
        )
        .pickles("b", "c")
        .parameters(a=1)
        .build()
    )


def states(answers: list[dict[str, str]]) -> dict[str, str]:
    return {answer["title"]: answer["state"] for answer in answers}


def test_nothing_is_asked_where_all_tasks_run_in_airflow(project: Project) -> None:
    done = project.airflow("preflight", "--json").ok()
    assert done.json() == []
    assert "nothing to ask" in done.err


def test_an_interpreter_that_is_missing_fails(project: Project) -> None:
    done = project.airflow("preflight", "--set=execution=venv")
    assert done.code == 1
    assert f"✗ Interpreter {project.path}/.venv/bin/python: does not start" in done.out
    assert "to do: make the environment" in done.out


@pytest.mark.parametrize(
    ("settings", "title", "remedy"),
    [
        (
            {"execution": "gke", "image": "r/shop:1", "gke": {"project": "p", "location": "l", "cluster": "batch"}},
            "Cluster batch of gke",
            "get-credentials batch --location=l --project=p",
        ),
        (
            {"execution": "ecs", "ecs": {"cluster": "batch", "task_definition": "shop", "container": "c"}},
            "Cluster batch of ecs",
            "describe-task-definition --task-definition=shop",
        ),
        (
            {"execution": "kubernetes", "image": "r/shop:1", "kubernetes": {"connection": "prod"}},
            "Cluster of the connection prod",
            "--set=kubernetes.context=",
        ),
    ],
    ids=["gke", "ecs", "connection"],
)
def test_a_place_that_cannot_be_asked_is_told_and_not_taken_for_good(
    project: Project, settings: dict[str, Any], title: str, remedy: str
) -> None:
    project.write("conf/base/airflow.yml", json.dumps({"default": {**settings, "handoff": "s3://shop/handoff"}}))
    done = project.airflow("preflight", "--json").ok()
    (told,) = done.json()
    assert (told["title"], told["state"]) == (title, "unknown")
    assert "one, two" in told["seen"]
    shown = project.airflow("preflight").ok().out
    assert title in shown
    assert remedy in shown


@pytest.mark.docker
def test_containers_are_looked_up_on_the_engine_that_the_settings_name(project: Project, engine: Engine) -> None:
    words = (
        *("preflight", "--json", "--set=execution=docker", f"--set=docker.url={engine.url}"),
        *(f"--set=image={engine.base_image()}", "--set=docker.mounts=./raw:/raw"),
    )
    done = project.airflow(*words, env=engine.environment)
    assert states(done.json())[f"Image {engine.base_image()}"] == "ok"
    folder = f"Folder {project.path}/raw"
    assert (states(done.json())[folder], done.code) == ("bad", 1)
    (project.path / "raw").mkdir()
    assert states(project.airflow(*words, env=engine.environment).ok().json())[folder] == "ok"


_SETTINGS: dict[str, Any] = {
    "default": {
        "execution": "kubernetes",
        "image": "127.0.0.1:9/shop:1",
        "resource_profiles": {"big": {"requests": {"cpu": 64}}},
        "tasks": [{"select": "tag:gpu", "resource_profile": "big"}],
    }
}


@pytest.mark.docker
def test_pods_are_those_of_the_settings_and_so_is_the_cluster(project: Project, engine: Engine) -> None:
    with KubeDouble(engine.url) as kube:
        kubernetes = {
            "namespace": "default",
            "service_account": "default",
            "config_file": str(kube.kubeconfig),
            "secrets": [{"secret": "db", "key": "password", "env": "P"}],
        }
        settings = {"default": {**_SETTINGS["default"], "kubernetes": kubernetes}}
        project.write("conf/base/airflow.yml", json.dumps(settings))
        done = project.airflow("preflight", "--json")
    assert done.code == 1
    assert states(done.json()) | {"Cluster": "ok"} == {
        "Cluster": "ok",
        "Namespace default": "ok",
        "Service account default/default": "ok",
        "Secret default/db": "bad",
        "A node for one": "ok",
        "A node for two": "bad",
        "Image 127.0.0.1:9/shop:1": "unknown",
    }
