"""The project's registered pipelines: all of them, what failed to load, and who owns a node."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kedro_aloft.errors import ProjectError, close_match
from kedro_aloft.project.failures import importing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kedro.pipeline import Pipeline

DEFAULT_PIPELINE = "__default__"

_IMPORT_FAILED = re.compile(r"An error occurred while importing the '(?P<module>[^']+)' module")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What `register_pipelines()` returned.

    Args:
        pipelines: By name, in the project's order.
        broken: Modules that `find_pipelines()` could not import, with the reason.
    """

    pipelines: Mapping[str, Pipeline]
    broken: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names of registered pipelines, each once.

        Raises:
            ProjectError: If one is not registered (ALOFT-106), or could not be loaded whole (ALOFT-102).
        """
        resolved = tuple(dict.fromkeys(names))
        for name in resolved:
            if name == DEFAULT_PIPELINE:
                self._refuse_broken()
            if name not in self.pipelines:
                self._refuse_broken(name)
                raise ProjectError(
                    f"The pipeline '{name}' does not exist.",
                    where="pipeline_registry.py",
                    seen=f"registered are {', '.join(sorted(self.pipelines)) or 'none'}",
                    remedy=close_match(name, self.pipelines) or "name a registered pipeline with --pipelines",
                    code="ALOFT-106",
                )
        return resolved

    def every(self) -> tuple[str, ...]:
        """Return the names of all pipelines that have nodes, sorted.

        Raises:
            ProjectError: If one could not be loaded (ALOFT-102).
        """
        self._refuse_broken()
        return tuple(sorted(name for name, pipeline in self.pipelines.items() if pipeline.nodes))

    def owners(self) -> dict[str, tuple[str, ...]]:
        """For each node, the pipelines that have it, the smallest first; `__default__` never."""
        owning: dict[str, list[str]] = defaultdict(list)
        for _, name in sorted((len(pipeline.nodes), name) for name, pipeline in self.pipelines.items()):
            if name != DEFAULT_PIPELINE:
                for node in self.pipelines[name].nodes:
                    owning[node.name].append(name)
        return {node: tuple(names) for node, names in owning.items()}

    def _refuse_broken(self, name: str | None = None) -> None:
        """Kedro goes on without a pipeline that it cannot import; a DAG that lacks nodes would look green."""
        for module, reason in self.broken.items():
            if name is None or module.rpartition(".")[2] == name:
                raise ProjectError(
                    f"The module '{module}' cannot be imported, so its pipeline is missing.",
                    seen=reason,
                    remedy="correct the module, or name other pipelines with --pipelines",
                    code="ALOFT-102",
                )


def load_registry(project_path: Path) -> Registry:
    """Load all pipelines of the configured project.

    Raises:
        ProjectError: If the registry cannot be imported (ALOFT-102).
    """
    from kedro.framework.project import pipelines

    with (
        warnings.catch_warnings(record=True) as caught,
        importing("The project's pipelines", project_path),
    ):
        warnings.simplefilter("always")
        if hasattr(pipelines, "set_requested"):  # Kedro ≥ 1.3
            pipelines.set_requested(None)
        found = dict(pipelines)
    return Registry(pipelines=found, broken=_broken(caught))


def is_selective(registry: Registry, name: str) -> bool:
    """Whether Kedro, when it is asked for this pipeline alone, registers the same nodes.

    Since Kedro 1.3 `find_pipelines()` returns only what was asked for; registries that compose pipelines from its
    keys then fail or return less.
    """
    from kedro.framework.project import pipelines

    if name == DEFAULT_PIPELINE or not hasattr(pipelines, "set_requested"):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipelines.set_requested([name])
            alone = {node.name for node in pipelines[name].nodes}
    except Exception:  # noqa: BLE001  the registry is the user's code
        return False
    finally:
        pipelines.set_requested(None)
    return alone == {node.name for node in registry.pipelines[name].nodes}


def _broken(caught: Iterable[warnings.WarningMessage]) -> dict[str, str]:
    broken = {}
    for warning in caught:
        text = str(warning.message)
        if match := _IMPORT_FAILED.search(text):
            broken[match["module"]] = text.strip().splitlines()[-1]
    return broken
