"""Environments to look at: variables, distributions and Airflow configurations that are really there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kedro_aloft.doctor import ALWAYS, PRODUCTION, SECURITY, Environment, Result, ask, gather

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

QUIET = ("DO_NOT_TRACK", "PYTHONDONTWRITEBYTECODE", "GRPC_ENABLE_FORK_SUPPORT")


class Machine:
    """The environment of this process, as far as the doctor looks at it, changed for one test."""

    def __init__(self, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._patch = patch
        for name in [*QUIET, *(name for name in os.environ if name.startswith(("AIRFLOW_", "_AIRFLOW_")))]:
            patch.delenv(name, raising=False)
        self.set(DO_NOT_TRACK="1", AIRFLOW_HOME=str(path / "home"))

    def set(self, **variables: str) -> Machine:
        """Set environment variables."""
        for name, value in variables.items():
            self._patch.setenv(name, value)
        return self

    def unset(self, name: str) -> Machine:
        """Take an environment variable away."""
        self._patch.delenv(name)
        return self

    def install(self, name: str, version: str, entry_points: str = "") -> Machine:
        """Make a distribution known to Python, before all others of its name."""
        info = self.path / "site" / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
        self._patch.syspath_prepend(str(self.path / "site"))
        return self

    def configure(self, text: str) -> Machine:
        """Write airflow.cfg, with mode 0600 as Airflow does."""
        file = self.path / "home" / "airflow.cfg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return self

    def dag_file(self, name: str, text: str) -> Machine:
        """Write a file of the DAG folder."""
        file = self.path / "home" / "dags" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return self

    def facts(self) -> Environment:
        """Return what the doctor sees."""
        return gather()

    def answers(self, *, project: Path | None = None) -> Mapping[str, Result]:
        """Return all answers by code."""
        return answers(gather(project))


def answers(environment: Environment) -> Mapping[str, Result]:
    """Return all answers to an environment by code."""
    return {one.code: one.result for one in ask([*ALWAYS, *SECURITY, *PRODUCTION], environment)}
