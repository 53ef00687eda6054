"""Whoever dies, nothing stays behind and no node runs twice."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.warm.kernel import children
from kedro_aloft.warm.stop import stop_servers
from support.warm import alive, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder
    from support.warm import Warm

FUNCTIONS = """
    import multiprocessing, signal, subprocess, sys, time

    def family(x):
        near = subprocess.Popen(["sleep", "300"])
        far = subprocess.Popen(["sleep", "300"], start_new_session=True)
        pids = f"pids {os.getpid()} {near.pid} {far.pid}"
        if x == "leave":
            note(pids)
            return x
        if x == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            note(pids)
            while True:
                time.sleep(0.1)
        finally:
            note("cleaned up")
"""


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    """A project whose only node starts processes."""
    return (
        module_builder("family")
        .functions(FUNCTIONS)
        .pipeline("__default__", "node(family, 'params:x', 'y', name='family')")
        .parameters(x="stay")
        .build()
    )


@pytest.fixture
def begun(warm: Warm, project: Project) -> Callable[..., list[int]]:
    """Start the node and return the processes: the task's client, its fork, and what the node started."""
    (project.path / "notes.txt").unlink(missing_ok=True)

    def begin(x: str = "stay") -> list[int]:
        task = warm.start(project, "family", runtime_params={"x": x})
        (line,) = wait_until(lambda: [note for note in project.notes() if note.startswith("pids")], "the node")
        return [task.process.pid, *map(int, line.split()[1:])]

    return begin


def _gone(pids: list[int]) -> None:
    for pid in pids:
        wait_until(lambda pid=pid: not alive(pid), f"the end of {pid}")


def test_a_killed_client_takes_its_task_along(warm: Warm, begun: Callable[..., list[int]], project: Project) -> None:
    client, *family = begun()
    os.kill(client, signal.SIGKILL)
    _gone(family)
    assert project.notes().count("cleaned up") == 1
    server = warm.server
    wait_until(lambda: children(server) == [], "the burial of the fork")


def test_a_task_that_does_not_listen_is_killed(warm: Warm, begun: Callable[..., list[int]], project: Project) -> None:
    client, *family = begun("stubborn")
    os.kill(client, signal.SIGKILL)
    _gone(family)
    assert "cleaned up" not in project.notes()
    assert alive(warm.server)


def test_a_client_that_wants_to_stop_waits_for_its_task(
    warm: Warm, begun: Callable[..., list[int]], project: Project
) -> None:
    client, *family = begun()
    os.kill(client, signal.SIGINT)  # an exception in the middle of it, as Airflow's timeout or `on_kill` raise
    task = warm._running[-1].end()
    assert task.report is None
    assert "KeyboardInterrupt" in task.err
    assert not any(map(alive, family))
    assert project.notes().count("cleaned up") == 1


def test_what_a_node_leaves_running_ends_with_its_task(warm: Warm, begun: Callable[..., list[int]]) -> None:
    _, *family = begun("leave")
    warm._running[-1].end().ok()
    assert not any(map(alive, family))


def test_a_server_that_is_killed_fails_the_task_and_never_repeats_it(
    warm: Warm, begun: Callable[..., list[int]], project: Project
) -> None:
    _, *family = begun()
    os.kill(warm.server, signal.SIGKILL)
    failure = warm._running[-1].end().failure()
    assert "The server of this task's process died" in failure.message
    assert failure.deterministic is False
    assert not any(map(alive, family))
    assert len([note for note in project.notes() if note.startswith("pids")]) == 1
    warm.run(project, "family", runtime_params={"x": "leave"}).ok()


def test_a_server_that_is_stopped_ends_its_tasks_first(
    warm: Warm, begun: Callable[..., list[int]], project: Project
) -> None:
    _, *family = begun()
    (server,) = stop_servers(warm.directory)
    assert not alive(server)
    assert not any(map(alive, family))
    assert not list(warm.directory.glob("*.sock"))
    assert project.notes().count("cleaned up") == 1
    assert warm._running[-1].end().code == 143


def test_a_server_that_is_killed_before_anything_began_costs_nothing(warm: Warm, builder: ProjectBuilder) -> None:
    gate = builder.functions("def go(x): note('ran'); return x").pipeline(
        "__default__", "node(go, 'params:x', 'y', name='go')"
    )
    wait = "import os, time\nfrom pathlib import Path\nwhile not Path(os.environ['GATE']).exists(): time.sleep(0.01)\n"
    project = gate.file("src/{package}/settings.py", wait).parameters(x=1).build()
    task = warm.start(project, "go", env={"GATE": str(project.path / "open")})
    server = wait_until(lambda: warm.servers, "a server that imports")[0]
    os.kill(server, signal.SIGKILL)
    (project.path / "open").touch()
    done = task.end().done()
    assert "Error: " in done.fresh
    assert project.notes() == ["ran"]


def test_it_is_the_kernel_that_ends_a_fork_without_server_and_client(
    warm: Warm, begun: Callable[..., list[int]], project: Project
) -> None:
    client, *family = begun()
    for pid in (client, warm.server):
        os.kill(pid, signal.SIGKILL)
    _gone(family)
    assert project.notes().count("cleaned up") == 1
