"""Projects opened in this process, as the commands open them, and everything put back."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextlib.contextmanager
def put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what opening a project changes in a process."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.delenv("KEDRO_ENV", raising=False)
    # Kedro applies a logging configuration when it is imported; that of the commands is silent.
    monkeypatch.setenv("KEDRO_LOGGING_CONFIG", str(Path(cli.__file__).with_name("quiet_logging.yml")))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Kedro's own
        yield
    root.handlers[:] = handlers
    root.setLevel(level)
