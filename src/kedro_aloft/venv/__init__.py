"""Tasks in a Python environment of the project's own: Airflow's needs no Kedro, and their libraries may differ.

    airflow.launch ─▶ build: requirements ─uv─▶ python      launch ── request ──▶ child (that python) ─▶ runtime
                                                                   ◀── log records, warnings, report ──

The child finds this package beside the libraries of its environment, which need not have it installed.
"""

from kedro_aloft.venv.build import build_environment
from kedro_aloft.venv.launch import failed_before, run_in_python

__all__ = ["build_environment", "failed_before", "run_in_python"]
