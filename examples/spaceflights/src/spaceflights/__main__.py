"""Let ``python -m spaceflights`` run the packaged project as ``kedro run`` does."""

from __future__ import annotations

import sys
from pathlib import Path

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main() -> None:
    """Run the project with the options of the command line."""
    package_name = Path(__file__).parent.name
    configure_project(package_name)
    find_run_command(package_name)(sys.argv[1:], standalone_mode=not hasattr(sys, "ps1"))


if __name__ == "__main__":
    main()
