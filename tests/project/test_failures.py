"""Projects that cannot be read: what, where, what to do; never a traceback of Kedro's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import ProjectError, SettingsError
from kedro_aloft.project import find_project, open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kedro_aloft.project import Project
    from support.projects import ProjectBuilder


def _error(action: Callable[[], object]) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        action()
    assert caught.value.remedy
    return caught.value


def test_no_project(tmp_path: Path) -> None:
    assert _error(lambda: open_project(tmp_path)).code == "ALOFT-101"


def test_the_project_is_found_from_below(simple: ProjectBuilder) -> None:
    path = simple.build().path
    assert find_project(path / "conf" / "base") == path


def test_a_project_section_that_kedro_refuses(simple: ProjectBuilder) -> None:
    path = simple.build().path
    text = (
        (path / "pyproject.toml").read_text().replace('kedro_init_version = "1.2.0"', 'kedro_init_version = "0.19.0"')
    )
    (path / "pyproject.toml").write_text(text)
    assert _error(lambda: open_project(path)).code == "ALOFT-101"


def test_settings_that_raise(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.settings("import no_such_thing\n")
    error = _error(lambda: opened(simple))
    assert error.code == "ALOFT-102"
    assert "settings.py, line 1" in error.where
    assert "no_such_thing" in error.remedy


def test_a_registry_with_a_syntax_error(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.registry("def register_pipelines(:\n")
    error = _error(lambda: opened(simple).pipelines)
    assert error.code == "ALOFT-102"
    assert "pipeline_registry.py, line 1" in error.where


def test_a_registry_that_raises(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.registry("def register_pipelines():\n    return 1 / 0\n")
    error = _error(lambda: opened(simple).pipelines)
    assert "pipeline_registry.py, line 2" in error.where
    assert "ZeroDivisionError" in error.seen


def test_a_module_that_kedro_would_leave_out(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    builder.file("src/{package}/pipelines/__init__.py", "")
    builder.file("src/{package}/pipelines/broken/__init__.py", "import no_such_thing\n")
    builder.file(
        "src/{package}/pipelines/fine/__init__.py",
        "from kedro.pipeline import Pipeline, node\n\n\n"
        "def create_pipeline():\n    return Pipeline([node(lambda: 1, None, 'x', name='n')])\n",
    )
    builder.registry(
        """
        from kedro.framework.project import find_pipelines

        def register_pipelines():
            pipelines = find_pipelines()
            pipelines["__default__"] = sum(pipelines.values())
            return pipelines
        """
    )
    project = opened(builder)
    assert project.resolve_pipelines(["fine"]) == ("fine",)
    for wanted in (["__default__"], ["broken"]):
        error = _error(lambda names=wanted: project.resolve_pipelines(names))  # type: ignore[misc]
        assert error.code == "ALOFT-102"
        assert "no_such_thing" in error.seen
    assert _error(project.every_pipeline).code == "ALOFT-102"


def test_an_unknown_pipeline(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.pipeline("training", "node(double, 'params:start', 'x', name='d')")
    error = _error(lambda: opened(simple).resolve_pipelines(["trainin"]))
    assert error.code == "ALOFT-106"
    assert "training" in error.remedy


def test_an_unknown_environment(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    error = _error(lambda: opened(simple, env="lokal"))
    assert error.code == "ALOFT-104"
    assert "local" in error.remedy
    assert "base" in error.seen


def test_the_environment_comes_from_option_variable_project(
    simple: ProjectBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple.settings('CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "own"}\n')
    path = simple.build().path
    for env in ("own", "other", "third"):
        (path / "conf" / env).mkdir()
    assert open_project(path).env == "own"
    monkeypatch.setenv("KEDRO_ENV", "other")
    assert open_project(path).env == "other"
    assert open_project(path, env="third").env == "third"
    assert open_project(path).default_env == "own"


def test_a_configuration_source_that_is_not_there(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    assert _error(lambda: opened(simple, conf_source="nowhere")).code == "ALOFT-104"


def test_broken_catalog_yaml(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.catalog("doubled: [")
    error = _error(lambda: opened(simple).snapshot("__default__"))
    assert error.code == "ALOFT-103"
    assert "catalog.yml" in error.seen


def test_missing_credentials(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.catalog("other: {type: pickle.PickleDataset, filepath: s3://b/x.pkl, credentials: nobody}")
    error = _error(lambda: opened(simple).snapshot("__default__"))
    assert error.code == "ALOFT-105"
    assert "nobody" in error.seen


def test_an_entry_without_type(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.catalog("other: {filepath: data/x.pkl}")
    error = _error(lambda: opened(simple).snapshot("__default__"))
    assert error.code == "ALOFT-109"
    assert "other" in error.seen


def test_a_hook_that_raises(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.hooks(
        """
        from kedro.framework.hooks import hook_impl

        class ProjectHooks:
            @hook_impl
            def after_context_created(self, context):
                raise RuntimeError("no server")
        """
    )
    error = _error(lambda: opened(simple).snapshot("__default__"))
    assert error.code == "ALOFT-103"
    assert "no server" in error.seen
    assert "hooks.py, line 6" in error.where


def test_airflow_yml_is_found_merged_and_named(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.airflow_yml("default: {retries: 2}\n")
    simple.file("conf/local/sub/airflow_more.yml", "default: {retries: 3}\n")
    config, source = opened(simple).airflow_config()
    assert config == {"default": {"retries": 3}}
    assert source == "conf/base/airflow.yml, conf/local/sub/airflow_more.yml"


def test_no_airflow_yml_is_fine(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    assert opened(simple).airflow_config()[0] == {}


def test_broken_airflow_yml(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.airflow_yml("default: [")
    error = _error(opened(simple).airflow_config)
    assert error.code == "ALOFT-103"
    assert "airflow.yml" in error.seen


def test_a_section_that_kedro_would_drop(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.airflow_yml("__default__:\n  retries: 2\n")
    with pytest.raises(SettingsError) as caught:
        opened(simple).airflow_config()
    assert "__default__" in caught.value.what
    assert "default" in caught.value.remedy


def test_a_configuration_source_outside(simple: ProjectBuilder, tmp_path: Path) -> None:
    path = simple.build().path
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "base").mkdir(parents=True)
    (elsewhere / "local").mkdir()
    (elsewhere / "base" / "catalog.yml").write_text("doubled: {type: pickle.PickleDataset, filepath: data/else.pkl}\n")
    (elsewhere / "base" / "parameters.yml").write_text("start: 9\n")
    snapshot = open_project(path, conf_source=str(elsewhere)).snapshot("__default__")
    assert snapshot.datasets["doubled"].location == "data/else.pkl"
    assert snapshot.parameters[0].default == 9
