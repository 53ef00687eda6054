"""Environments from requirements: one per content, built once, whoever asks first."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import RunError
from kedro_aloft.locks import locked
from kedro_aloft.requirement_files import MissingFileError, list_requirements

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPLETE = ".complete"
_KEY_LENGTH = 16
_USER_AND_PASSWORD = re.compile(r"://[^/\s@]+@")
_SHOWN_LINES = 20
_HANDOFF_LIBRARIES = ("cloudpickle>=3.0", "xxhash>=3.0")
"""What the runtime needs, beside Kedro, to hand data over to other tasks."""

logger = logging.getLogger(__name__)


def build_environment(requirements: Path, *, python: str | None, cache: Path) -> Path:
    """Return the interpreter of the environment with these requirements; build it when there is none yet.

    Several tasks may ask at once: one builds, the others wait. An environment that was not finished is made anew.

    Args:
        requirements: A requirements file; files that it includes belong to its content.
        python: Interpreter (a path) or version to make it with; None for the one that runs this.
        cache: Folder of all environments.

    Raises:
        RunError: If it cannot be built.
    """
    directory = cache / environment_key(requirements, python=python)
    cache.mkdir(parents=True, exist_ok=True)
    with locked(directory.with_suffix(".lock")):
        if not (directory / _COMPLETE).exists():
            logger.info("Building the environment of %s in %s", requirements.name, directory)
            shutil.rmtree(directory, ignore_errors=True)
            for command in _commands(requirements, directory, python or sys.executable):
                _run(command, requirements)
            (directory / _COMPLETE).touch()
    return interpreter_of(directory)


def environment_key(requirements: Path, *, python: str | None) -> str:
    """Return what an environment is called: a digest of requirements, interpreter and platform.

    Raises:
        RunError: If a requirements file is missing.
    """
    digest = hashlib.sha256()
    for path in _files(requirements):
        digest.update(path.read_bytes() + b"\0")
    digest.update(f"{_HANDOFF_LIBRARIES} {python or sys.executable} {sys.version_info[:2]} {sysconfig.get_platform()}".encode())
    return digest.hexdigest()[:_KEY_LENGTH]


def interpreter_of(directory: Path) -> Path:
    """Return the Python of an environment."""
    return directory / "bin" / "python"


def _files(requirements: Path) -> list[Path]:
    try:
        return list_requirements(requirements)
    except MissingFileError as error:
        raise RunError(
            "A requirements file of `venv` is not on this worker.",
            where=str(error.path),
            seen=f"included by {error.named}" if error.named else "",
            remedy="`venv.requirements` names a file of the project; deploy it with the project",
        ) from None


def _commands(requirements: Path, directory: Path, python: str) -> list[list[str]]:
    """uv is quick, pip is everywhere. Bytecode is compiled now: tasks may not be able to keep it."""
    target = str(interpreter_of(directory))
    wanted = ["-r", str(requirements), *_HANDOFF_LIBRARIES]
    uv = find_uv()
    if uv is not None:
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", target, *wanted]
        return [[uv, "venv", "--quiet", "--python", python, str(directory)], install]
    return [
        [python, "-m", "venv", str(directory)],
        [target, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
    ]


def find_uv() -> str | None:
    """Return uv: the one beside this interpreter, else of the PATH; None when there is none."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(command: Sequence[str], requirements: Path) -> None:
    without = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    try:
        done = subprocess.run(  # noqa: S603  our own words and the project's file
            command, env=environment, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise _refusal(requirements, command, str(error)) from None
    if done.returncode:
        raise _refusal(requirements, command, f"{done.stdout}{done.stderr}")


def _refusal(requirements: Path, command: Sequence[str], output: str) -> RunError:
    last = "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
    return RunError(
        "The environment of `venv` could not be built.",
        where=str(requirements),
        seen=f"`{' '.join(command[:3])} …` said:\n{_USER_AND_PASSWORD.sub('://***@', last)}",
        remedy="try the requirements on this machine: `uv pip install --dry-run -r <file>`",
    )
