"""Logs: Kedro's records reach Airflow's task log with their levels and logger names.

Importing Kedro applies a logging configuration that replaces the root handlers, Airflow's among them. We point
Kedro at a configuration that changes levels alone, and apply the levels of the project's own file afterwards.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = "KEDRO_LOGGING_CONFIG"
_LEVELS_ONLY = Path(__file__).with_name("logging.yml")
_OF_PROJECT = (Path("conf/logging.yml"), Path("conf/logging.yaml"))

logger = logging.getLogger(__name__)


@contextmanager
def keep_log_handlers() -> Iterator[Path | None]:
    """Keep every log handler in place while Kedro is imported and configured.

    Yields:
        The logging configuration that the user asked for with Kedro's variable, or None.
    """
    asked_for = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = str(_LEVELS_ONLY)  # for processes of nodes too, where Kedro is here already
    try:
        yield Path(asked_for) if asked_for else None
    finally:
        _restore(asked_for)


def apply_project_levels(asked_for: Path | None) -> None:
    """Set the levels (and nothing else) that the project's logging configuration asks for.

    Args:
        asked_for: Configuration that takes the place of the project's own.
    """
    path = next((path for path in (asked_for, *_OF_PROJECT) if path is not None and path.is_file()), None)
    if path is None:
        return
    import yaml

    config = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for name, options in (config.get("loggers") or {}).items():
        _set_level(name, options)
    _set_level("", config.get("root"))


def _set_level(name: str, options: Any) -> None:
    level = options.get("level") if isinstance(options, dict) else None
    if level is None:
        return
    try:
        logging.getLogger(name).setLevel(level)
    except (TypeError, ValueError):
        logger.warning("The project's logging configuration has an unknown level %r for '%s'.", level, name or "root")


def _restore(value: str | None) -> None:
    if value is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = value
