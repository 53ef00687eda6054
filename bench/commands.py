"""Run a command and say what it used."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OUTPUT_SHOWN = 3000


class BenchError(Exception):
    """Something that is measured does not work, so its figure would be wrong."""


@dataclass(frozen=True)
class Usage:
    """What a command used.

    Args:
        wall_s: From its start to its end.
        cpu_s: User and system time of the command and of the processes that it waited for.
        peak_mib: The largest resident size of one of these processes.
        output: Its standard output.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str


def measure(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> Usage:
    """Run a command.

    Args:
        command: Program and arguments.
        cwd: Its working directory.
        env: Environment variables on top of this process's own.

    Raises:
        BenchError: It failed.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=environment(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        line = " ".join(map(str, command))
        raise BenchError(f"`{line}` ended with {process.returncode}:\n{output[-OUTPUT_SHOWN:]}")
    return Usage(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with bytecode on and telemetry off, and what the caller adds."""
    base = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**base, "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", **extra}
