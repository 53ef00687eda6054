"""The libraries of an image: the project's lock, else what its pyproject.toml asks for, and the runtime's few."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.lock", "requirements.txt", "src/requirements.txt")
"""Where a project keeps its libraries; the first that is there counts."""

_RUNTIME_NEEDS = ("cloudpickle>=3.0", "xxhash>=3.0")
_OURS = re.compile(r"^\s*kedro[-_.]aloft\b", re.IGNORECASE)
_INCLUDE = re.compile(r"^\s*(?:-r|--requirement)[\s=]+(\S+)")


def requirements_text(project: Path) -> str:
    """Return the requirements file of an image.

    kedro-aloft is left out: the image gets the very code that compiles the DAG.

    Raises:
        ImageError: If the project says nowhere what it needs.
    """
    return "\n".join([*project_requirements(project), *_RUNTIME_NEEDS, ""])


def project_requirements(project: Path) -> tuple[str, ...]:
    """Return the lines of what a project says that it needs, without kedro-aloft.

    Raises:
        ImageError: If it says that nowhere.
    """
    lock = next((project / name for name in LOCKS if (project / name).is_file()), None)
    lines = _lines(lock) if lock is not None else _from_pyproject(project)
    return tuple(line for line in lines if not _OURS.match(line))


def _lines(path: Path) -> list[str]:
    """The lines of a requirements file, with those of the files that it includes in their place."""
    found: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        included = _INCLUDE.match(line)
        found += _lines((path.parent / included[1]).resolve()) if included else [line]
    return found


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
