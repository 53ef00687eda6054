"""`image build` without an engine, and what `plan` says of modes; with an engine: tests/containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import ProjectBuilder

FUNCTIONS = "def double(x): return 2 * x"
NODES = "node(double, 'params:x', 'a', name='one'), node(double, 'a', 'b', name='two', tags=['away'])"


def test_the_context_can_be_written_for_another_builder(builder: ProjectBuilder, tmp_path: Path) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1).build()
    (project.path / "requirements.txt").write_text("kedro\n")
    folder = tmp_path / "context"
    done = project.airflow("image", "build", "--context", folder).ok()
    assert "wrote Dockerfile.airflow" in done.text
    assert (folder / "Dockerfile").is_file()
    assert (folder / "kedro_aloft" / "runtime" / "__main__.py").is_file()
    assert (folder / "project" / "pyproject.toml").is_file()


def test_the_last_image_is_asked_for_before_there_is_one(builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1).build()
    done = project.airflow("create", "--set=execution=docker", "--set=image=built")
    assert done.code != 0
    assert "No image of this project has been built here" in done.text
    assert not project.dags.exists()


def test_mutable_tags_are_not_pushed(builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(x=1).build()
    (project.path / "requirements.txt").write_text("kedro\n")
    done = project.airflow("image", "build", "--push", "--tag=registry.example.org/shop:latest")
    assert done.code != 0
    assert "will mean another image tomorrow" in done.text


def test_a_plan_tells_where_nodes_run(builder: ProjectBuilder) -> None:
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pickles("a")
        .parameters(x=1)
        .airflow_yml("default: {image: 'a:1', tasks: [{select: 'tag:away', execution: docker}]}")
        .build()
    )
    assert {task["id"]: task["execution"] for task in project.plan()["tasks"]} == {"one": "process", "two": "docker"}
