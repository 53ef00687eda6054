"""Workers run the release that a run began with: fetched, verified, unpacked once; nothing is mixed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.airflow.locate import handoff_of, project_of_run
from kedro_aloft.airflow.pipeline import KedroPipeline
from kedro_aloft.contract.files import FileStore
from kedro_aloft.contract.identity import RunIdentity
from kedro_aloft.contract.release import Blob, DagFile, Release, Work, release_id
from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.airflow.locate import RunProject

MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Place:
    """A DAG folder with a store, and a worker's cache."""

    def __init__(self, folder: Path) -> None:
        self.dag_file = str(folder / "dags" / "shop_dag.py")
        self.store = FileStore(str(folder / "dags/.kedro-aloft/shop"))
        self.kedro = KedroPipeline(package="shop", releases=".kedro-aloft", release="?")

    def upload(
        self,
        version: str,
        *,
        nodes: tuple[str, ...] = ("a",),
        gives: tuple[str, ...] = (),
        data: dict[str, str] | None = None,
    ) -> Release:
        code = self._archive({"pyproject.toml": "[tool.kedro]\n", "src/shop/version.py": version, "run.sh": "#!"})
        conf = self._archive({"conf/base/catalog.yml": version})
        file = DagFile(
            dag_id="shop", pipeline="p", blank=version, fingerprint=version, blob=code, tasks={"t": Work(nodes=nodes)}
        )
        file = replace(file, tasks={"t": Work(nodes=nodes, gives=gives)})
        release = Release(
            id="", package="shop", env="local", code=code, conf=conf, dag_files={"shop_dag.py": file},
            data=None if data is None else self._archive(data),
        )  # fmt: skip
        files = {"shop_dag.py": version}
        own = release_id("shop", "local", archives=release.archives, dag_files=files, requirements=())
        release = replace(release, id=own)
        self.store.write(release.path, release.to_json().encode())
        return release

    def _archive(self, files: dict[str, str]) -> Blob:
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(text), 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(entry, io.BytesIO(text.encode()))
        content = plain.getvalue()
        blob = Blob(sha256=hashlib.sha256(content).hexdigest(), size=len(content), suffix=".tar.gz")
        self.store.write(blob.path, gzip.compress(content, mtime=0))
        return blob

    def run(self, release: Release, run_id: str = "r", **arguments: Any) -> RunProject:
        kedro = replace(self.kedro, release=release.id)
        identity = RunIdentity(dag_id="shop", run_id=run_id, run_after=MOMENT)
        return project_of_run(kedro, self.dag_file, identity, **arguments)

    def version(self, release: Release, run_id: str = "r", **arguments: Any) -> str:
        project = self.run(release, run_id, **arguments)
        texts = {(project.path / name).read_text() for name in ("src/shop/version.py", "conf/base/catalog.yml")}
        (text,) = texts
        return text


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("KEDRO_ALOFT_RELEASES", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def test_a_run_keeps_the_release_with_which_it_began(place: Place) -> None:
    one, two = place.upload("one"), place.upload("two")
    assert place.version(one, "first") == "one"
    assert place.version(two, "first") == "one"
    assert place.version(two, "second") == "two"
    assert place.version(one, "second") == "two"


def test_who_clears_a_run_asks_for_what_is_live(place: Place) -> None:
    one, two = place.upload("one"), place.upload("two")
    assert place.version(one) == "one"
    assert place.version(two, clears=1) == "two"
    assert place.version(one, clears=1) == "two"


def test_a_task_that_cannot_be_the_first_writes_nothing_down(place: Place) -> None:
    one, two = place.upload("one"), place.upload("two")
    assert place.version(one, begins=False) == "one"
    assert place.version(two) == "two"


def test_the_work_of_a_task_is_that_of_the_pinned_release(place: Place) -> None:
    one, two = place.upload("one", gives=("x",)), place.upload("two", gives=("y",))
    place.run(one)
    work = place.run(two).work(place.dag_file, "shop", "t", nodes=("a",))
    assert work == Work(nodes=("a",), gives=("x",))


@pytest.mark.parametrize(("task", "nodes"), [("t", ("b",)), ("new", ("a",))])
def test_a_task_that_the_pinned_release_does_not_have_so_fails(place: Place, task: str, nodes: tuple[str, ...]) -> None:
    release = place.upload("one")
    with pytest.raises(RunError) as caught:
        place.run(release).work(place.dag_file, "shop", task, nodes=nodes)
    assert caught.value.code == "ALOFT-704"
    assert caught.value.deterministic
    assert release.id in caught.value.what


def test_a_release_is_fetched_once(place: Place) -> None:
    release = place.upload("one")
    path = place.run(release).path
    place.store.remove_folder()
    assert place.run(release, "another").path == path


def test_what_the_worker_has_of_the_project_is_in_every_release(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    (own / "data").mkdir(parents=True)
    (own / "data/a.csv").write_text("1")
    (own / "conf/local").mkdir(parents=True)
    (own / "conf/local/credentials.yml").write_text("x: 1")
    monkeypatch.setenv("KEDRO_ALOFT_PROJECT_PATH", str(own))
    one = place.run(place.upload("one"))
    two = place.run(place.upload("two"), "other")
    assert (one.path / "data/a.csv").read_text() == "1"
    assert (one.path / "conf/local/credentials.yml").read_text() == "x: 1"
    (one.path / "data/b.csv").write_text("2")
    assert (two.path / "data/b.csv").read_text() == "2"
    assert one.handoff == two.handoff == str(own / ".airflow/handoff")
    assert (own / ".airflow/.gitignore").read_text() == "*\n"
    assert handoff_of(replace(place.kedro, release="x"), place.dag_file) == one.handoff


def test_data_that_goes_along_is_in_the_folder_of_the_worker(place: Place, tmp_path: Path) -> None:
    one = place.run(place.upload("one", data={"data/01_raw/a.csv": "1", "data/01_raw/b.csv": "1"}))
    assert (one.path / "data/01_raw/a.csv").read_text() == "1"
    two = place.run(place.upload("two", data={"data/01_raw/a.csv": "2"}), "other")
    raw = tmp_path / "cache/shop/workspace/data/01_raw"
    assert {path.name: path.read_text() for path in raw.iterdir()} == {"a.csv": "2", "b.csv": "1"}
    assert (two.path / "data/01_raw/b.csv").read_text() == "1"


def test_data_goes_to_another_disk_when_the_worker_has_it_there(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/data").symlink_to(tmp_path / "disk")
    monkeypatch.setenv("KEDRO_ALOFT_PROJECT_PATH", str(tmp_path / "own"))
    place.run(place.upload("one", data={"data/a.csv": "1"}))
    assert (tmp_path / "disk/a.csv").read_text() == "1"


def test_the_environment_of_the_worker_is_that_of_every_release(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "own/.venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setenv("KEDRO_ALOFT_PROJECT_PATH", str(tmp_path / "own"))
    project = place.run(place.upload("one"))
    assert (project.path / ".venv/bin/python").resolve() == python
    assert not (project.path / "venv").exists()


def test_releases_that_nobody_used_for_long_are_removed_without_the_data(place: Place, tmp_path: Path) -> None:
    unused, used, new = place.upload("unused"), place.upload("used"), place.upload("new")
    folders = [place.run(one, one.id).path for one in (unused, used)]
    (folders[0] / "data/kept").touch()
    for folder in folders:
        os.utime(folder, (1, 1))
    place.run(used, "again")
    place.run(new, "new")
    assert not folders[0].exists()
    assert folders[1].exists()
    assert (tmp_path / "cache/shop/workspace/data/kept").exists()
    assert place.version(unused, unused.id) == "unused"  # a run that still needs it gets it again


def test_workers_without_the_project_share_a_folder_of_their_own(place: Place, tmp_path: Path) -> None:
    project = place.run(place.upload("one"))
    (project.path / "data/x").write_text("1")
    assert (tmp_path / "cache/shop/workspace/data/x").read_text() == "1"
    assert (project.path / "run.sh").stat().st_mode & 0o777 == 0o755


def test_a_release_that_is_not_there_yet_may_come(place: Place) -> None:
    release = place.upload("one")
    place.store.remove(release.path)
    with pytest.raises(RunError) as caught:
        place.run(release)
    assert caught.value.code == "ALOFT-703"
    assert not caught.value.deterministic


def test_a_damaged_archive_is_not_run(place: Place, tmp_path: Path) -> None:
    release = place.upload("one")
    place.store.write(release.code.path, gzip.compress(b"something else"))
    with pytest.raises(RunError, match="not what its manifest says"):
        place.run(release)
    assert {one.name for one in (tmp_path / "cache/shop").iterdir()} == {"workspace", "releases"}


def test_a_manifest_that_was_changed_is_not_run(place: Place) -> None:
    release, other = place.upload("one"), place.upload("two")
    changed = json.loads(release.to_json()) | {"code": json.loads(other.to_json())["code"]}
    place.store.write(release.path, json.dumps(changed).encode())
    with pytest.raises(RunError, match="damaged"):
        place.run(release)


def test_an_archive_cannot_write_beside_its_folder(place: Place, tmp_path: Path) -> None:
    bad = place._archive({"../../escaped": "x"})
    release = place.upload("one")
    own = release_id("shop", "local", archives=(bad, release.conf), dag_files={"shop_dag.py": "one"}, requirements=())
    release = replace(release, id=own, code=bad)
    place.store.write(release.path, release.to_json().encode())
    with pytest.raises(RunError, match="strange entry"):
        place.run(release)
    assert not list(tmp_path.rglob("escaped"))


def test_a_cache_into_which_others_write_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(RunError, match="Somebody else"):
        place.run(place.upload("one"))


def test_without_a_release_nothing_is_fetched(place: Place, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    kedro = KedroPipeline(package="shop", project_path=str(tmp_path / "own"))
    project = project_of_run(kedro, place.dag_file, RunIdentity(dag_id="d", run_id="r", run_after=MOMENT))
    assert project.path == tmp_path / "own"
    assert project.handoff == kedro.handoff
    assert project.work(place.dag_file, "d", "t", nodes=("a",)) is None
    assert not (tmp_path / "cache").exists()
