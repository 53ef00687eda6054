"""Find the Kedro project that a command means."""

from __future__ import annotations

from pathlib import Path

from kedro_aloft.errors import ProjectError


def find_project(start: Path | None = None) -> Path:
    """Return the project at or above a directory.

    Args:
        start: Where to begin; None for the working directory.

    Raises:
        ProjectError: If there is none (ALOFT-101).
    """
    from kedro.utils import find_kedro_project

    start = (start or Path.cwd()).resolve()
    found = find_kedro_project(start)
    if found is None:
        raise ProjectError(
            "No Kedro project here.",
            where=str(start),
            seen="neither this directory nor one above it has a pyproject.toml with a [tool.kedro] section",
            remedy="change into a Kedro project, or make one with `kedro new`",
            code="ALOFT-101",
        )
    return Path(found)
