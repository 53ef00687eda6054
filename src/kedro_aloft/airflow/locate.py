"""Find the Kedro project on the worker that runs a task."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from kedro_aloft.airflow.pipeline import KedroPipeline

PROJECT_PATH_VARIABLE = "KEDRO_ALOFT_PROJECT_PATH"

_PACKAGE_LINE = re.compile(r"""^\s*package_name\s*=\s*["']([^"']+)["']""", re.MULTILINE)


def find_project(kedro: KedroPipeline, dag_file: str) -> Path:
    """Return the absolute path of the project.

    Looked for in this order: the DAG file's `project_path`, the environment variable `KEDRO_ALOFT_PROJECT_PATH`, the
    folders above the DAG file, the folders above the working directory, an installed package of that name.

    Args:
        kedro: The pipeline whose project is wanted.
        dag_file: Path of the DAG file.

    Raises:
        RunError: If no place has the project.
    """
    dag_folder = Path(dag_file).resolve().parent
    for named in (kedro.project_path, os.environ.get(PROJECT_PATH_VARIABLE)):
        if named:
            return (dag_folder / Path(named).expanduser()).resolve()
    for start in (dag_folder, Path.cwd()):
        for folder in (start, *start.parents):
            if _is_project(folder, kedro.package):
                return folder
    if importlib.util.find_spec(kedro.package) is not None:
        return Path.cwd()
    raise RunError(
        f"The Kedro project of package '{kedro.package}' is not on this worker.",
        where=f"DAG file {dag_file}",
        seen=f"no folder above the DAG file or above {Path.cwd()} is that project, and no such package is installed",
        remedy=f"set `project_path` in airflow.yml, or the variable {PROJECT_PATH_VARIABLE} on the workers",
    )


def _is_project(folder: Path, package: str) -> bool:
    """Python 3.10 has no TOML parser, and the two lines that count are plain enough to find without one."""
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return False
    if "[tool.kedro]" not in text:
        return False
    found = _PACKAGE_LINE.search(text, text.index("[tool.kedro]"))
    return found is not None and found.group(1) == package
