"""Processes as the kernel shows them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.embedded.processes import Process, children, descendants, kill_all, marked, wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with one child, and the child's id; both carry a mark."""
    environment = {**os.environ, "ALOFT_TEST_MARK": "family"}
    parent = subprocess.Popen([sys.executable, "-c", _FAMILY], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    yield parent, child
    kill_all(lambda: [pid for pid in (parent.pid, child) if Process.of(pid).started and pid in marked_family()])
    parent.communicate()


def marked_family() -> list[int]:
    return marked("ALOFT_TEST_MARK", "family")


def test_a_family(family: tuple[subprocess.Popen[str], int]) -> None:
    parent, child = family
    assert children(parent.pid) == [child]
    assert descendants(parent.pid) == [child]
    assert parent.pid in children(os.getpid())
    assert set(descendants(os.getpid())) >= {parent.pid, child}
    assert set(marked_family()) == {parent.pid, child}


def test_alive_until_it_ends(family: tuple[subprocess.Popen[str], int], wait_until: Callable[..., Any]) -> None:
    parent, child = family
    process = Process.of(child)
    assert process.alive
    os.kill(child, signal.SIGKILL)
    assert wait_gone(process, deadline_s=180)
    wait_until(lambda: children(parent.pid) == [], "a zombie is no child")


def test_another_process_with_the_same_id_is_another(family: tuple[subprocess.Popen[str], int]) -> None:
    process = Process.of(family[0].pid)
    assert not replace(process, started=process.started + 1).alive
    assert not replace(process, boot="another boot").alive
    assert not Process.of(2**22 + 1).alive


def test_wait_gone_gives_up(family: tuple[subprocess.Popen[str], int]) -> None:
    assert not wait_gone(Process.of(family[0].pid), deadline_s=0.0)


def test_kill_all_ends_what_is_there_each_time(family: tuple[subprocess.Popen[str], int]) -> None:
    parent, child = family
    assert kill_all(marked_family)
    assert parent.wait(timeout=180) == -signal.SIGKILL
    assert not Process.of(child).alive
    assert marked_family() == []
