"""Run commands as users do: in processes of their own, without the settings of the machine that tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND_DEADLINE_S = 600
_LAST_WORDS_S = 10
SHORT_LIVES = {"KEDRO_ALOFT_WARM_IDLE_S": "30"}
"""One warm server per project; none may outlive a test run that is killed."""
_FOREIGN = ("AIRFLOW_", "_AIRFLOW_", "KEDRO_", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTEST_", "FORCE_COLOR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that ended."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that it printed."""
        return f"{self.out}\n{self.err}"

    def ok(self) -> Done:
        """Return itself; fail the test when the command failed."""
        assert self.code == 0, self.report()
        return self

    def report(self) -> str:
        """Return what it was, how it ended and all that it printed."""
        return f"{' '.join(self.argv)} exited {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    def json(self) -> Any:
        """Return what stdout holds; it must be one JSON value and nothing else."""
        return json.loads(self.out)


def user_environment(**extra: str) -> dict[str, str]:
    """Return the environment of a user: ours without Airflow's, Kedro's and pytest's variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**clean, **SHORT_LIVES, "DO_NOT_TRACK": "1", "COLUMNS": "200", "NO_COLOR": "1", **extra}


def run_command(
    *argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None, deadline_s: float = COMMAND_DEADLINE_S
) -> Done:
    """Run a command to its end.

    Args:
        argv: Program and arguments.
        cwd: Working directory.
        env: Added to the user's environment.
        deadline_s: Then the command is ended and the test fails with all that it has printed, and with the place in
            the code at which each of its threads is.
    """
    words = tuple(str(word) for word in argv)
    with subprocess.Popen(
        words,
        cwd=cwd,
        env={"PYTHONFAULTHANDLER": "1", **user_environment(**(env or {}))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            out, err = _last_words(process)
            done = Done(argv=words, code=-signal.SIGABRT, out=out, err=err)
            raise AssertionError(f"{done.report()}\n--- it had not ended after {deadline_s:g} s") from None
        finally:
            process.kill()
    return Done(argv=words, code=process.returncode, out=out, err=err)


def _last_words(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Let a process tell where it is, and return all that it has printed."""
    process.send_signal(signal.SIGABRT)
    try:
        return process.communicate(timeout=_LAST_WORDS_S)
    except subprocess.TimeoutExpired as late:  # what it started lives on and keeps its output open
        out, err = ((part or b"").decode(errors="replace") for part in (late.stdout, late.stderr))
        return out, err


def run_python(code: str, *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run Python code in an interpreter of its own."""
    return run_command(sys.executable, "-c", code, *args, cwd=cwd, env=env)


def program(name: str) -> Path:
    """Return a program of the environment that runs the tests."""
    return Path(sys.executable).with_name(name)


def user_cache() -> Path:
    """Return the folder for what tests make once per machine."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kedro-aloft"
