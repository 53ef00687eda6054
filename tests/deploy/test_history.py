"""The log of deployments and what garbage collection leaves of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.contract.files import FileStore
from kedro_aloft.contract.release import Blob, DagFile, Release, release_id
from kedro_aloft.deploy.collect import _current_since, collect
from kedro_aloft.deploy.history import Deployment, History, Place
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Busy(FileStore):
    """A store in which others do something right before a file is removed.

    Args:
        uri: As of every store.
        others: What they do, by the beginning of the file's name.
    """

    def __init__(self, uri: str, others: dict[str, Callable[[], object]]) -> None:
        super().__init__(uri)
        self._others = others

    def at(self, folder: str) -> FileStore:
        return Busy(f"{self.uri}/{folder}", self._others)

    def remove(self, name: str) -> None:
        for beginning in [one for one in self._others if name.startswith(one)]:
            self._others.pop(beginning)()
        super().remove(name)


CONF = Blob(sha256="c" * 64, size=1, suffix=".tar.gz")


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(FileStore(str(tmp_path)), package="shop", env="local")


def _deploy(history: History, serial: int, version: str, *, when: str = "2026-01-01T00:00:00+00:00") -> Deployment:
    """Put a release with a code archive of its own into the store and make it the current one."""
    code = Blob(sha256=version * 64, size=1, suffix=".tar.gz")
    file = DagFile(dag_id="shop", pipeline="p", blank=version, fingerprint=version, blob=replace(code, suffix=".dag"))
    own = release_id("shop", history.env, archives=(code, CONF), dag_files={"f.py": version}, requirements=())
    release = Release(id=own, package="shop", env=history.env, code=code, conf=CONF, dag_files={"f.py": file})
    for blob in release.blobs:
        history.files.write(blob.path, b"x")
    history.files.write(release.path, release.to_json().encode())
    places = {"f.py": Place(release=own, file=file)}
    made = Deployment(serial=serial, did="deploy", release=own, places=places, when=when, who="a@b")
    history.claim(made)
    return made


def _blobs(history: History) -> set[str]:
    return {name[0] for name in history.files.names("blobs")}


def test_what_was_written_is_read(history: History) -> None:
    assert history.current() is None
    first, second = _deploy(history, 1, "a"), _deploy(history, 2, "b")
    assert history.current() == second
    assert history.all() == (second, first)
    assert history.release(first.release).code.sha256 == "a" * 64


def test_a_number_is_claimed_once(history: History) -> None:
    first = _deploy(history, 1, "a")
    with pytest.raises(DeployError) as caught:
        history.claim(replace(first, who="c@d"))
    assert caught.value.code == "ALOFT-902"
    assert "a@b" in caught.value.seen
    assert history.current() == first


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_release_that_is_gone_or_damaged_is_refused(history: History, damage: str) -> None:
    made = history.release(_deploy(history, 1, "a").release)
    history.files.remove(made.path)
    if damage == "changed":
        history.files.write(made.path, replace(made, requirements=("more",)).to_json().encode())
    with pytest.raises(DeployError, match="not in the store" if damage == "gone" else "damaged"):
        history.release(made.id)


def test_the_latest_deployments_are_kept(history: History) -> None:
    made = [_deploy(history, serial, version) for serial, version in enumerate("abcd", start=1)]
    assert collect(history, in_use=(), kept=2) == tuple(sorted(one.release for one in made[:2]))
    assert _blobs(history) == {"c", "d"}
    assert history.release(made[3].release)
    assert len(history.all()) == 4  # the log itself stays
    assert collect(history, in_use=(), kept=2) == ()


def test_what_a_run_may_use_is_kept(history: History) -> None:
    made = [_deploy(history, serial, version) for serial, version in enumerate("abe", start=1)]
    assert collect(history, in_use={1}, kept=1) == (made[1].release,)
    assert history.release(made[0].release)


def test_what_another_environment_uses_is_kept(history: History, tmp_path: Path) -> None:
    _deploy(history, 1, "a")
    other = History(FileStore(str(tmp_path)), package="shop", env="prod")
    _deploy(other, 1, "a")
    _deploy(history, 2, "b")
    collect(history, in_use=(), kept=1)
    assert _blobs(history) == {"a", "b", "c"}
    assert other.release(other.all()[0].release)


def test_a_blob_that_is_just_being_uploaded_is_left_alone(history: History) -> None:
    _deploy(history, 1, "a")
    _deploy(history, 2, "b")
    history.files.write("blobs/fresh.tar.gz", b"x")
    collect(history, in_use=(), kept=1)
    assert history.files.has("blobs/fresh.tar.gz")


def test_the_deployments_since_a_moment_are_those_after_it_and_the_one_that_was_current_then(history: History) -> None:
    from datetime import datetime

    for serial, version in enumerate("abe", start=1):
        _deploy(history, serial, version, when=f"2026-01-0{serial}T00:00:00+00:00")
    moment = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    assert list(_current_since(history.all(), moment)) == [3, 2]


def test_all_of_an_environment_can_be_erased(history: History, tmp_path: Path) -> None:
    made = _deploy(history, 1, "a")
    for step in history.erasing(keep=()):
        step.apply()
    assert history.current() is None
    assert not history.files.has(f"releases/{made.release}.json")
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_release_that_is_deployed_again_while_it_is_collected_is_put_back(tmp_path: Path) -> None:
    others: dict[str, Callable[[], object]] = {}
    history = History(Busy(str(tmp_path), others), package="shop", env="local")
    first, second = (_deploy(history, serial, version) for serial, version in enumerate("ab", start=1))
    others[f"releases/{first.release}"] = lambda: history.claim(replace(first, serial=3))
    assert collect(history, in_use=(), kept=1) == ()
    assert others == {}
    assert all(history.files.has(blob.path) for blob in history.release(first.release).blobs)
    assert history.release(second.release)


def test_a_blob_that_a_new_release_shares_with_an_old_one_is_put_back(tmp_path: Path) -> None:
    others: dict[str, Callable[[], object]] = {}
    history = History(Busy(str(tmp_path), others), package="shop", env="local")
    first, _ = (_deploy(history, serial, version) for serial, version in enumerate("ab", start=1))
    old = history.release(first.release)
    fresh = release_id("shop", "local", archives=old.archives, dag_files={"f.py": "a"}, requirements=("more",))
    made = replace(old, id=fresh, requirements=("more",))
    others[old.code.path] = lambda: history.files.write(made.path, made.to_json().encode())
    assert collect(history, in_use=(), kept=1) == (first.release,)
    assert others == {}
    assert history.release(fresh)
    assert history.files.has(old.code.path)


@pytest.mark.parametrize("whose", ["kept", "removed"])
@pytest.mark.parametrize("damage", ["half", "changed"])
def test_a_damaged_manifest_keeps_its_blobs_and_stops_nobody(history: History, damage: str, whose: str) -> None:
    made = [_deploy(history, serial, version) for serial, version in enumerate("abe", start=1)]
    hurt = history.release(made[2 if whose == "kept" else 0].release)
    text = hurt.to_json()
    history.files.write(
        hurt.path,
        (text[:-30] if damage == "half" else text.replace('"requirements": []', '"requirements": ["x"]')).encode(),
    )
    with pytest.raises(DeployError, match="damaged"):
        history.release(hurt.id)
    assert collect(history, in_use=(), kept=2) == (made[0].release,)
    assert _blobs(history) == {"b", "c", "e"}
