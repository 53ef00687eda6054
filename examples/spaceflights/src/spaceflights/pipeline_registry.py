"""The pipelines of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro.framework.project import find_pipelines

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline of the package by its name; ``__default__`` is all of them together."""
    pipelines = find_pipelines(raise_errors=True)
    pipelines["__default__"] = sum(pipelines.values())
    return pipelines
