"""What tasks need from a Python environment of the project's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from kedro_aloft.doctor.check import bad, ok, unknown
from kedro_aloft.errors import RunError
from kedro_aloft.preflight.answers import answer
from kedro_aloft.venv.build import environment_key, find_uv, interpreter_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kedro_aloft.doctor.check import Answer, Result
    from kedro_aloft.preflight.wanted import PythonWanted

_PATIENCE_S = 300
_OFFLINE = re.compile(r"failed to fetch|dns error|connection|timed out|network", re.IGNORECASE)
_ASK = "import importlib.metadata as m, platform; print(platform.python_version()); print(m.version('kedro'))"


def look_at_python(wanted: PythonWanted) -> tuple[Answer, ...]:
    """Return whether an environment is there and works, or can be built."""
    if wanted.requirements is None:
        return (answer("python", f"Interpreter {wanted.python}", _judge_python(str(wanted.python))),)
    title = f"Requirements {wanted.requirements.name}"
    try:
        built = interpreter_of(wanted.cache / environment_key(wanted.requirements, python=wanted.python))
    except RunError as error:
        return (answer("requirements", title, bad(f"{error.what} {error.where}", error.remedy)),)
    if built.exists():
        told = answer("requirements", title, ok(f"built in {built.parents[1]}"))
        return (told, answer("python", f"Interpreter of {wanted.requirements.name}", _judge_python(str(built))))
    return (answer("requirements", title, _judge_requirements(wanted.requirements, wanted.python)),)


def _judge_python(python: str) -> Result:
    done = _run([python, "-c", _ASK])
    if isinstance(done, str):
        return bad(f"does not start: {done}", "make the environment, or correct `venv: {python: …}` in airflow.yml")
    lines = done.stdout.split()
    if done.returncode and lines:
        return bad(f"Python {lines[0]} without Kedro", f"{python} -m pip install kedro")
    if done.returncode:
        return bad(f"does not start: {_last(done.stderr)}", "make the environment anew")
    return ok(f"Python {lines[0]} with Kedro {lines[1]}")


def _judge_requirements(requirements: Path, python: str | None) -> Result:
    uv = find_uv()
    if uv is None:
        return unknown("not built yet, and without uv it is not known whether it can be", "pip install uv")
    words = [uv, "pip", "compile", "--quiet", "--python", python or sys.executable, str(requirements)]
    done = _run(words)
    if isinstance(done, str):
        return unknown(f"uv does not start: {done}")
    if done.returncode == 0:
        return ok("can be resolved; the first task builds it")
    said = " ".join(done.stderr.split())[-500:]
    if _OFFLINE.search(said) and "No solution found" not in said:
        return unknown(f"the package index does not answer: {said}", "ask again where it can be reached")
    return bad(f"cannot be resolved: {said}", f"uv pip compile {requirements.name}, and correct what it names")


def _run(words: Sequence[str], more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str] | str:
    """Run a program without the variables of this Python's own; return why it cannot be started."""
    without = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    environment = {name: value for name, value in os.environ.items() if name not in without} | dict(more or {})
    try:
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, errors="replace", check=False, timeout=_PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no word"
