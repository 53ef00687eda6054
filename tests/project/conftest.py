"""Projects opened in this process, as the commands open them, and everything put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.opening import put_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.project import Project
    from support.projects import ProjectBuilder


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with put_back(monkeypatch):
        yield


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
