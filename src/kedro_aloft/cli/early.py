"""Runs before Kedro, in `kedro airflow …` processes alone: what must be in place before Kedro's own first line.

Kedro logs to stdout while it imports itself, before it knows any plugin; `kedro airflow run --json` must print one JSON
object and nothing else. Kedro also imports the project's settings before it knows our commands; what they raise gets
the same clear message as any other error. `kedro_aloft.pth` in site-packages imports this module when the command line
is ours.
"""

import atexit
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an error that no command caught, as commands do; Python exits with 1 after this hook."""
    if "--debug" in sys.argv or not isinstance(error, Exception):
        sys.__excepthook__(kind, error, trace)
        return
    from kedro_aloft.cli.console import print_error
    from kedro_aloft.errors import AloftError
    from kedro_aloft.project import find_project
    from kedro_aloft.project.failures import importing

    try:
        with importing("The project", find_project()):
            raise error
    except AloftError as explained:
        print_error(explained)


def _leave_out_telemetry() -> None:
    """Keep kedro-telemetry from being imported: where tracking is off it does nothing with all that it imports.

    Source: kedro-telemetry 0.9 `_check_for_telemetry_consent`; pluggy loads no entry point whose name is blocked.
    """
    from pluggy import PluginManager

    load = PluginManager.load_setuptools_entrypoints

    def load_others(manager: PluginManager, *arguments: Any, **options: Any) -> int:
        manager.set_blocked("kedro-telemetry")
        return load(manager, *arguments, **options)

    PluginManager.load_setuptools_entrypoints = load_others  # type: ignore[assignment]


def _read_entry_points_once() -> None:
    """Look through the installed distributions once: Kedro does it six times, to find plugins of different kinds.

    Two milliseconds each in an environment of 80 distributions, ten in one of 500.
    """
    from importlib import metadata

    find: Any = metadata.entry_points
    found: dict[tuple[str, ...], Any] = {}  # by search path: a project puts itself there

    def entry_points(**wanted: Any) -> Any:
        place = tuple(sys.path)
        if place not in found:
            found[place] = find()
        return found[place].select(**wanted)

    metadata.entry_points = entry_points


if os.environ.get("DO_NOT_TRACK") or os.environ.get("KEDRO_DISABLE_TELEMETRY"):
    with suppress(ImportError):
        _leave_out_telemetry()
_read_entry_points_once()
# A command ends before the collector would find anything: a tenth of the time of `create`. Who waits turns it on again.
gc.disable()
# Python itself would look through every object once more at the very end: another tenth.
atexit.register(gc.freeze)
os.environ.setdefault("KEDRO_LOGGING_CONFIG", str(Path(__file__).with_name("quiet_logging.yml")))
sys.excepthook = _explain
