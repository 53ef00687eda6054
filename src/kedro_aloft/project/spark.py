"""Which nodes need Spark: read from catalog and source text, so that it is found where Spark is not installed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kedro_aloft.graph.snapshot import is_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.graph.snapshot import DatasetInfo, NodeInfo, Snapshot
    from kedro_aloft.rules import Sources
    from kedro_aloft.rules.syntax import Module

_PACKAGES = frozenset({"spark", "databricks"})
"""Packages of kedro-datasets whose datasets need a Spark session."""

_LIBRARY = "pyspark"


def find_spark(snapshot: Snapshot, sources: Sources) -> dict[str, str]:
    """Return the nodes that need Spark, each with what tells so.

    A node needs it that uses a dataset of Spark, or whose function has types of pyspark in its annotations, those of
    imports for type checkers included. Annotations are read from the text; what a function does inside says nothing.

    Args:
        snapshot: The pipeline.
        sources: The project's files.
    """
    found = {}
    for node in snapshot.nodes:
        reason = _by_dataset(node, snapshot.datasets) or _by_annotation(node, sources)
        if reason:
            found[node.name] = reason
    return found


def _by_dataset(node: NodeInfo, datasets: Mapping[str, DatasetInfo]) -> str:
    for name in (*node.inputs, *node.outputs):
        if not is_parameter(name):
            spelled = next((one for one in _types(datasets[name]) if _is_spark(one)), None)
            if spelled:
                return f"dataset '{name}' is {spelled}"
    return ""


def _types(dataset: DatasetInfo) -> Iterator[str]:
    """The type of a dataset, and of what it wraps: partitions and caches have a dataset inside."""
    yield dataset.type
    inner = dataset.config.get("dataset")
    while inner is not None:
        spelled = inner.get("type") if isinstance(inner, Mapping) else inner
        yield spelled if isinstance(spelled, str) else f"{getattr(spelled, '__module__', '')}."
        inner = inner.get("dataset") if isinstance(inner, Mapping) else None


def _is_spark(type_path: str) -> bool:
    return not _PACKAGES.isdisjoint(type_path.split(".")[:-1])


def _by_annotation(node: NodeInfo, sources: Sources) -> str:
    if node.source is None:
        return ""
    function = sources.function(node.source.file, node.source.line)
    module = sources.module(node.source.file)
    if function is None or module is None:
        return ""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    annotations = [function.returns, *(one.annotation for one in every if one is not None)]
    return next((f"{node.func} names {name}" for one in annotations if one for name in _names(one, module)), "")


def _names(annotation: ast.expr, module: Module) -> Iterator[str]:
    """The types of pyspark that an annotation names, inside of texts and of other types too."""
    for one in ast.walk(annotation):
        if isinstance(one, (ast.Name, ast.Attribute)):
            name = module.whole.full_name(one)
            if name.partition(".")[0] == _LIBRARY:
                yield name
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            inner = _parsed(one.value)
            if inner is not None:
                yield from _names(inner, module)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
