"""Kedro node → NodeInfo."""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.snapshot import NodeInfo, SourceLocation

if TYPE_CHECKING:
    from kedro.pipeline.node import Node


def describe_node(node: Node, *, owners: tuple[str, ...], project_path: Path) -> NodeInfo:
    """Return what the plan needs to know of a node."""
    return NodeInfo(
        name=node.name,
        func=_function_name(node.func),
        inputs=tuple(dict.fromkeys(node.inputs)),
        outputs=tuple(node.outputs),
        confirms=tuple(node.confirms),
        namespace=node.namespace or None,
        tags=tuple(sorted(node.tags)),
        pipelines=owners,
        source=_source(node.func, project_path),
    )


def _innermost(function: Any) -> Any:
    """The function inside partials and decorators."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            return function


def _function_name(function: Any) -> str:
    inner = _innermost(function)
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def _source(function: Any, project_path: Path) -> SourceLocation | None:
    """Where the function stands, when that is in the project."""
    inner = _innermost(function)
    code = getattr(inner, "__code__", None)
    if code is None and not inspect.isclass(inner):
        code = getattr(getattr(type(inner), "__call__", None), "__code__", None)  # noqa: B004  its code, not whether
    if code is None:
        return None
    file = _file_inside(code.co_filename, project_path)
    return SourceLocation(file=file, line=code.co_firstlineno) if file else None


@functools.cache
def _file_inside(filename: str, project_path: Path) -> str:
    """Return where a file of the project is in it; nothing for other files."""
    path = Path(filename)
    if not path.is_relative_to(project_path) or "site-packages" in path.parts:
        return ""
    return path.relative_to(project_path).as_posix()
