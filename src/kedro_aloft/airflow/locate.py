"""Find the Kedro project on the worker that runs a task."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from kedro_aloft.airflow.pipeline import KedroPipeline
    from kedro_aloft.contract.identity import RunIdentity
    from kedro_aloft.contract.release import Release, Work

PROJECT_PATH_VARIABLE = "KEDRO_ALOFT_PROJECT_PATH"

_PACKAGE_LINE = re.compile(r"""^\s*package_name\s*=\s*["']([^"']+)["']""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProject:
    """What a task runs.

    Args:
        path: Folder of the project.
        handoff: The handoff store; absolute where it is local.
        release: The release, when there is one.
    """

    path: Path
    handoff: str
    release: Release | None = None

    def work(self, dag_file: str, dag_id: str, task_id: str, *, nodes: tuple[str, ...]) -> Work | None:
        """Return what the release knows of a task; None where there is no release.

        Raises:
            RunError: If it has no such task, or other nodes in it: a deploy changed the DAG while the run went on.
        """
        if self.release is None:
            return None
        files = self.release.dag_files
        file = files.get(Path(dag_file).name) or next((one for one in files.values() if one.dag_id == dag_id), None)
        known = None if file is None else file.tasks.get(task_id)
        if known is not None and known.nodes == nodes:
            return known
        raise RunError(
            f"This run began with release {self.release.id}, in which "
            f"{'the task has other nodes' if known else 'there is no such task'}.",
            where=f"task '{task_id}' of DAG '{dag_id}'",
            seen="a deploy changed the DAG while the run was going on; a run does not mix releases",
            remedy="clear the tasks of the run to go on with the release that is live now, or trigger a new run",
            code="ALOFT-704",
        )


def project_of_run(
    kedro: KedroPipeline, dag_file: str, identity: RunIdentity, *, clears: int = 0, begins: bool = True
) -> RunProject:
    """Return the project that a task of a run works in.

    Args:
        kedro: What the DAG file says now.
        dag_file: Path of the DAG file.
        identity: The run.
        clears: How often tasks of the run were cleared: who clears asks for the release that is live then.
        begins: Whether the task may be the run's first.

    Raises:
        RunError: If there is no project, or no release, or it is damaged.
    """
    if not kedro.release:
        return RunProject(path=find_project(kedro, dag_file), handoff=kedro.handoff)
    from kedro_aloft.airflow.release import released_project

    return released_project(kedro, dag_file, identity, clears=clears, begins=begins)


def handoff_of(kedro: KedroPipeline, dag_file: str) -> str:
    """Return the handoff store of a DAG: a URI, or an absolute path."""
    if "://" in kedro.handoff:
        return kedro.handoff
    if kedro.release:
        from kedro_aloft.airflow.release import workspace_of

        return str(workspace_of(kedro, dag_file) / Path(kedro.handoff).expanduser())
    return str(find_project(kedro, dag_file) / Path(kedro.handoff).expanduser())


def find_project(kedro: KedroPipeline, dag_file: str, *, installed: bool = True) -> Path:
    """Return the absolute path of the project.

    Looked for in this order: the DAG file's `project_path`, the environment variable `KEDRO_ALOFT_PROJECT_PATH`, the
    folders above the DAG file, the folders above the working directory, an installed package of that name.

    Args:
        kedro: The pipeline whose project is wanted.
        dag_file: Path of the DAG file.
        installed: Whether an installed package is enough.

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
    if installed and importlib.util.find_spec(kedro.package) is not None:
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
