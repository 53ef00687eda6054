"""What Airflow imports: the names that DAG files use. No Kedro at import, nothing of command line, render or deploy.

A DAG file says what runs; how it runs is decided here, at run time. Users may write DAGs by hand with the same names.
"""

from __future__ import annotations

from kedro_aloft.airflow.cleanup import KedroCleanup
from kedro_aloft.airflow.operator import KedroOperator
from kedro_aloft.airflow.pipeline import KedroPipeline
from kedro_aloft.airflow.values import data_interval_schedule, duration, instant, notifier, wait_for

__all__ = [
    "KedroCleanup",
    "KedroOperator",
    "KedroPipeline",
    "data_interval_schedule",
    "duration",
    "instant",
    "notifier",
    "wait_for",
]
