"""Kedro plugins whose hooks a project's tasks do not need."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from kedro_aloft.project.config import base_env, conf_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MLFLOW = "kedro-mlflow"

_SUFFIXES = {".yml", ".yaml", ".json"}


def uses_mlflow(project_path: Path, conf_source: str | None, env: str) -> bool:
    """Whether the configuration speaks of kedro-mlflow: it has an mlflow.yml, or a dataset of its kinds.

    What cannot be searched, an archive or a remote source, may use it.
    """
    root = conf_root(project_path, conf_source)
    if not root.is_dir():
        return True
    return any(
        file.name.startswith("mlflow") or "kedro_mlflow" in file.read_text(encoding="utf-8", errors="replace")
        for file in _files(root, env)
    )


def is_installed(distribution: str) -> bool:
    """Whether a distribution is installed in this environment."""
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _files(root: Path, env: str) -> Iterator[Path]:
    for name in dict.fromkeys((base_env(), env)):
        for path in sorted((root / name).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path
