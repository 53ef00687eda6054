"""Embedded Airflows of their own, and helpers that look at processes from outside."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.embedded import EmbeddedAirflow

DEADLINE_S = 300.0


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any], str], Any]:
    """Poll until a condition is true and return its value; fail after a deadline that is far too long."""

    def wait(condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + DEADLINE_S
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited in vain: {what}"
            time.sleep(0.02)
        return value

    return wait


@pytest.fixture(scope="session")
def processes_of() -> Callable[[Path], dict[int, str]]:
    """Return the living processes of a project's Airflow with their command lines, by its home in their environment."""

    def find(project: Path) -> dict[int, str]:
        wanted = f"AIRFLOW_HOME={project.resolve() / '.airflow' / 'home'}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if int(entry.name) != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    return find


@pytest.fixture
def python() -> Iterator[Callable[[Path, str], subprocess.Popen[str]]]:
    """Run code with an `embedded` of a project in another interpreter; it is killed after the test."""
    started = []

    def run(project: Path, code: str) -> subprocess.Popen[str]:
        prelude = "import sys\nfrom pathlib import Path\nfrom kedro_aloft.embedded import EmbeddedAirflow\n"
        source = f"{prelude}embedded = EmbeddedAirflow(Path(sys.argv[1]))\n{code}"
        process = subprocess.Popen(
            [sys.executable, "-c", source, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def embedded(
    tmp_path_factory: pytest.TempPathFactory, processes_of: Callable[[Path], dict[int, str]]
) -> Iterator[EmbeddedAirflow]:
    """An embedded Airflow of the module, in a path that is hard to quote; down afterwards, whatever happens."""
    from kedro_aloft.embedded import EmbeddedAirflow

    project = tmp_path_factory.mktemp("ein schönes Projekt")
    airflow = EmbeddedAirflow(project)
    yield airflow
    airflow.down()
    assert processes_of(project) == {}
