"""Cleanup removes a run's place and nothing of any other run."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.airflow import KedroCleanup, KedroPipeline
from kedro_aloft.airflow.cleanup import clean_up_after_task
from kedro_aloft.contract.place import RunPlace
from kedro_aloft.contract.request import TaskRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.airflow


class Store:
    """A handoff store of one kind."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.files, self.root = fsspec.core.url_to_fs(uri)

    def put(self, name: str) -> None:
        self.files.makedirs(f"{self.root}/{name}".rpartition("/")[0], exist_ok=True)
        self.files.pipe_file(f"{self.root}/{name}", b"x")

    def all(self) -> list[str]:
        """Return every file and directory below the root."""
        found = self.files.find(self.root, withdirs=True) if self.files.exists(self.root) else []
        return sorted({path.removeprefix(self.root).strip("/") for path in found} - {""})

    def place(self, run: str) -> RunPlace:
        return RunPlace(f"{self.uri}/{run}")

    def age(self, run: str, seconds: float) -> None:
        """Make the place of a run look old."""
        moment = time.time() - seconds
        for path in (*Path(self.root, run).rglob("*"), Path(self.root, run)):
            os.utime(path, (moment, moment))


@pytest.fixture(params=["local", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    uri = {"local": str(tmp_path / "h"), "file": f"file://{tmp_path}/h", "memory": f"memory://{tmp_path.name}/h"}
    yield Store(uri[request.param])
    fsspec.filesystem("memory").store.clear()
    fsspec.filesystem("memory").pseudo_dirs[:] = [""]


def test_the_run_and_its_dags_empty_directory_go(store: Store) -> None:
    store.put("dag/run/a.handoff")
    store.put("dag/run/b.handoff")
    store.place("dag/run").remove()
    assert store.all() == []


def test_other_runs_and_other_dags_stay(store: Store) -> None:
    for name in ("dag/run/a", "dag/run-2/a", "dag2/run/a"):
        store.put(name)
    store.place("dag/run").remove()
    assert [name for name in store.all() if name.endswith("/a")] == ["dag/run-2/a", "dag2/run/a"]


def test_the_store_itself_stays(store: Store, tmp_path: Path) -> None:
    store.put("dag/run/a")
    (tmp_path / "h").mkdir(exist_ok=True)
    (tmp_path / "h/.gitignore").write_text("*\n")
    store.place("dag/run").remove()
    assert (tmp_path / "h/.gitignore").exists()


def test_a_place_that_never_was_is_no_trouble(store: Store) -> None:
    store.place("dag/run").remove()
    assert store.place("dag/run").remove_older_siblings(0) == []


def test_what_is_too_old_goes_and_what_is_not_stays(store: Store) -> None:
    for name in ("dag/old/a", "dag/young/a", "dag/own/a", "other/old/a"):
        store.put(name)
    if store.files.protocol == "memory":
        pytest.skip("files in memory cannot be made older")
    for run in ("dag/old", "dag/own", "other/old"):
        store.age(run, 100)
    store.age("dag/young", 5)
    removed = store.place("dag/own").remove_older_siblings(50)
    assert [Path(name).name for name in removed] == ["old"]
    assert [name for name in store.all() if name.endswith("/a")] == ["dag/own/a", "dag/young/a", "other/old/a"]


def test_what_another_cleanup_removes_at_the_same_time_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        (tmp_path / f"dag/run-{n}").mkdir(parents=True)
        os.utime(tmp_path / f"dag/run-{n}", (0, 0))
    real = Path.stat

    def stat(path: Path, **options: Any) -> os.stat_result:
        if path.name == "run-1" and path.parent.name == "dag":
            raise FileNotFoundError(path)
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert RunPlace(str(tmp_path / "dag/own")).remove_older_siblings(10) == [
        str(tmp_path / "dag/run-0"),
        str(tmp_path / "dag/run-2"),
    ]


# --- a DAG without a cleanup, whose tasks keep things for their next try


@pytest.mark.parametrize(
    ("keep", "failed", "tries", "left"),
    [
        ("on_failure", True, 2, {"now/.tasks/all"}),
        ("on_failure", False, 1, {"now/.tasks/all"}),
        ("never", True, 1, {"now/.tasks/all"}),
        ("never", True, 2, set()),
        ("always", True, 2, {"now/.tasks/all", "old/.tasks/all"}),
    ],
    ids=["failed", "did-well", "never-another-try", "never-last-try", "always"],
)
def test_what_old_tries_left_goes_without_a_cleanup(
    tmp_path: Path, keep: str, failed: bool, tries: int, left: set[str]
) -> None:
    for run in ("now", "old"):
        (tmp_path / f"shop/{run}/.tasks/all").mkdir(parents=True)
    os.utime(tmp_path / "shop/old", (0, 0))
    kedro = KedroPipeline(package="shop", handoff=str(tmp_path), handoff_keep=keep)
    request = TaskRequest(
        dag_id="shop",
        run_id="now",
        task_id="all",
        version="v",
        run_directory="shop/now",
        project_path=str(tmp_path),
        package="shop",
        pipeline="p",
        nodes=("a", "b"),
        handoff_uri=str(tmp_path),
    )
    instance = SimpleNamespace(try_number=tries, max_tries=1)
    for tasks, expected in (([KedroCleanup(kedro=kedro)], {"now/.tasks/all", "old/.tasks/all"}), ([], left)):
        context: Any = {"dag": SimpleNamespace(tasks=tasks), "ti": instance}
        clean_up_after_task(kedro, context, request, failed=failed)
        found = {str(one.relative_to(tmp_path / "shop")) for one in tmp_path.glob("shop/*/.tasks/all")}
        assert found == expected
