"""Command lines of others: whether they are here, and running them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SHOWN_LINES = 20


def has_program(name: str) -> bool:
    """Whether a program is on the PATH."""
    return shutil.which(name) is not None


def has_compose() -> bool:
    """Whether Docker has its plugin Compose."""
    if not has_program("docker"):
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


def run_program(words: Sequence[str], *, folder: Path, remedy: str) -> str:
    """Run a program in a folder; return what it printed.

    Raises:
        DeployError: If it fails (ALOFT-925); with the end of what it said.
    """
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        last = "\n".join(f"{done.stdout}{done.stderr}".strip().splitlines()[-_SHOWN_LINES:])
        raise DeployError(f"`{' '.join(words)}` failed.", where=str(folder), seen=last, remedy=remedy, code="ALOFT-925")
    return done.stdout
