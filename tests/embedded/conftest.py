"""Embedded Airflows of their own, helpers that look at processes from outside."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.embedded import EmbeddedAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE_S = 120.0


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until a condition is true and return its value; fail after a deadline that is far too long."""
    deadline = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)
    return value


def processes_of(project: Path) -> dict[int, str]:
    """Return the living processes of a project's Airflow with their command lines, by its home in their environment."""
    wanted = f"AIRFLOW_HOME={project.resolve() / '.airflow' / 'home'}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if int(entry.name) != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def pid_of(project: Path, words: str) -> int:
    """Return the id of the oldest process of a project's Airflow whose command line has these words."""
    return min(pid for pid, line in processes_of(project).items() if words in line)


@contextlib.contextmanager
def python(project: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """Run code with an `embedded` in another interpreter; it is killed at the end of the block if it still runs."""
    prelude = f"from pathlib import Path\nfrom kedro_aloft.embedded import EmbeddedAirflow\nembedded = EmbeddedAirflow(Path({str(project)!r}))\n"
    process = subprocess.Popen(
        [sys.executable, "-c", prelude + code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedAirflow]:
    """An embedded Airflow that nobody has started yet; whatever happens, it is down afterwards."""
    project = tmp_path / "a project"
    project.mkdir()
    airflow = EmbeddedAirflow(project)
    yield airflow
    airflow.down()
    assert processes_of(project) == {}
