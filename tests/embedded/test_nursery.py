"""Which components are started again when they end."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import os, signal, sys
from kedro_aloft.embedded.nursery import keep
from kedro_aloft.embedded.processes import Process, children, kill_all

name, least_life_s = sys.argv[1], float(sys.argv[2])
ready, go = os.pipe()
started = []

def start(name):
    started.append(name)
    again = started.count(name) > 1
    if again:
        os.write(go, b"!")
    pid = os.fork()
    if pid == 0:
        signal.pause() if again else os.read(ready, 1) if name == "other" else None
        os._exit(5 if name == "other" else 6)
    return Process.of(pid)

running = {one: start(one) for one in (name, "other")}
print(*keep(running, start, least_life_s=least_life_s), *started, flush=True)
kill_all(lambda: children(os.getpid()))
"""


def ended(name: str, least_life_s: float) -> list[str]:
    """Run two components, of which one ends at once, and the other when that one is started again."""
    words = [sys.executable, "-c", _PROGRAM, name, str(least_life_s)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def test_a_triggerer_is_started_again() -> None:
    end, _, *started = ended("triggerer", 0.0)
    assert (end, started) == ("other", ["triggerer", "other", "triggerer"])


@pytest.mark.parametrize(("name", "least_life_s"), [("scheduler", 0.0), ("triggerer", 1e6)])
def test_the_end_of_another_component_or_of_a_triggerer_that_cannot_live_is_the_end(
    name: str, least_life_s: float
) -> None:
    assert ended(name, least_life_s) == [name, "6", name, "other"]
