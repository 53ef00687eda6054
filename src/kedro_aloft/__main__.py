"""`python -m kedro_aloft …`: the commands without Kedro's start.

Where Kedro is not installed, as on a machine that only runs Airflow, or refuses the project, as one of an older Kedro,
`kedro airflow …` does not exist.
"""

from __future__ import annotations

import kedro_aloft.cli.early  # noqa: F401  what `kedro_aloft.pth` does for `kedro airflow …`
from kedro_aloft.cli import airflow

if __name__ == "__main__":
    airflow(prog_name="python -m kedro_aloft")
