"""What an image of Airflow gets of this package."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from kedro_aloft.deploy.recipe import runtime_files

if TYPE_CHECKING:
    from collections.abc import Iterator


def _imported(source: bytes) -> Iterator[str]:
    """Yield our own modules that a module imports, at its top or later."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)


def test_everything_that_the_runtime_imports_of_ours_goes_along() -> None:
    files = runtime_files("kedro_aloft")
    there = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files}
    sources = {name: content for name, content in files.items() if name.endswith(".py")}
    wanted = {name: {one for one in _imported(text) if one.startswith("kedro_aloft")} for name, text in sources.items()}
    assert sum(map(len, wanted.values())) > 50
    assert {name: modules - there for name, modules in wanted.items() if modules - there} == {}
