"""`kedro airflow init`."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    return (
        builder.functions("def one(): return 1\ndef same(x): return x")
        .pipeline("__default__", "node(one, None, 'mem', name='a'), node(same, 'mem', 'kept', name='b')")
        .pipeline("part", "node(one, None, 'mem', name='a')")
        .pickles("kept")
        .build()
    )


def test_writes_a_file_that_changes_nothing(project: Project) -> None:
    before = project.plan()
    done = project.airflow("init").ok()
    assert (project.path / "conf/base/airflow.yml").is_file()
    assert project.plan() == before
    assert "kedro airflow run" in done.out


def test_says_what_it_found(project: Project) -> None:
    out = project.airflow("init").ok().out
    rows = {words[0]: words[1:] for line in out.splitlines() if (words := line.split())}
    assert rows["__default__"] == ["2", "1", "1", "0"]
    assert rows["part"] == ["1", "0", "1", "0"]


def test_every_commented_setting_is_valid(project: Project) -> None:
    project.airflow("init").ok()
    path = project.path / "conf/base/airflow.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    settings = [line.replace("# ", "", 1) for line in lines if line.strip().startswith("# ") and ": " in line]
    keys = [line for line in settings if line.startswith("  ") and not line.lstrip().startswith("#")]
    assert len(keys) > 10
    assert any("retries" in line for line in keys)


def test_editors_find_the_schema(project: Project) -> None:
    project.airflow("init").ok()
    first = (project.path / "conf/base/airflow.yml").read_text(encoding="utf-8").splitlines()[0]
    schema = (project.path / "conf/base" / first.rpartition("=")[2].strip()).resolve()
    assert json.loads(schema.read_text(encoding="utf-8"))["$schema"]


def test_does_not_overwrite(project: Project) -> None:
    path = project.path / "conf/base/airflow.yml"
    path.write_text("default: {retries: 7}\n", encoding="utf-8")
    done = project.airflow("init")
    assert done.code == 2
    assert "--force" in done.err
    assert path.read_text(encoding="utf-8") == "default: {retries: 7}\n"
    project.airflow("init", "--force").ok()
    assert "retries: 7" not in path.read_text(encoding="utf-8")


def test_writes_into_the_projects_own_base_environment(project: Project) -> None:
    settings = 'CONF_SOURCE = "etc"\nCONFIG_LOADER_ARGS = {"base_env": "common", "default_run_env": "dev"}\n'
    project.write(f"src/{project.package}/settings.py", settings)
    (project.path / "conf").rename(project.path / "etc")
    (project.path / "etc/base").rename(project.path / "etc/common")
    (project.path / "etc/dev").mkdir()
    project.airflow("init").ok()
    (project.path / "etc/common/airflow.yml").write_text("default: {dag_id: its_own}\n", encoding="utf-8")
    assert project.plan()["dag_id"] == "its_own"


def test_an_archive_is_refused(project: Project) -> None:
    shutil.make_archive(str(project.path / "conf"), "gztar", project.path, "conf")
    done = project.airflow("init", "--conf-source=conf.tar.gz")
    assert done.code == 1
    assert "no directory" in done.err
