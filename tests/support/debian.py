"""Debian's own packages, installed for the tests where they are not there and may be."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.airflow import locked

_DEADLINE_S = 600


def install_packages(*packages: str) -> str:
    """Install packages; return why that cannot be, or nothing. Tests in other processes wait meanwhile."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"{' and '.join(packages)} has to be installed, which only root on Debian can."
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with locked(Path(tempfile.gettempdir(), "kedro-aloft-tests-apt.lock")):
        for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", *words], env=environment, check=False, capture_output=True, text=True, timeout=_DEADLINE_S
            )
            if done.returncode:
                return f"Debian's {' and '.join(packages)} cannot be installed: {done.stderr.strip()}"
    return ""
