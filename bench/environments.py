"""Environments to compare with: kedro-airflow, and a Kedro with many plugins.

Ours and kedro-airflow both claim the command `kedro airflow`, so each needs an environment of its own. DAG files of
both run on the same Airflow, ours: those of kedro-airflow import only Airflow and Kedro.
"""

from __future__ import annotations

from pathlib import Path

from scripts.make_env import make_env

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"


def kedro_airflow() -> Path:
    """Return the `bin` of an environment with kedro-airflow, Kedro and the example's libraries."""
    return _made("kedro-airflow")


def kedro_aloft() -> Path:
    """Return the `bin` of an environment that has this package instead of kedro-airflow, and no Airflow either."""
    return _made("kedro-aloft", with_package=True)


def plugins() -> Path:
    """Return the `bin` of an environment with Kedro and kedro-viz, kedro-mlflow, kedro-telemetry, without Airflow."""
    return _made("plugins")


def _made(name: str, *, with_package: bool = False) -> Path:
    directory = CACHE / "environments" / name
    make_env(directory, ROOT / "requirements" / f"bench-{name}.txt", with_package=with_package)
    return directory / "bin"
