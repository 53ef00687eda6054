"""A project with nodes that need Spark, from source to run; a few lines stand in for pyspark, which is not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder

_PYSPARK = '''
"""A stand-in: it says when somebody imports it, and its frames cannot leave their process, as those of Spark."""
import os, pathlib

with pathlib.Path(os.environ.get("IMPORTS", os.devnull)).open("a") as log:
    log.write("imported\\n")

class DataFrame:
    def __init__(self, rows): self.rows, self.home = rows, os.getpid()
    def __reduce__(self): raise TypeError("a frame of Spark cannot be pickled")
    def __deepcopy__(self, memo): return self
    def collect(self):
        assert self.home == os.getpid()
        return self.rows
'''
_NODES_OF_SPARK = """
from __future__ import annotations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

def load(start: int) -> DataFrame:
    from pyspark.sql import DataFrame
    return DataFrame([start, start + 1])

def double(frame: DataFrame) -> DataFrame:
    return type(frame)([2 * one for one in frame.collect()])

def collect(frame: "DataFrame"): return frame.collect()
"""
_NODES = """
    node(load, "params:start", "frame", name="load"),
    node(double, "frame", "doubled", name="double"),
    node(collect, "doubled", "rows", name="collect"),
    node(total, "rows", "total", name="total"),
"""


@pytest.fixture
def frames(builder: ProjectBuilder) -> ProjectBuilder:
    return (
        builder.file("src/pyspark/__init__.py", "")
        .file("src/pyspark/sql.py", _PYSPARK)
        .file("src/{package}/frames.py", _NODES_OF_SPARK)
        .file("requirements.txt", "kedro\n")
        .functions("from .frames import *\n\ndef total(rows): return sum(rows)")
        .pipeline("__default__", _NODES)
        .pickles("rows", "total")
        .parameters(start=3)
    )


def tasks_of(project: Project) -> dict[str, list[str]]:
    return {task["id"]: task["nodes"] for task in project.plan()["tasks"]}


def test_spark_nodes_are_found_without_spark_and_share_a_task(frames: ProjectBuilder) -> None:
    project = frames.airflow_yml("default: {group_by: none, spark: {mode: local}}").build()
    log = project.path / "imports.log"
    plan = project.airflow("plan", "--json", env={"IMPORTS": str(log)}).ok().json()
    assert {task["id"]: task["nodes"] for task in plan["tasks"]} == {
        "load__collect": ["load", "double", "collect"],
        "total": ["total"],
    }
    assert plan["tasks"][0]["reason"] == (
        "spark: load (load names pyspark.sql.DataFrame), double (double names pyspark.sql.DataFrame), "
        "collect (collect names pyspark.sql.DataFrame)"
    )
    assert not log.exists()


def test_without_the_key_nobody_looks_for_them(frames: ProjectBuilder) -> None:
    assert list(tasks_of(frames.build())) == ["load", "double", "collect", "total"]


def test_they_can_be_named_instead(frames: ProjectBuilder) -> None:
    project = frames.airflow_yml(
        "default: {group_by: none, spark: {find: false, select: ['node:load', double]}}"
    ).build()
    assert tasks_of(project) == {"load__double": ["load", "double"], "collect": ["collect"], "total": ["total"]}


@pytest.mark.e2e
def test_frames_that_cannot_leave_a_process_arrive_in_a_run(frames: ProjectBuilder) -> None:
    project = frames.airflow_yml("default: {spark: true}").build()
    outcome = project.run()
    assert outcome["state"] == "success"
    assert (project.pickled("rows"), project.pickled("total")) == ([6, 8], 14)


def test_the_package_lies_where_the_dag_file_looks_for_it(frames: ProjectBuilder) -> None:
    project = frames.airflow_yml(
        "default: {spark: {mode: dataproc, dataproc: {project: shop, region: eu, artifacts: build/spark}}}"
    ).build()
    assert [task["execution"] for task in project.plan()["tasks"]] == ["dataproc", "process"]
    (file,) = project.create()
    said = project.airflow("spark", "package", "--json").ok().json()
    assert said["files"] == ["init.sh", "launch.py", "project.zip"]
    assert f'"{said["place"]}/launch.py"' in file.read_text()
    assert sorted(one.name for one in (project.path / said["place"]).iterdir()) == said["files"]
    before = file.read_text()
    project.create()
    assert file.read_text() == before
    project.write("src/pyspark/new.py", "x = 1\n")
    project.create()
    assert said["content"] not in file.read_text()


def test_what_is_missing_is_said(frames: ProjectBuilder) -> None:
    project = frames.airflow_yml("default: {spark: {mode: dataproc}}").build()
    done = project.airflow("create")
    assert done.code == 1
    assert "`spark.mode: dataproc` needs `spark.dataproc.project`" in done.text
    done = project.airflow("spark", "package")
    assert done.code == 1
    assert "spark.dataproc.artifacts" in done.text
