"""On any doubt a task starts fresh, says why, and is none the worse for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.warm.kernel import children
from support.commands import user_environment
from support.warm import memory, names_of, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import Project, ProjectBuilder
    from support.warm import Warm

FUNCTIONS = "import os, random, socket, threading, time\n\ndef go(x): note(f'ran {x}'); return x"


def project_of(builder: ProjectBuilder, source: str = "", name: str = "functions") -> Project:
    """Build a project of one node; `source` runs when a module of it is imported."""
    nodes = "node(go, 'params:x', 'y', name='go')"
    project = builder.functions(FUNCTIONS).pipeline("__default__", nodes).parameters(x=1).build()
    path = project.path / "src" / project.package / f"{name}.py"
    before = path.read_text() if path.exists() else ""
    project.write(str(path.relative_to(project.path)), before + f"\n{source}\n")
    return project


REASONS = {
    "thread": ("threading.Thread(target=lambda: time.sleep(60), daemon=True).start()", "starts the thread 'Thread-"),
    "socket": ("SERVER = socket.create_server(('127.0.0.1', 0))", "leaves a socket open"),
    "file": ("LOG = open(PROJECT / 'import.log', 'w')", "importing the project writes "),
    "process": ("import subprocess; RUNS = subprocess.Popen(['sleep', '1'])", "starts a process"),
    "pipe": ("PIPE = os.pipe()", "leaves 'pipe:"),
    "time": ("STARTED = time.time()", "time() runs when the project is imported"),
    "hidden time": ("def now():\n    return time.time()\nSTARTED = now()", "now() runs when the project is imported"),
    "in a class": ("class Settings:\n    seed = random.random()", "random() runs when the project is imported"),
    "default": ("def f(at=time.time()): return at", "time() runs when the project is imported"),
    "seed": ("random.seed(42)", "seed() runs when the project is imported"),
    "airflow": ("def later():\n    from airflow.sdk import Variable", "imports Airflow, which answers"),
    "airflow by name": (
        "import importlib\ndef later(): importlib.import_module('airflow.sdk')",
        "imports Airflow, which",
    ),
    "airflow in memory": ("import sys\nON = 'airflow.sdk' in sys.modules", "imports Airflow, which"),
    "failure": ("raise RuntimeError('not today')", "importing the project fails: RuntimeError: not today"),
    "exit": ("import sys; sys.exit(3)", "importing the project fails: SystemExit: 3"),
}


@pytest.mark.parametrize("source", REASONS)
def test_a_doubt_is_told_and_the_task_starts_fresh(warm: Warm, builder: ProjectBuilder, source: str) -> None:
    code, reason = REASONS[source]
    project = project_of(builder, code)
    first = warm.run(project, "go")
    assert reason in first.fresh
    server = warm.server
    assert warm.run(project, "go").fresh == first.fresh
    assert warm.server == server
    assert children(server) == []
    assert memory(server, "Rss") < 40_000
    assert not [name for name in names_of(server) if "import.log" in name]
    if source in ("failure", "exit"):
        assert project.notes() == []
    else:
        assert project.notes() == ["ran 1", "ran 1"]


@pytest.mark.parametrize(
    "source",
    [
        "def now():\n    return time.time()",
        "if __name__ == '__main__':\n    time.time()",
        "at = lambda: time.time()",
        "LOCK = threading.Lock()",
        "KEY = os.environ.get('SHOP_KEY', 'none')",
    ],
)
def test_what_only_nodes_do_is_no_doubt(warm: Warm, builder: ProjectBuilder, source: str) -> None:
    project = project_of(builder, source)
    warm.run(project, "go").ok()


def test_a_registry_that_asks_for_the_time_is_a_doubt(warm: Warm, builder: ProjectBuilder) -> None:
    helper = "import datetime\ndef build_name():\n    return str(datetime.date.today())\n"
    builder.file("src/{package}/helper.py", helper).registry(f"""
        from kedro.pipeline import Pipeline, node
        from {builder.package}.helper import build_name
        from {builder.package}.functions import go

        def register_pipelines():
            return {{"__default__": Pipeline([node(go, "params:x", build_name(), name="go")])}}
    """)
    project = builder.functions(FUNCTIONS).parameters(x=1).build()
    assert "today() runs when the project is imported" in warm.run(project, "go").done().fresh


def test_a_variable_that_imports_have_read_must_be_the_same(warm: Warm, builder: ProjectBuilder) -> None:
    source = "KEY = os.environ.get('SHOP_KEY', 'none')\ndef go(x): note(f'ran {KEY}'); return x"
    project = project_of(builder, source)
    warm.run(project, "go", env={"SHOP_KEY": "a", "OTHER": "1"}).ok()
    warm.run(project, "go", env={"SHOP_KEY": "a", "OTHER": "2"}).ok()
    assert "variable SHOP_KEY has another value" in warm.run(project, "go", env={"SHOP_KEY": "b"}).done().fresh
    assert "variable SHOP_KEY has another value" in warm.run(project, "go").done().fresh
    assert project.notes() == ["ran a", "ran a", "ran b", "ran none"]


def test_an_import_that_goes_through_all_variables_needs_them_all_the_same(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder, "FOUND = {name: value for name, value in os.environ.items() if name.startswith('X')}")
    warm.run(project, "go", env={"OTHER": "1"}).ok()
    warm.run(project, "go", env={"OTHER": "1"}).ok()
    reason = warm.run(project, "go", env={"OTHER": "2"}).done().fresh
    assert f"{project.package}.functions looks at every environment variable" in reason


def test_a_directory_that_others_can_enter_is_not_used(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    warm.directory.mkdir(mode=0o755)
    assert "is not private to this user" in warm.run(project, "go").done().fresh
    assert list(warm.directory.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_gets_nothing(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    warm.run(project, "go").ok()
    (place,) = warm.directory.glob("*.sock")
    code = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "one = socket.socket(socket.AF_UNIX); one.settimeout(30)\n"
        "one.connect(f'/proc/self/fd/{sys.argv[1]}')\n"
        "one.send(b'\\0\\0\\0\\x02{}')\n"
        "print(one.recv(10))\n"
    )
    descriptor = os.open(place, os.O_PATH)
    place.chmod(0o666)  # as if the directory had been opened to others
    done = subprocess.run(
        [sys.executable, "-c", code, str(descriptor)],
        pass_fds=(descriptor,),
        env=user_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    os.close(descriptor)
    assert done.stdout == "b''\n" or "Connection reset" in done.stderr or "Broken pipe" in done.stderr, done.stderr
    warm.run(project, "go").ok()


def test_a_stranger_that_talks_nonsense_is_ignored(warm: Warm, builder: ProjectBuilder, tmp_path: Path) -> None:
    project = project_of(builder)
    warm.run(project, "go").ok()
    server = warm.server
    before = len(names_of(server))
    (place,) = warm.directory.glob("*.sock")
    link = tmp_path / "s"
    link.symlink_to(place)
    for words in (b"", b"\0\0\0\x05hello", b"\0\0\0\x02{}", b"\xff\xff\xff\xffx"):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(link))
            one.sendall(words)
    wait_until(lambda: len(names_of(server)) <= before, "closed connections")  # one more may have been closing then
    warm.run(project, "go").ok()
    assert warm.server == server
