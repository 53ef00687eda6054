"""Reasons not to fork: what an import left behind, or did, that a copy of the process would not share rightly."""

from __future__ import annotations

import ast
import os
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.warm.kernel import children

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HARMLESS_THREADS = ("jemalloc_bg_thd", "polars-ooc-clea")
"""Threads of libraries that survive a fork, by the measured table of libraries that were imported and not used."""

_HARMLESS_FILES = ("/dev/null", "/dev/urandom", "/dev/random", "/dev/zero", "/proc/")

_OF_THE_MOMENT = frozenset(
    {
        *("now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "ctime"),
        *("monotonic", "perf_counter", "getpid", "uuid1", "uuid4", "token_hex", "token_bytes", "token_urlsafe"),
        *("seed", "manual_seed", "set_seed", "set_random_seed", "default_rng", "RandomState", "Random", "SystemRandom"),
        *("random", "randint", "randrange", "choice", "shuffle", "rand", "randn", "urandom", "getrandbits"),
        *("mkdtemp", "mkstemp", "mktemp", "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile"),
    }
)
"""Functions that return something else every time, or set up chance: at import they must run once per task."""

_REGISTERS = ("register_pipelines", "create_pipeline")
"""Run once in the server; what they return is kept."""

_ON_CREATION = ("__init__", "__new__", "__post_init__")

_AIRFLOW = re.compile(
    r"""^[ \t]*(?:import|from)[ \t]+airflow\b"""
    r"""|import_module\(\s*["']airflow\b"""
    r"""|["']airflow(?:\.\w+)*["'][^\n]*\bsys\.modules\b""",
    re.MULTILINE,
)


def open_files() -> dict[int, str]:
    """Return this process's open files."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with suppress(OSError):
            found[int(name)] = str(Path(f"/proc/self/fd/{name}").readlink())
    return found


def find_leftovers(before: dict[int, str], *, installed: tuple[str, ...]) -> Iterator[str]:
    """Yield what imports left in this process that a fork would share or lose: threads, sockets, files, processes.

    Args:
        before: The open files before the imports.
        installed: Directories whose files may stay open.
    """
    yield from _threads()
    if children(os.getpid()):
        yield "importing the project starts a process"
    for number, target in open_files().items():
        if before.get(number) == target or target.startswith((*_HARMLESS_FILES, *installed)):
            continue
        kind = "a socket" if target.startswith("socket:") else f"'{target}'"
        yield f"importing the project leaves {kind} open"


def _threads() -> Iterator[str]:
    known = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    if known:
        yield f"importing the project starts the thread '{known[0]}'"
        return
    names = [_thread_name(number) for number in os.listdir("/proc/self/task")]  # noqa: PTH208
    strange = [name for name in names if name not in HARMLESS_THREADS]
    ours = strange.count(own := _thread_name(str(os.getpid())))
    for name in strange:
        if name != own:
            yield f"importing the project starts the native thread '{name}'"
    if ours > 1 + _threads_of_openblas():
        yield f"importing the project starts {ours - 1} native threads"


def _threads_of_openblas() -> int:
    """OpenBLAS starts its threads when it is loaded, and anew in a fork; they bear the name of the process."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        libraries = {line.split()[-1] for line in file if "openblas" in line.rpartition("/")[2]}
    return len(libraries) * max(0, (os.cpu_count() or 1) - 1)


def _thread_name(number: str) -> str:
    try:
        return Path(f"/proc/self/task/{number}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def find_bindings(sources: Iterable[str]) -> Iterator[str]:
    """Yield what ties source files to one process or one moment.

    Args:
        sources: Paths of the project's own Python files, those that no import has reached yet included.
    """
    if "airflow" in sys.modules:
        yield "the project imports Airflow, which answers in the task's own process only"
    code = _Code()
    for path in sources:
        with suppress(OSError, SyntaxError, ValueError):
            text = Path(path).read_text(encoding="utf-8")
            if _AIRFLOW.search(text):
                yield f"{path} imports Airflow, which answers in the task's own process only"
            code.read(path, ast.parse(text))
    yield from code.find_calls()


class _Code:
    """What the project's modules call when they are imported and when pipelines are registered.

    A call is followed into every function of the project that bears its name: rather one too many than one missed.
    """

    def __init__(self) -> None:
        self._functions: dict[str, list[tuple[str, ast.AST]]] = {}
        self._imported: list[tuple[str, ast.AST]] = []

    def read(self, path: str, module: ast.Module) -> None:
        """Take in a module."""
        self._imported.append((path, module))
        for node in ast.walk(module):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._functions.setdefault(node.name, []).append((path, node))
            elif isinstance(node, ast.ClassDef):
                made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name in _ON_CREATION]
                self._functions.setdefault(node.name, []).extend((path, one) for one in made)

    def find_calls(self) -> Iterator[str]:
        """Yield the calls that give something else each time."""
        todo = [*self._imported, *(place for name in _REGISTERS for place in self._functions.get(name, ()))]
        followed = set(_REGISTERS)
        while todo:
            path, node = todo.pop(0)
            for place in _runs_at_once(node):
                name = _last_name(place.func if isinstance(place, ast.Call) else place)
                if name in _OF_THE_MOMENT:
                    line = getattr(place, "lineno", 0)
                    yield f"{path}, line {line}: {name}() runs when the project is imported"
                if name not in followed:
                    followed.add(name)
                    todo += self._functions.get(name, ())


def _runs_at_once(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the calls and the decorators below a node, except for those inside functions that are only defined."""
    body = node.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else list(ast.iter_child_nodes(node))
    for child in body:
        yield from _runs(child)


def _runs(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from node.decorator_list
        for part in (*node.decorator_list, node.args):
            yield from _runs(part)
    elif isinstance(node, ast.Lambda):
        yield from _runs(node.args)
    elif not _is_main_guard(node):
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from node.decorator_list
        for child in ast.iter_child_nodes(node):
            yield from _runs(child)


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).startswith("__name__ ==")
