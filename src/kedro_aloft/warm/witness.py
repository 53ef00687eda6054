"""What imports looked at: environment variables, files and folders.

A fork is as good as a fresh start while all of it is the same for the next task.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

_READ_BY_LIBRARIES = (
    "ARROW_",
    "BLIS_",
    "DYNACONF_",
    "FSSPEC_",
    "GOTO_",
    "KEDRO_",
    "KMP_",
    "LC_",
    "LD_",
    "MALLOC_",
    "MKL_",
    "NUMBA_",
    "NUMEXPR_",
    "OMP_",
    "OPENBLAS_",
    "OPENSSL_",
    "POLARS_",
    "PYTHON",
    "VECLIB_",
)
"""Variables that the interpreter and libraries in C read where we cannot see it."""

_NAMES = frozenset({"LANG", "LANGUAGE"})

_TAKES_BY_PREFIX = ("dynaconf", "fsspec.config")
"""Go through all variables and keep those of one prefix, which is among `_READ_BY_LIBRARIES`."""

_PASSES_ON = ("ctypes.util", "subprocess")
"""Goes through all variables to pass them on to a program that it starts."""

_MAPPINGS = ("_collections_abc", "collections.abc")
"""One module, which gives itself the second name."""

_IMPORTERS = ("importlib._bootstrap_external", "_frozen_importlib_external", "importlib.metadata")

_PLUMBING = (*_MAPPINGS, "os", __name__)


class Witness:
    """Notes what is looked at while it watches. It is made before anything changes the environment.

    Args:
        everywhere: Directories of the interpreter and of installed distributions, whose files do not count.
    """

    def __init__(self, everywhere: tuple[str, ...] = ()) -> None:
        self.names: set[str] = set()
        self.everything: str = ""
        self.files: set[str] = set()
        self.written: set[str] = set()
        self.directories: set[str] = set()
        self.installed = everywhere or installed_directories()
        self._before = dict(os.environ)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note everything that is looked at inside."""
        plain = type(os.environ)
        watched = _watched_environment(plain, self)
        os.environ.__class__ = watched
        _audit(self)
        try:
            yield
        finally:
            _audit(None)
            os.environ.__class__ = plain

    def find_difference(self, environment: Mapping[str, str]) -> str:
        """Return what of an environment differs from what the imports saw; empty when nothing does."""
        if self.everything and environment != self._before:
            return f"{self.everything} looks at every environment variable when it is imported"
        for name in {*self.names, *filter(_is_read_by_libraries, {*self._before, *environment})}:
            if self._before.get(name) != environment.get(name):
                return f"the environment variable {name} has another value than when the project was imported"
        return ""

    def note_open(self, path: Any, mode: Any, flags: Any) -> None:
        """Note that a file was opened."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  with every file that an import opens
        if "__pycache__" in name or name.endswith(".so") or name.startswith(self.installed):
            return
        writes = bool(set(mode) & set("wax+")) if mode else bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))
        (self.written if writes else self.files).add(name)

    def note_listing(self, path: Any) -> None:
        """Note that a directory was listed."""
        if isinstance(path, int):
            return
        name = os.path.abspath(os.fsdecode("." if path is None else path))  # noqa: PTH100
        if not name.startswith(self.installed):
            self.directories.add(name)

    def note_name(self, name: str, reader: str) -> None:
        """Note that somebody asked for one variable."""
        if not reader.startswith(_TAKES_BY_PREFIX):
            self.names.add(name)

    def note_iteration(self, reader: str) -> None:
        """Note that somebody went through all environment variables."""
        if not reader.startswith((*_TAKES_BY_PREFIX, *_PASSES_ON)):
            self.everything = self.everything or reader


def installed_directories() -> tuple[str, ...]:
    """Return the directories of the interpreter, of installed distributions and of the system."""
    import site
    import sysconfig

    paths = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values(), *site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        paths.add(site.getusersitepackages())
    paths = {str(Path(path).resolve()) for path in paths} | paths
    paths -= {"/", "/usr", "/usr/local"}
    return tuple(sorted(f"{path}/" for path in {*paths, "/proc", "/dev", "/sys", "/etc", "/usr/lib", "/usr/share"}))


def _is_read_by_libraries(name: str) -> bool:
    return name in _NAMES or name.startswith(_READ_BY_LIBRARIES)


def _watched_environment(plain: Any, witness: Witness) -> Any:
    """Return a class for `os.environ` that tells a witness what is asked for."""

    class WatchedEnvironment(plain):  # type: ignore[misc]  # the class of os.environ has no public name
        def __getitem__(self, name: Any) -> Any:
            caller = sys._getframe(1)  # noqa: SLF001
            if not (caller.f_code.co_name == "__iter__" and caller.f_globals.get("__name__") in _MAPPINGS):
                witness.note_name(os.fsdecode(name), _reader(caller))
            return super().__getitem__(name)

        def __iter__(self) -> Any:
            witness.note_iteration(_reader(sys._getframe(1)))  # noqa: SLF001
            return super().__iter__()

    return WatchedEnvironment


def _reader(frame: FrameType | None) -> str:
    """Return the name of the module that asks, past those that only pass the question on."""
    while frame is not None and frame.f_globals.get("__name__") in _PLUMBING:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")) if frame is not None else "?"


_auditing: list[Witness] = []
_hooked: list[bool] = []


def _audit(witness: Witness | None) -> None:
    """Python's audit hooks cannot be removed, so ours stays and asks whether anybody listens."""
    _auditing[:] = [witness] if witness is not None else []
    if witness is not None and not _hooked:
        _hooked.append(True)
        sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _auditing:
        return
    if event == "open":
        _auditing[0].note_open(*arguments)
    elif event in ("os.listdir", "os.scandir") and not _looks_for_modules(sys._getframe(1)):  # noqa: SLF001
        _auditing[0].note_listing(arguments[0])


def _looks_for_modules(frame: FrameType) -> bool:
    """Whether it is Python that lists what is on its path; the folders of modules that it finds are stamped anyway."""
    return frame.f_globals.get("__name__") in _IMPORTERS
