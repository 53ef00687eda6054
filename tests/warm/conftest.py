"""Servers and tasks that end with their test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.warm import Warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Warm]:
    """Servers and tasks of one test; they end with it."""
    path = tmp_path / "tasks"
    path.mkdir()
    found = Warm(path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def shared_warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Servers and tasks that the tests of a module share."""
    found = Warm(tmp_path_factory.mktemp("tasks"))
    yield found
    found.close()
