"""Make the Kedro project importable and configured in this process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft import compat

if TYPE_CHECKING:
    from kedro_aloft.contract.request import TaskRequest


def load_project(request: TaskRequest) -> None:
    """Bootstrap the project at the request's path, or its installed package when no source is there."""
    compat.silence_own_warnings()
    if (Path(request.project_path) / "pyproject.toml").is_file():
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(request.project_path)
    else:
        from kedro.framework.project import configure_project

        configure_project(request.package)
    _spare_work()
    if not request.selective:
        compat.load_every_pipeline()


@cache
def _spare_work() -> None:
    """Let Kedro do less for the same result. Once per process: forks have it from their parent."""
    compat.infer_copy_mode_cheaply()
    compat.describe_git_cheaply()
    compat.read_plain_conf_cheaply()
    compat.make_paths_absolute_cheaply()
    compat.find_parameter_types_cheaply()
    compat.inspect_functions_once()
