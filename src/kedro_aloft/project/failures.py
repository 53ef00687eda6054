"""What Kedro and the user's own code raise, as errors that say what, where and what to do."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import AloftError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY_LIMIT = 800


@contextmanager
def importing(what: str, project_path: Path) -> Iterator[None]:
    """Turn any error of the user's modules into `ALOFT-102`, with the line of the project that raised it."""
    try:
        yield
    except AloftError:
        raise
    except SyntaxError as error:
        raise ProjectError(
            f"{what} cannot be imported.",
            where=f"{_shown(error.filename or '', project_path)}, line {error.lineno}",
            seen=f"{type(error).__name__}: {error.msg}",
            remedy="correct that line; `kedro registry list` must work",
            code="ALOFT-102",
        ) from error
    except Exception as error:
        raise ProjectError(
            f"{what} cannot be imported.",
            where=innermost_frame(error, project_path),
            seen=short(error),
            remedy=_import_remedy(error),
            code="ALOFT-102",
        ) from error


@contextmanager
def reading(what: str, project_path: Path) -> Iterator[None]:
    """Turn errors about configuration, catalog and hooks into project errors."""
    from kedro.io.core import DatasetError

    try:
        yield
    except AloftError:
        raise
    except KeyError as error:
        text = str(error.args[0]) if error.args else ""
        if not text.startswith("Unable to find credentials"):
            raise _unreadable(what, error, project_path) from error
        raise ProjectError(
            "The catalog asks for credentials that do not exist.",
            where="credentials.yml",
            seen=text.partition(":")[0],
            remedy="add the key to conf/local/credentials.yml, or correct `credentials:` in the catalog",
            code="ALOFT-105",
        ) from error
    except DatasetError as error:
        raise ProjectError(
            "The catalog has an entry that is no dataset.",
            where=what,
            seen=short(error),
            remedy="correct the entry; `kedro catalog list-patterns` must work",
            code="ALOFT-109",
        ) from error
    except Exception as error:
        raise _unreadable(what, error, project_path) from error


def _unreadable(what: str, error: Exception, project_path: Path) -> ProjectError:
    return ProjectError(
        f"{what} cannot be read.",
        where=innermost_frame(error, project_path),
        seen=short(error),
        remedy="correct it; `kedro run` fails in the same way",
        code="ALOFT-103",
    )


def innermost_frame(error: BaseException, project_path: Path) -> str:
    """Return `file, line n` of the innermost frame inside the project, or an empty string."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(project_path) and "site-packages" not in frame.filename:
            return f"{_shown(frame.filename, project_path)}, line {frame.lineno}"
    return ""


def short(error: BaseException) -> str:
    """Return type and message on one line, cut where it stops helping."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= _ENTRY_LIMIT else f"{text[:_ENTRY_LIMIT]} …"


def _shown(filename: str, project_path: Path) -> str:
    path = Path(filename)
    return path.relative_to(project_path).as_posix() if path.is_relative_to(project_path) else filename


def _import_remedy(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"install what provides '{error.name}', or correct the import; `kedro registry list` must work"
    return "correct the project; `kedro registry list` must work"
