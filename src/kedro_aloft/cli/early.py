"""Runs before Kedro, in `kedro airflow …` processes alone: makes Kedro log to stderr.

Kedro logs a line to stdout while it imports itself, before it knows any plugin; `kedro airflow run --json` must print
one JSON object and nothing else. `kedro_aloft.pth` in site-packages imports this module when the command line is ours.
"""

import os
from pathlib import Path

os.environ.setdefault("KEDRO_LOGGING_CONFIG", str(Path(__file__).with_name("quiet_logging.yml")))
