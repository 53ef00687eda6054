"""Projects opened in this process, as the commands open them, and everything put back."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.project import Project
    from support.projects import ProjectBuilder


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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


@pytest.fixture
def opened() -> Callable[..., Project]:
    """Write a project and open it."""
    from kedro_aloft.project import open_project

    def build_and_open(builder: ProjectBuilder, **options: Any) -> Project:
        return open_project(builder.build().path, **options)

    return build_and_open


@pytest.fixture
def simple(builder: ProjectBuilder) -> ProjectBuilder:
    """One node `double` from a parameter to a pickle."""
    return (
        builder.functions("def double(x): return 2 * x")
        .pipeline("__default__", "node(double, 'params:start', 'doubled', name='double')")
        .pickles("doubled")
        .parameters(start=4)
    )
