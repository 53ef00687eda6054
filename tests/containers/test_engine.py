"""The Docker engine of the tests themselves: shared, alone on its socket, gone with its last user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.engine import ROOT, EngineMissingError, running_engine
from support.warm import alive, wait_until

if TYPE_CHECKING:
    from support.engine import Engine

pytestmark = pytest.mark.docker

_USER = """
import sys
from pathlib import Path
from support.engine import running_engine
with running_engine(Path(sys.argv[1])) as engine:
    print((engine.directory / "docker.pid").read_text(), flush=True)
    sys.stdin.read()
"""


def _user(directory: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    words = [sys.executable, "-c", _USER, directory]
    return subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _pid(user: subprocess.Popen[str]) -> int:
    assert user.stdout is not None
    return int(user.stdout.readline())


@pytest.fixture
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short path: the engine's sockets lie below it."""
    return tmp_path_factory.mktemp("engine")


def test_processes_share_an_engine_and_it_ends_with_the_last_one_however_that_ends(
    engine: Engine,  # noqa: ARG001  says whether this machine can
    directory: Path,
) -> None:
    with _user(directory) as first, _user(directory) as second:
        pid = _pid(first)
        assert _pid(second) == pid
        first.send_signal(signal.SIGINT)
        first.wait()
        assert alive(pid)
        second.kill()
    wait_until(lambda: not alive(pid), "the engine ends")
    wait_until(lambda: str(directory) not in Path("/proc/mounts").read_text(), "nothing stays mounted")


def test_whoever_comes_while_the_engine_ends_gets_the_next_one(engine: Engine, directory: Path) -> None:  # noqa: ARG001
    with running_engine(directory) as own:
        first = (directory / "docker.pid").read_text()
    with running_engine(directory) as own:
        assert own.docker("info", "--format", "{{.DockerRootDir}}") == str(directory / "data")
        second = (directory / "docker.pid").read_text()
    wait_until(lambda: not alive(int(second)), "the second engine ends")
    assert not alive(int(first)) or first == second


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineMissingError, match="only root can"), running_engine(directory):
        pass
    assert not any(directory.iterdir())


def test_an_engine_that_does_not_start_shows_its_log(
    engine: Engine,  # noqa: ARG001  says whether this machine can
    directory: Path,
) -> None:
    (directory / "data").write_text("no directory")
    with pytest.raises(EngineMissingError, match="points to a file"), running_engine(directory):
        pass


def test_containers_keep_their_limits_and_tell_how_they_end(engine: Engine) -> None:
    hungry = ["python3", "-c", "x = b'x' * 300_000_000"]
    name = f"hungry-{os.getpid()}"
    with pytest.raises(AssertionError, match="exited 137"):
        engine.docker("run", "--name", name, "--network=none", "--memory=64m", engine.base_image(), *hungry)
    assert engine.docker("inspect", "--format", "{{.State.OOMKilled}}", name) == "true"
    engine.docker("rm", name)


def test_the_image_of_a_project_has_the_project_and_this_source_tree(engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    (project / "hello.py").write_text("import kedro, kedro_aloft, pandas; print(kedro.__version__)\n")
    image = engine.project_image(project)
    assert engine.docker("run", "--rm", "--network=none", image, "python", "hello.py") == "1.7.0"
    assert engine.project_image(project) == image
    (project / "hello.py").write_text("print('other')\n")
    assert engine.project_image(project) != image
