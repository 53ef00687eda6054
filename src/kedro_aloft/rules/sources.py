"""Texts of the project's files as rules see them: read when one asks, parsed once for all."""

from __future__ import annotations

import ast
import functools
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kedro_aloft.rules.syntax import Module

if TYPE_CHECKING:
    from collections.abc import Iterator


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")

Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Files(Protocol):
    """The files of a project. The real ones are in `project.files`."""

    def text(self, path: str) -> str | None:
        """Return the text of a file, its path relative to the project; None when there is none."""

    def paths(self) -> tuple[str, ...]:
        """Return the files that people write, sorted, relative to the project: no data, no environments, no caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """The function of one or more nodes.

    Args:
        nodes: Names of the nodes that call it.
        file: Where it stands, relative to the project.
        line: Its first line, counted from 1; decorators count.
        tree: Its definition; None for what is no `def` (lambdas, callable objects).
        module: The whole file.
    """

    nodes: tuple[str, ...]
    file: str
    line: int
    tree: Definition | None
    module: ast.Module


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The files of a project, remembered; the subjects of all its pipelines share one.

    Args:
        files: Where they come from.
    """

    files: Files
    _texts: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)
    _trees: dict[str, ast.Module | None] = field(default_factory=dict, repr=False, compare=False)
    _modules: dict[str, Module | None] = field(default_factory=dict, repr=False, compare=False)
    _functions: dict[str, dict[int, Definition]] = field(default_factory=dict, repr=False, compare=False)

    @functools.cached_property
    def paths(self) -> tuple[str, ...]:
        """The files that people write, sorted."""
        return self.files.paths()

    def below(self, folder: str, *suffixes: str) -> tuple[str, ...]:
        """Return the files below a folder (`""` is the project) that end with one of the suffixes."""
        start = f"{folder.strip('/')}/" if folder.strip("/") else ""
        return tuple(path for path in self.paths if path.startswith(start) and path.endswith(suffixes or ("",)))

    def text(self, path: str) -> str | None:
        """Return the text of a file; None when there is none."""
        if path not in self._texts:
            self._texts[path] = self.files.text(path)
        return self._texts[path]

    def lines(self, path: str) -> tuple[str, ...]:
        """Return the lines of a file; none when there is none."""
        return tuple((self.text(path) or "").splitlines())

    def tree(self, path: str) -> ast.Module | None:
        """Return a Python file parsed; None when there is none, or it is no Python."""
        if path not in self._trees:
            self._trees[path] = _parse(self.text(path))
        return self._trees[path]

    def module(self, path: str) -> Module | None:
        """Return what the names of a Python file mean; None when it is no Python."""
        if path not in self._modules:
            tree = self.tree(path)
            self._modules[path] = None if tree is None else Module(tree, self.lines(path))
        return self._modules[path]

    def function(self, path: str, line: int) -> Definition | None:
        """Return the definition that begins at a line, decorators included."""
        if path not in self._functions:
            tree = self.tree(path)
            self._functions[path] = {} if tree is None else dict(_definitions(tree))
        return self._functions[path].get(line)


def _parse(text: str | None) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are not our subject
            return None if text is None else ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _definitions(tree: ast.Module) -> Iterator[tuple[int, Definition]]:
    """Definitions are statements: expressions, most of a module, are not looked into."""
    stack: list[ast.AST] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one.lineno, one
            yield min((decorator.lineno for decorator in one.decorator_list), default=one.lineno), one
        for name in _BLOCKS:
            stack.extend(below for below in getattr(one, name, ()) if isinstance(below, ast.AST))
