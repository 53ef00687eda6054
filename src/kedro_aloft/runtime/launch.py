"""Main file of a Dataproc job: unpacks the project that came with it, and runs the nodes that its arguments name.

    launch.py KEDRO_ALOFT_TASK=… KEDRO_ALOFT_RUN=… [NAME=value …] [word …]

It is copied out of the package and runs before anything of the project can be imported: the standard library alone.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import zipfile
from pathlib import Path

ARCHIVE = "project.zip"
"""Spark puts it on the path of Python, in the driver and in the executors."""

_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Run the nodes; return the exit code of the runtime."""
    words = []
    for argument in arguments:
        variable = _VARIABLE.fullmatch(argument)
        if variable:
            os.environ[variable[1]] = variable[2]
        else:
            words.append(argument)
    folder = tempfile.mkdtemp(prefix="kedro-aloft-")
    with zipfile.ZipFile(_archive()) as archive:
        archive.extractall(folder)
    sys.path.insert(0, folder)
    os.chdir(Path(folder, "project"))
    from kedro_aloft.runtime.__main__ import main as run

    return run(words)


def _archive() -> str:
    for entry in sys.path:
        if Path(entry).name == ARCHIVE:
            return entry
    raise SystemExit(f"{ARCHIVE} is not on the path of Python: {sys.path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
