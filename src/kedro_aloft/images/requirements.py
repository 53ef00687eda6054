"""The libraries of an image: the project's lock, else what its pyproject.toml asks for, and the runtime's few."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ImageError, ProjectError
from kedro_aloft.requirement_files import MissingFileError, read_requirements

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.lock", "requirements.txt", "src/requirements.txt")
"""Where a project keeps its libraries; the first that is there counts."""

_RUNTIME_NEEDS = ("cloudpickle>=3.0", "xxhash>=3.0")
_OURS = re.compile(r"^\s*kedro[-_.]aloft\b", re.IGNORECASE)


def requirements_text(project: Path) -> str:
    """Return the requirements file of an image.

    kedro-aloft is left out: the image gets the very code that compiles the DAG.

    Raises:
        ImageError: If the project says nowhere what it needs.
        ProjectError: If its requirements include a file that is not there.
    """
    return "\n".join([*project_requirements(project), *_RUNTIME_NEEDS, ""])


def project_requirements(project: Path) -> tuple[str, ...]:
    """Return the lines of what a project says that it needs, without kedro-aloft.

    Raises:
        ImageError: If it says that nowhere.
        ProjectError: If its requirements include a file that is not there.
    """
    lock = next((project / name for name in LOCKS if (project / name).is_file()), None)
    lines = _lines(lock) if lock is not None else _from_pyproject(project)
    return tuple(line for line in lines if not _OURS.match(line))


def _lines(path: Path) -> list[str]:
    try:
        return read_requirements(path)
    except MissingFileError as error:
        raise ProjectError(
            f"{error.what}.",
            where=error.where,
            seen=f"no file {error.path}",
            remedy="write the file, or correct the line that names it; paths are relative to the file of the line",
        ) from None


def _from_pyproject(project: Path) -> list[str]:
    dependencies = _toml(project / "pyproject.toml").get("project", {}).get("dependencies")
    if not dependencies:
        raise ImageError(
            "Nothing says which libraries the project needs.",
            where=str(project),
            seen=f"none of {', '.join(LOCKS)}, and no `dependencies` in pyproject.toml",
            remedy="write requirements.txt with exact versions: `uv pip compile pyproject.toml -o requirements.txt`",
        )
    return [str(one) for one in dependencies]


def _toml(path: Path) -> dict[str, Any]:
    """Python has a parser since 3.11; for 3.10 pip's dependencies usually bring the same one as `tomli`."""
    for name in ("tomllib", "tomli"):
        try:
            parser = importlib.import_module(name)
        except ImportError:
            continue
        with path.open("rb") as file:
            content: dict[str, Any] = parser.load(file)
        return content
    return {}
