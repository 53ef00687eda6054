"""Tasks in another Python: an environment whose libraries conflict with Airflow's, and every way to end."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.errors import RunError
from kedro_aloft.venv import build_environment, run_in_python
from kedro_aloft.venv.build import environment_key
from support.commands import user_environment
from support.runs import wait_until

if TYPE_CHECKING:
    from support.projects import Project, ProjectBuilder

FUNCTIONS = """
    import logging, signal, subprocess, sys, time, warnings

    def look(x):
        import pandas
        logging.getLogger("shop").warning("careful")
        logging.getLogger("shop").debug("whisper")
        warnings.warn("old")
        return {"executable": sys.executable, "pandas": pandas.__version__, "x": x, "path": sys.path}

    def fail(x): raise ValueError("not today")
    def leave(x): raise SystemExit(7)
    def vanish(x): os._exit(3)
    def be_killed(x): os.kill(os.getpid(), signal.SIGKILL)

    def start_and_be_killed(x):
        subprocess.Popen(["sleep", "60"], close_fds=False)
        os.kill(os.getpid(), signal.SIGKILL)

    def wait(x):
        child = subprocess.Popen(["sleep", "60"])
        note(f"{os.getpid()} {child.pid}")
        while True:
            time.sleep(0.05)
"""
NODES = ",".join(
    f"node({name}, 'params:x', 'made_{name}', name='{name}')"
    for name in ("look", "fail", "leave", "vanish", "be_killed", "start_and_be_killed", "wait")
)


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    return builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("made_look").parameters(x=4).build()


def request(project: Project, node: str) -> TaskRequest:
    return TaskRequest(
        dag_id="shop",
        run_id="r1",
        task_id=node,
        version="2026-01-02T03.04.05.678Z-0123abcd",
        run_directory="shop/r1",
        project_path=str(project.path),
        package=project.package,
        pipeline="__default__",
        nodes=(node,),
    )


@pytest.fixture(scope="session")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with another major version of pandas, and without kedro-aloft, built as tasks build it."""
    folder = tmp_path_factory.mktemp("environments")
    requirements = folder / "requirements.txt"
    requirements.write_text("kedro==1.2.0\nkedro-datasets\npandas==2.2.3\n")
    return build_environment(requirements, python=None, cache=folder)


def test_a_node_runs_with_libraries_that_conflict_with_airflows(
    project: Project, other_python: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import pandas as pd

    assert pd.__version__.partition(".")[0] == "3"
    with caplog.at_level(logging.INFO):
        report = run_in_python(request(project, "look"), other_python)
    assert report.failure is None, report.failure
    assert [node.state for node in report.nodes] == ["success"]
    saved = str(project.pickled("made_look"))
    assert "'pandas': '2.2.3'" in saved
    assert str(other_python) in saved
    ours = str(Path(sys.executable).parents[1] / "lib")
    assert ours not in saved
    assert ("shop", logging.WARNING, "careful") in caplog.record_tuples
    assert not [record for record in caplog.record_tuples if record[2] == "whisper"]


def test_a_failure_arrives_as_it_would_in_airflows_process(project: Project) -> None:
    failure = run_in_python(request(project, "fail"), Path(sys.executable)).failure
    assert failure is not None
    assert (failure.node, failure.type.rpartition(".")[2], failure.message) == ("fail", "ValueError", "not today")


def test_system_exit_passes_through(project: Project) -> None:
    with pytest.raises(SystemExit) as stop:
        run_in_python(request(project, "leave"), Path(sys.executable))
    assert stop.value.code == 7


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ("vanish", "ended by itself with exit code 3"),
        ("be_killed", "ended by SIGKILL, perhaps for want of memory"),
        ("start_and_be_killed", "ended by SIGKILL"),
    ],
)
def test_a_process_that_dies_is_a_failure_that_a_retry_may_heal(project: Project, node: str, says: str) -> None:
    failure = run_in_python(request(project, node), Path(sys.executable)).failure
    assert failure is not None
    assert says in failure.message
    assert not failure.deterministic


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except OSError:
        return False


def test_a_timeout_ends_the_process_and_all_that_it_started(project: Project) -> None:
    class TimeoutOfAirflow(BaseException):
        pass

    def ring(*_: object) -> None:
        if project.notes():
            signal.setitimer(signal.ITIMER_REAL, 0)  # once: what ends the process may take longer than to the next bell
            raise TimeoutOfAirflow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        with pytest.raises(TimeoutOfAirflow):
            run_in_python(request(project, "wait"), Path(sys.executable))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    for pid in map(int, project.notes()[0].split()):
        wait_until(lambda pid=pid: not _alive(pid), f"process {pid} ends")


def test_it_ends_with_who_started_it(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from kedro_aloft.contract.request import TaskRequest;"
        "from kedro_aloft.venv import run_in_python;"
        "run_in_python(TaskRequest.from_json(sys.argv[1]), Path(sys.executable))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, request(project, "wait").to_json()], env=user_environment()
    ) as parent:
        wait_until(project.notes, "the node waits")
        parent.kill()
    for pid in map(int, project.notes()[0].split()):
        wait_until(lambda pid=pid: not _alive(pid), f"process {pid} ends")


def test_a_python_that_is_not_there_is_named(project: Project, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be started") as error:
        run_in_python(request(project, "look"), tmp_path / "python")
    assert error.value.where == str(tmp_path / "python")


# --- building


def test_one_content_is_built_once_however_many_ask(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(6) as pool:
        built = set(pool.map(lambda _: build_environment(requirements, python=None, cache=cache), range(6)))
    (python,) = built
    created = python.stat(follow_symlinks=False).st_mtime_ns
    assert build_environment(requirements, python=None, cache=cache) == python
    assert python.stat(follow_symlinks=False).st_mtime_ns == created
    subprocess.run([python, "-c", "import sys; assert sys.prefix != sys.base_prefix"], check=True)


def test_what_was_not_finished_is_built_anew(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    half = tmp_path / environment_key(requirements, python=None)
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").write_text("broken")
    python = build_environment(requirements, python=None, cache=tmp_path)
    subprocess.run([python, "-c", ""], check=True)


def test_included_files_belong_to_the_content(tmp_path: Path) -> None:
    requirements, included = tmp_path / "requirements.txt", tmp_path / "base.txt"
    included.write_text("a\n")
    requirements.write_text("-r base.txt\n")
    before = environment_key(requirements, python=None)
    included.write_text("b\n")
    assert environment_key(requirements, python=None) != before
    assert environment_key(requirements, python="3.12") != environment_key(requirements, python=None)


def test_requirements_that_cannot_be_installed_are_told_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("there-is-no-such-thing @ https://user:hunter2@127.0.0.1:9/x.whl\n")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "2")
    with pytest.raises(RunError, match="could not be built") as error:
        build_environment(requirements, python=None, cache=tmp_path)
    assert "hunter2" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not on this worker"):
        build_environment(tmp_path / "none.txt", python=None, cache=tmp_path)
    (tmp_path / "a.txt").write_text("-r none.txt\n")
    with pytest.raises(RunError, match="not on this worker") as caught:
        build_environment(tmp_path / "a.txt", python=None, cache=tmp_path)
    assert caught.value.seen == "included by a.txt, line 1: -r none.txt"
