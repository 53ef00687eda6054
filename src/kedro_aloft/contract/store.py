"""Where a DAG run keeps what belongs to it alone: `<handoff uri>/<dag>/<run>/<dataset>`."""

from __future__ import annotations

from pathlib import Path

from kedro_aloft.contract.identity import path_part

FILE_SUFFIX = ".handoff"

TASKS = ".tasks"
"""Folder of a run's place in which each task may have one of its own."""


def run_uri(handoff_uri: str, project_path: str, run_directory: str) -> str:
    """Return the place of one run: an absolute local path, or a URI when `handoff_uri` is one.

    Args:
        handoff_uri: Any fsspec URI, an absolute path, or a path relative to the project.
        project_path: Absolute path of the project.
        run_directory: `RunIdentity.directory`.
    """
    protocol, separator, place = handoff_uri.partition("://")
    if separator:
        return f"{protocol}://{place.rstrip('/')}/{run_directory}"
    return str(Path(project_path) / Path(handoff_uri).expanduser() / run_directory)


def task_uri(run_uri: str, task_id: str) -> str:
    """Return the place of one task in the place of its run."""
    return f"{run_uri}/{TASKS}/{path_part(task_id)}"


def dataset_file(dataset: str) -> str:
    """Return the file name of a dataset inside its run's place."""
    return f"{path_part(dataset)}{FILE_SUFFIX}"
