"""Run a command and say what it used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OUTPUT_SHOWN = 3000

# Between us and the command, because the peak that the kernel reports for a process includes the memory of the one that
# started it. Its own two hundredths of a second are not counted.
LAUNCHER = """\
import json, os, sys, time
begun = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
wall_s = time.perf_counter() - begun
figures = [wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
print("\\nUSED", json.dumps(figures), flush=True)
sys.exit(min(os.waitstatus_to_exitcode(status) & 255, 255))
"""


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
    launcher = [sys.executable, "-S", "-E", "-c", LAUNCHER, *map(str, command)]
    done = subprocess.run(
        launcher,
        cwd=cwd,
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        output, line = done.stdout.rpartition("\nUSED ")[0], " ".join(map(str, command))
        raise BenchError(f"`{line}` ended with {done.returncode}:\n{output[-OUTPUT_SHOWN:]}")
    return usage_of(done.stdout)


def usage_of(printed: str) -> Usage:
    """Return what the launcher printed after the output of a command that went well."""
    output, _, figures = printed.rpartition("USED ")
    return Usage(*json.loads(figures), output=output.removesuffix("\n"))


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with bytecode on and telemetry off, and what the caller adds."""
    base = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**base, "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", **extra}
