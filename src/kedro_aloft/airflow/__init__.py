"""What Airflow imports: the names that DAG files use. No Kedro at import, nothing of command line, render or deploy.

A DAG file says what runs; how it runs is decided here, at run time. Users may write DAGs by hand with the same names.
Airflow parses DAG files all the time: a name is imported when a file uses it, and what only tasks need when they run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro_aloft.airflow.around import KedroFinish, KedroStart
    from kedro_aloft.airflow.cleanup import KedroCleanup
    from kedro_aloft.airflow.fusion import fused
    from kedro_aloft.airflow.operator import KedroOperator
    from kedro_aloft.airflow.pipeline import KedroPipeline
    from kedro_aloft.airflow.values import data_interval_schedule, duration, instant, notifier, wait_for

__all__ = [
    "KedroCleanup",
    "KedroFinish",
    "KedroOperator",
    "KedroPipeline",
    "KedroStart",
    "data_interval_schedule",
    "duration",
    "fused",
    "instant",
    "notifier",
    "wait_for",
]

_MODULES = {
    "KedroCleanup": "cleanup",
    "KedroFinish": "around",
    "KedroOperator": "operator",
    "KedroPipeline": "pipeline",
    "KedroStart": "around",
    "fused": "fusion",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'values')}")
    globals()[name] = value = getattr(module, name)
    return value
