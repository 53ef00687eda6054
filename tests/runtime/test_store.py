"""The handoff store: private, whole or not at all, out of git, on any file system."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from kedro_aloft.contract.store import run_uri
from kedro_aloft.errors import HandoffError
from kedro_aloft.runtime.store import HandoffStore

if TYPE_CHECKING:
    from pathlib import Path


def store_in(project: Path, handoff: str = ".airflow/handoff", run: str = "dag/run") -> HandoffStore:
    return HandoffStore(run_uri(handoff, str(project), run))


@pytest.fixture(params=["local", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A store of each kind: a path, a file system that needs two steps, and one where objects appear whole."""
    uri = {"local": str(tmp_path), "file": f"file://{tmp_path}", "memory": f"memory://{tmp_path.name}"}[request.param]
    yield HandoffStore(f"{uri}/dag/run")
    fsspec.filesystem("memory").store.clear()


def test_what_was_put_can_be_taken(store: HandoffStore) -> None:
    size = store.put("frame", {"a": list(range(1000))})
    assert size > 1000
    assert store.take("frame") == {"a": list(range(1000))}


def test_a_later_try_replaces_what_an_earlier_one_wrote(store: HandoffStore) -> None:
    store.put("frame", "old")
    store.put("frame", "new")
    assert store.take("frame") == "new"


def test_a_dataset_that_nobody_put_is_an_error_with_a_remedy(store: HandoffStore) -> None:
    assert not store.has("frame")
    store.put("other", 1)
    assert not store.has("frame")
    assert store.has("other")
    with pytest.raises(HandoffError, match="'frame' is not in the handoff store") as caught:
        store.take("frame")
    assert caught.value.where == store.uri
    assert "clear the task" in caught.value.remedy


NAMES = [
    "a",
    "A b",
    "a/b",
    "../up",
    "ns.data@pandas",
    "ünï",
    "x" * 300,
    "params:a",
    ".hidden",
    "a_b",
    "a b",
    "a?b",
    "data:*",
]


def test_datasets_of_any_name_are_kept_apart(store: HandoffStore) -> None:
    for name in NAMES:
        store.put(name, name)
    assert [store.take(name) for name in NAMES] == NAMES


def test_runs_are_kept_apart(tmp_path: Path) -> None:
    for run in ("one", "two"):
        store_in(tmp_path, run=f"dag/{run}").put("frame", run)
    assert store_in(tmp_path, run="dag/one").take("frame") == "one"


class Refuses:
    def __reduce__(self) -> Any:
        raise RuntimeError("no")


def test_a_failed_put_leaves_the_old_data_and_nothing_else(store: HandoffStore, tmp_path: Path) -> None:
    store.put("frame", "old")
    with pytest.raises(HandoffError):
        store.put("frame", Refuses())
    assert store.take("frame") == "old"
    assert [path.name for path in tmp_path.rglob("*.tmp")] == []


class Interrupts:
    """Is asked to stop in the middle of being written."""

    def __reduce__(self) -> Any:
        raise SystemExit(143)


def test_a_put_that_is_killed_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with pytest.raises(SystemExit):
        store.put("frame", [b"x" * 100_000, Interrupts()])
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".gitignore"] == []


def test_the_store_is_its_owners_alone(tmp_path: Path) -> None:
    store_in(tmp_path).put("frame", 1)
    run = tmp_path / ".airflow/handoff/dag/run"
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in run.iterdir()] == [0o600]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    run = tmp_path / ".airflow/handoff/dag/run"
    run.mkdir(parents=True)
    os.chown(run, 12345, -1)
    with pytest.raises(HandoffError, match="its owner has user id 12345"):
        store_in(tmp_path).put("frame", 1)


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_a_directory_that_others_can_write_is_not_trusted(mode: int, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.put("frame", 1)
    (tmp_path / ".airflow/handoff/dag/run").chmod(mode)
    for step in (lambda: store.put("frame", 2), lambda: store.take("frame")):
        with pytest.raises(HandoffError, match=f"its mode is {mode:o}") as caught:
            step()
        assert "700" in caught.value.remedy


def test_git_sees_nothing_of_the_store_in_a_project(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    store_in(tmp_path).put("frame", 1)
    assert (tmp_path / ".airflow/.gitignore").read_text() == "*\n"
    status = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""


def test_a_store_elsewhere_ignores_itself_and_nothing_around_it(tmp_path: Path) -> None:
    store_in(tmp_path, handoff="data/handed").put("frame", 1)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob(".gitignore")] == ["data/handed/.gitignore"]


def test_a_directory_that_was_there_gets_no_gitignore(tmp_path: Path) -> None:
    (tmp_path / ".airflow").mkdir()
    store_in(tmp_path).put("frame", 1)
    assert list(tmp_path.rglob(".gitignore")) == []


def test_a_run_finds_its_place_although_cleanups_remove_empty_ones(tmp_path: Path) -> None:
    stop = threading.Event()

    def remove_dag_directory() -> None:
        while not stop.is_set():
            try:
                (tmp_path / ".airflow/handoff/dag").rmdir()
            except OSError:
                continue

    cleaner = threading.Thread(target=remove_dag_directory)
    cleaner.start()
    try:
        for n in range(200):
            store_in(tmp_path, run=f"dag/run-{n}").put("frame", n)
            assert store_in(tmp_path, run=f"dag/run-{n}").take("frame") == n
            if n % 2:
                for run in (tmp_path / ".airflow/handoff/dag").iterdir():
                    next(run.iterdir()).unlink()
                    run.rmdir()
    finally:
        stop.set()
        cleaner.join()


def test_the_runtime_needs_no_airflow_and_the_store_no_kedro() -> None:
    code = "import sys, kedro_aloft.runtime.store; print(sorted({'kedro', 'airflow', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
