"""Runs before Kedro, in `kedro airflow …` processes alone: what must be in place before Kedro's own first line.

Kedro logs to stdout while it imports itself, before it knows any plugin; `kedro airflow run --json` must print one JSON
object and nothing else. Kedro also imports the project's settings before it knows our commands; what they raise gets
the same clear message as any other error. `kedro_aloft.pth` in site-packages imports this module when the command line
is ours.
"""

import gc
import os
import sys
from pathlib import Path
from types import TracebackType


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


# A command ends before the collector would find anything: a tenth of the time of `create`. Who waits turns it on again.
gc.disable()
os.environ.setdefault("KEDRO_LOGGING_CONFIG", str(Path(__file__).with_name("quiet_logging.yml")))
sys.excepthook = _explain
