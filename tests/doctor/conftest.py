"""The machine that the doctor looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without an Airflow configuration."""
    return Machine(tmp_path, monkeypatch)
