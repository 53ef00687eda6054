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

_AIRFLOW = re.compile(r"^[ \t]*(?:import|from)[ \t]+airflow\b", re.MULTILINE)


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
    for path in sources:
        with suppress(OSError, SyntaxError, ValueError):
            text = Path(path).read_text(encoding="utf-8")
            if _AIRFLOW.search(text):
                yield f"{path} imports Airflow, which answers in the task's own process only"
            for call in _calls_at_import(ast.parse(text)):
                yield f"{path}, line {call.lineno}: {ast.unparse(call.func)}() runs when the module is imported"


def _calls_at_import(node: ast.AST) -> Iterator[ast.Call]:
    """Yield calls that run with the import: not in the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in (*child.decorator_list, child.args):
                yield from _calls_at_import(part)
        elif isinstance(child, ast.Lambda):
            yield from _calls_at_import(child.args)
        elif not _is_main_guard(child):
            if isinstance(child, ast.Call) and _last_name(child.func) in _OF_THE_MOMENT:
                yield child
            yield from _calls_at_import(child)


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).startswith("__name__ ==")
