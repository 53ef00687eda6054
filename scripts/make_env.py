"""Make a Python environment from pinned requirements, with this package in it, editable.

    python3.11 scripts/make_env.py <directory> <requirements.txt>

Does nothing when the environment is there and was made from the same input. Otherwise it is made anew: a stamp that
is written last tells a finished environment from a failed attempt. Standard library only: this runs before anything
is installed. Bytecode is compiled, because without it every Airflow process compiles everything again, which was
measured to make a DAG run 2.4 times slower.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".made-from"
PYTHON = (3, 11)
# What an editable install copies, instead of pointing at it.
COPIED = ("pyproject.toml", "src/kedro_aloft/__init__.py", "src/kedro_aloft/kedro_aloft.pth")
VENV_ENTRIES = {"bin", "include", "lib", "lib64", "share", "etc", "pyvenv.cfg", STAMP, ".gitignore"}


class EnvironmentMakingError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def make_env(directory: Path, requirements: Path, *, with_package: bool = True) -> None:
    """Make the environment unless it is there already.

    Args:
        directory: Where; what it holds is deleted when it was made from other input.
        requirements: Pinned requirements, complete: dependencies are not resolved again.
        with_package: Whether this package goes in, too.

    Raises:
        EnvironmentMakingError: It cannot be made.
    """
    if sys.version_info[:2] != PYTHON:
        raise EnvironmentMakingError(
            f"The pinned requirements are for Python {PYTHON[0]}.{PYTHON[1]}, this is {sys.version.split()[0]}: "
            "run `make PYTHON=<path of a python3.11>`."
        )
    stamp, wanted = directory / STAMP, fingerprint(requirements)
    if _made_from(directory) == wanted:
        return
    say(f"making {directory} from {requirements}")
    create_venv(directory)
    if with_package:
        install(directory, requirements)
    else:
        install_requirements(directory, requirements)
    stamp.write_text(wanted, encoding="utf-8")
    say(f"{directory} is ready")


def fingerprint(requirements: Path) -> str:
    """Return a digest of all that decides what the environment is."""
    digest = hashlib.sha256()
    for part in (requirements, *(ROOT / name for name in COPIED), Path(__file__)):
        digest.update(part.read_bytes() + b"\0")
    digest.update(f"{sys.executable} {sys.version} {ROOT}".encode())
    return digest.hexdigest()


def _made_from(directory: Path) -> str:
    """Return the fingerprint that the environment was made from; empty when it is absent or does not work."""
    try:
        subprocess.run([directory / "bin" / "python", "-c", ""], check=True, capture_output=True)
        return (directory / STAMP).read_text(encoding="utf-8")
    except (OSError, subprocess.CalledProcessError):
        return ""


def create_venv(directory: Path) -> None:
    """Create an empty virtual environment, instead of whatever environment is there."""
    strangers = {path.name for path in directory.iterdir()} - VENV_ENTRIES if directory.exists() else set()
    if strangers and not (directory / "pyvenv.cfg").exists():
        raise EnvironmentMakingError(f"{directory} is no virtual environment (it has {min(strangers)}): move it away.")
    # Debian ships the module `ensurepip` in another package; uv does without.
    pip = [] if find_spec("ensurepip") else ["--without-pip"]
    run([sys.executable, "-m", "venv", "--clear", *pip, directory])


def install(directory: Path, requirements: Path) -> None:
    """Install the requirements, then this package; with uv, or with pip where uv cannot."""
    installer = install_requirements(directory, requirements)
    # Without build isolation: what builds the package is among the pinned requirements.
    run([*installer, "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT])


def install_requirements(directory: Path, requirements: Path) -> list[str | Path]:
    """Install the requirements; return the beginning of the command that could."""
    python = directory / "bin" / "python"
    if uv := find_uv(directory, requirements):
        installer: list[str | Path] = [uv, "pip", "install", "--python", python]
        try:
            run([*installer, "--quiet", "--no-deps", "--compile-bytecode", "-r", requirements])
        except EnvironmentMakingError as error:
            # pip and uv are configured apart: where only pip knows the index, pip can.
            say(f"{error}\nuv cannot; trying pip, which is slower")
        else:
            return installer
    installer = [python, "-m", "pip", "install"]
    run([*installer, "--quiet", "--no-deps", "--compile", "-r", requirements])
    return installer


def find_uv(directory: Path, requirements: Path) -> str:
    """Return a uv that works: the one on the path, or the pinned one, installed; empty when there is none."""
    on_path = shutil.which("uv")
    if on_path and not subprocess.run([on_path, "--version"], check=False, capture_output=True).returncode:
        return on_path
    if not find_spec("ensurepip"):
        raise EnvironmentMakingError("Neither uv nor ensurepip is here: run `apt-get install python3-venv`.")
    pinned = re.search(r"^uv==\S+", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    wanted = pinned.group() if pinned else "uv"
    try:
        run([directory / "bin" / "python", "-m", "pip", "install", "--quiet", wanted])
    except EnvironmentMakingError as error:
        say(f"{error}\nno uv; trying pip, which is slower")
        return ""
    return str(directory / "bin" / "uv")


def run(command: list[str | Path]) -> None:
    """Run a command in the repository with its output on stderr.

    Raises:
        EnvironmentMakingError: It failed.
    """
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # Both would change what is installed where, or leave it without bytecode.
    for name in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV"):
        environment.pop(name, None)
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, stdout=sys.stderr)
    if done.returncode:
        line = " ".join(map(str, command))
        raise EnvironmentMakingError(f"This failed with exit code {done.returncode}: {line}")


def say(text: str) -> None:
    """Print progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Make the environment that the command line names; return the exit code."""
    try:
        directory, requirements = sys.argv[1:]
    except ValueError:
        say("usage: make_env.py <directory> <requirements.txt>")
        return 2
    try:
        make_env(Path(directory).absolute(), Path(requirements).absolute())
    except EnvironmentMakingError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
