"""Old projects on disk, and what `migrate` plans for them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.migrate import plan_migration, read_old_project

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.migrate import Line, Migration


class Old:
    """An old project; its Kedro is not installed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("pyproject.toml", '[tool.kedro]\npackage_name = "shop"\nkedro_init_version = "1.2.0"\n')

    def write(self, name: str, text: str) -> Old:
        """Write a file of the project."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def plan(self) -> Migration:
        """Return what would be written."""
        return plan_migration(read_old_project(self.path))

    def lines(self) -> dict[str, Line]:
        """Return the lines of the report by where they point, without the file."""
        return {line.where.rpartition(": ")[2]: line for line in self.plan().lines}


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """An old project without any configuration."""
    return Old(tmp_path)
