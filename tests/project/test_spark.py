"""Nodes that need Spark are found where Spark is not installed."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.project import find_spark
from kedro_aloft.rules import Sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.project import Project
    from support.projects import ProjectBuilder

_FUNCTIONS = '''\
from __future__ import annotations
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyspark.pandas as ps
    from pyspark import sql
    from pyspark.sql import DataFrame as Frame
    import pandas as pd

def decorated(function):
    @functools.wraps(function)
    def inner(*args): return function(*args)
    return inner

def plain(x): return x
def takes(x: Frame): return x
def gives(x) -> "Frame": return x
def within(x: dict[str, sql.DataFrame | None]): return x
def quoted(x: "dict[str, 'ps.DataFrame']"): return x
@decorated
def wrapped(*parts: Frame): return parts
def of_pandas(x: pd.DataFrame) -> Any: return x
def inside(x):
    """Only its body speaks of Spark, which says nothing."""
    import pyspark
    return x
def by_partial(x, *, keyword: Frame = None): return x
partial = functools.partial(by_partial, keyword=None)
class Called:
    def __call__(self, x: Frame): return x
called = Called()
'''


def _with_frames(builder: ProjectBuilder) -> ProjectBuilder:
    return builder.file("src/{package}/frames.py", _FUNCTIONS).functions("from .frames import *")


_ALL = ("plain", "takes", "gives", "within", "quoted", "wrapped", "of_pandas", "inside", "partial", "called")


@pytest.mark.filterwarnings("ignore:The node producing outputs")
def test_annotations_tell_and_are_read_as_text(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    nodes = ", ".join(f"node({name}, 'params:x', 'out_{name}', name='{name}')" for name in _ALL)
    project = opened(_with_frames(builder).pipeline("__default__", nodes).parameters(x=1))
    found = find_spark(project.snapshot("__default__"), Sources(files=project.files))
    assert importlib.util.find_spec("pyspark") is None
    assert found == {
        "takes": "takes names pyspark.sql.DataFrame",
        "gives": "gives names pyspark.sql.DataFrame",
        "within": "within names pyspark.sql.DataFrame",
        "quoted": "quoted names pyspark.pandas.DataFrame",
        "wrapped": "wrapped names pyspark.sql.DataFrame",
        "partial": "by_partial names pyspark.sql.DataFrame",
        "called": "Called names pyspark.sql.DataFrame",
    }


_CATALOG = """
lake: {type: spark.SparkDataset, filepath: data/lake}
hive: {type: kedro_datasets.spark.SparkHiveDataset, database: a, table: b}
managed: {type: databricks.ManagedTableDataset, table: a}
table@spark: {type: spark.SparkDataset, filepath: data/table}
table@pandas: {type: pandas.ParquetDataset, filepath: data/table}
parts: {type: partitions.PartitionedDataset, path: data/parts, dataset: {type: spark.SparkDataset}}
short: {type: partitions.PartitionedDataset, path: data/short, dataset: spark.SparkDataset}
cached: {type: CachedDataset, dataset: {type: spark.SparkJDBCDataset, url: a, table: b}}
sparkling: {type: pickle.PickleDataset, filepath: data/spark.pkl}
"""


def test_datasets_tell_what_a_node_reads_or_writes(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    nodes = """
    node(same, 'lake', 'a', name='reads'), node(same, 'params:x', 'hive', name='writes'),
    node(same, 'managed', 'b', name='databricks'), node(same, 'a', 'table@pandas', name='pandas'),
    node(same, 'table@spark', 'c', name='transcoded'), node(same, 'b', 'parts', name='partitioned'),
    node(same, 'c', 'short', name='briefly'), node(same, 'a', 'cached', name='cached'),
    node(same, 'b', 'sparkling', name='plain'), node(same, 'sparkling', 'd', name='reader'),
    """
    project = opened(
        builder.functions("def same(x): return x").pipeline("__default__", nodes).catalog(_CATALOG).parameters(x=1)
    )
    found = find_spark(project.snapshot("__default__"), Sources(files=project.files))
    assert sorted(found) == ["briefly", "cached", "databricks", "partitioned", "reads", "transcoded", "writes"]
    assert found["transcoded"] == "dataset 'table@spark' is spark.SparkDataset"


def test_where_one_mode_is_ordered_for_all_nodes_spark_stays_in_the_task(
    builder: ProjectBuilder, opened: Callable[..., Project]
) -> None:
    from kedro_aloft.compiler import Order, compile_project

    nodes = "node(takes, 'params:x', 'a', name='takes'), node(gives, 'a', 'b', name='gives')"
    project = opened(
        _with_frames(builder)
        .pipeline("__default__", nodes)
        .parameters(x=1)
        .airflow_yml(
            "default: {spark: {mode: custom, factory: shop.make}, execution: docker, image: 'a:1', mirrors: off}"
        )
    )
    (there,) = compile_project(project, Order())
    assert "from shop import make\n" in there.rendered.source
    (here,) = compile_project(project, Order(execution="process"))
    assert "KedroOperator(" in here.rendered.source
    assert "make" not in here.rendered.source.partition("with DAG")[2]
    assert [task.nodes for task in here.plan.tasks] == [task.nodes for task in there.plan.tasks] == [("takes", "gives")]
