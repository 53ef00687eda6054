"""Kedro project → Snapshot. The only build-time import of Kedro; everything after this room reads frozen values."""

from kedro_aloft.project.config import conf_root
from kedro_aloft.project.edits import CannotEdit, remove_key, set_key
from kedro_aloft.project.locate import find_project
from kedro_aloft.project.open import Project, open_project
from kedro_aloft.project.places import find_line
from kedro_aloft.project.plugins import MLFLOW
from kedro_aloft.project.selection import Filters
from kedro_aloft.project.spark import find_spark

__all__ = [
    "MLFLOW",
    "CannotEdit",
    "Filters",
    "Project",
    "conf_root",
    "find_line",
    "find_project",
    "find_spark",
    "open_project",
    "remove_key",
    "set_key",
]
