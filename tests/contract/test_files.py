"""A store of files behaves the same on a disk and in memory, which stands for object stores here."""

from __future__ import annotations

import multiprocessing
import uuid
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.contract.files import FileStore
from kedro_aloft.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["path", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    places = {"path": str(tmp_path / "s"), "file": f"file://{tmp_path}/s", "memory": f"memory://{uuid.uuid4().hex}"}
    return FileStore(places[request.param])


def test_what_was_written_is_read(store: FileStore) -> None:
    assert store.read("a/b.json") is None
    assert not store.has("a/b.json")
    assert store.write("a/b.json", b"one") is True
    assert store.read("a/b.json") == b"one"
    assert store.has("a/b.json")


def test_writing_the_same_again_changes_nothing(store: FileStore) -> None:
    store.write("x", b"one")
    assert store.write("x", b"one") is False
    assert store.write("x", b"two") is True
    assert store.read("x") == b"two"


def test_a_file_is_created_once(store: FileStore) -> None:
    assert store.create("log/1", b"mine") is True
    assert store.create("log/1", b"theirs") is False
    assert store.create("log/1", b"mine") is False
    assert store.read("log/1") == b"mine"


def test_names_and_folders_are_listed_sorted(store: FileStore) -> None:
    for name in ("f/b", "f/a", "f/g/c", "f/e/d"):
        store.write(name, b"")
    assert store.names("f") == ("a", "b")
    assert store.folders("f") == ("e", "g")
    assert store.names("nothing") == store.folders("nothing") == ()


def test_what_is_not_whole_yet_is_not_listed(store: FileStore) -> None:
    store.write("f/a", b"")
    store.write("f/.aloft-123", b"")
    assert store.names("f") == ("a",)


def test_files_are_removed_and_removing_again_is_fine(store: FileStore) -> None:
    store.write("f/a", b"")
    store.remove("f/a")
    store.remove("f/a")
    assert store.names("f") == ()


def test_a_folder_below_is_a_store(store: FileStore) -> None:
    store.at("shop").write("a", b"1")
    assert store.read("shop/a") == b"1"
    assert store.at("shop").address("a").endswith("/shop/a")


def test_a_folder_is_removed_with_all_in_it(store: FileStore) -> None:
    store.at("shop").write("deep/a", b"1")
    store.at("shop").remove_folder()
    store.at("shop").remove_folder()
    assert store.read("shop/deep/a") is None


def _create(arguments: tuple[str, int]) -> bool:
    uri, number = arguments
    return FileStore(uri).create("log/000001.json", str(number).encode() * 10_000)


def test_of_many_processes_one_creates_a_file(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        won = pool.map(_create, [(str(tmp_path), number) for number in range(40)], chunksize=1)
    assert won.count(True) == 1
    content = FileStore(str(tmp_path)).read("log/000001.json")
    assert content == str(won.index(True)).encode() * 10_000
    assert [one.name for one in (tmp_path / "log").iterdir()] == ["000001.json"]


def test_a_disk_without_links_still_lets_one_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_paths: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    store = FileStore(str(tmp_path))
    assert store.create("a", b"1") is True
    assert store.create("a", b"2") is False
    assert store.read("a") == b"1"


def test_an_address_that_no_library_knows_is_named() -> None:
    with pytest.raises(RunError) as caught:
        FileStore("nowhere://x").read("a")
    assert caught.value.code == "ALOFT-702"
    assert "nowhere://x" in caught.value.where
