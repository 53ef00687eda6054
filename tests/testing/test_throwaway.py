"""The throw-away Airflow ends with whoever started it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.commands import user_environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.airflow

START = """
import sys, time
from pathlib import Path
from kedro_aloft.testing.throwaway import ThrowAwayAirflow

with ThrowAwayAirflow(Path(sys.argv[1])) as airflow:
    print(airflow._child.pid, flush=True)
    time.sleep(600)
"""
DEADLINE_S = 300


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_its_process_ends_with_ours(number: int, tmp_path: Path) -> None:
    ours = subprocess.Popen(
        [sys.executable, "-c", START, tmp_path / "home"],
        env=user_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert ours.stdout is not None
    with ours, ours.stdout:
        handle = os.pidfd_open(int(ours.stdout.readline()))
        try:
            ours.send_signal(number)
            assert select.select([handle], [], [], DEADLINE_S)[0], "it still runs"
        finally:
            os.close(handle)
            ours.kill()
