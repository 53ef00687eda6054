"""The release that a run began with: found, fetched once per worker, verified, unpacked.

Releases hold code and configuration. What a project has besides (data, logs, `conf/local`, environments) is the
worker's: a folder that is found as a project without releases is, and linked into each release.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kedro_aloft.airflow.locate import RunProject, find_project
from kedro_aloft.contract.files import FileStore
from kedro_aloft.contract.place import RunPlace
from kedro_aloft.contract.release import ID_LENGTH, Release, manifest_path
from kedro_aloft.contract.store import run_uri
from kedro_aloft.errors import AloftError, NotThereError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.airflow.pipeline import KedroPipeline
    from kedro_aloft.contract.identity import RunIdentity
    from kedro_aloft.contract.release import Blob

CACHE_VARIABLE = "KEDRO_ALOFT_RELEASES"
"""Folder of the worker for unpacked releases; one of the user's own by default."""

_OF_THE_WORKER = ("data", "logs", "conf/local", ".airflow")
_IF_THERE = (".venv", "venv")
_HOME = ".airflow"
_DIGEST = 12
_UNUSED_S = 30 * 24 * 3600


def released_project(
    kedro: KedroPipeline, dag_file: str, identity: RunIdentity, *, clears: int, begins: bool
) -> RunProject:
    """Return the release that a run began with, unpacked; the arguments are those of `locate.project_of_run`.

    Raises:
        RunError: If there is no such release, or it is damaged.
    """
    workspace = workspace_of(kedro, dag_file)
    handoff = kedro.handoff if "://" in kedro.handoff else str(workspace / Path(kedro.handoff).expanduser())
    store = FileStore(_address(kedro.releases, dag_file)).at(kedro.package)
    pinned = _pin(kedro, handoff, identity, clears=clears, begins=begins)
    with _reaching(store):
        release = _manifest(store, pinned, kedro.package)
        return RunProject(path=_unpacked(store, release, workspace), handoff=handoff, release=release)


def _address(releases: str, dag_file: str) -> str:
    return releases if "://" in releases else str(Path(dag_file).resolve().parent / releases)


def _pin(kedro: KedroPipeline, handoff: str, identity: RunIdentity, *, clears: int, begins: bool) -> str:
    """Return the release that the run began with; the first of its tasks that looks writes down the live one."""
    place = run_uri(handoff, "", identity.directory)
    pins = FileStore(place)
    name = f"release-{clears}.json"
    written = pins.read(name)
    if written is None and begins:
        if pins.folder is not None:
            _make_private(pins.folder)
        if pins.create(name, json.dumps({"release": kedro.release}).encode()):
            if kedro.handoff_keep != "always":
                RunPlace(place).remove_older_siblings(kedro.handoff_ttl)
            return kedro.release
        written = pins.read(name)
    return kedro.release if written is None else str(json.loads(written)["release"])


def _make_private(folder: Path) -> None:
    """Data that is handed over goes here too, and whoever can write there could run code."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _reaching(store: FileStore) -> Iterator[None]:
    """Whatever a file system raises means that the release cannot be had now."""
    try:
        yield
    except AloftError:
        raise
    except Exception as error:
        raise NotThereError(
            "The release cannot be read.",
            where=store.uri,
            seen=f"{type(error).__name__}: {error}",
            remedy="look whether the worker reaches this place, with the rights to read it",
        ) from error


def _manifest(store: FileStore, release_id: str, package: str) -> Release:
    """Return the release; once it was read, the worker needs the store no more."""
    kept = FileStore(str(_cache() / package))
    content = kept.read(manifest_path(release_id)) or store.read(manifest_path(release_id))
    if content is None:
        raise NotThereError(
            f"The release {release_id} is not in the store.",
            where=store.address(manifest_path(release_id)),
            seen="it was uploaded before the DAG file: this worker sees an older state of the folder, or another one",
            remedy="repeat the task; if that does not help, deploy again",
        )
    release = Release.from_json(content)
    if release.id != release_id or not release.is_whole:
        raise RunError(f"The manifest of release {release_id} is damaged.", where=store.address(release.path))
    kept.write(release.path, content)
    return release


def _unpacked(store: FileStore, release: Release, workspace: Path) -> Path:
    """Return the folder of the release on this worker, for this workspace; made aside, and renamed when it is whole."""
    whose = hashlib.sha256(f"{store.uri}\0{workspace}".encode()).hexdigest()[:_DIGEST]
    folder = _cache() / release.package / f"{release.id}-{whose}"
    if folder.is_dir():
        os.utime(folder)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as aside:
        made = Path(aside) / folder.name
        made.mkdir(mode=0o700)
        for blob in (release.code, release.conf):
            _unpack(_fetch(store, blob), made)
        _link_workspace(made, workspace)
        if release.data is not None:
            _unpack(_fetch(store, release.data), workspace)
        with suppress(OSError):  # another task was quicker, with the same content
            made.rename(folder)
    if not folder.is_dir():
        raise NotThereError("The release cannot be unpacked.", where=str(folder))
    _remove_unused(folder.parent)
    return folder


def _remove_unused(releases: Path) -> None:
    """Remove unpacked releases with which no task has begun for long; who needs one again fetches it again."""
    before = time.time() - _UNUSED_S
    for folder in releases.glob(f"{'[0-9a-f]' * ID_LENGTH}-*"):
        with suppress(OSError):  # another task was quicker
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder)


def _fetch(store: FileStore, blob: Blob) -> bytes:
    packed = store.read(blob.path)
    if packed is None:
        raise NotThereError("An archive of the release is not in the store.", where=store.address(blob.path))
    try:
        content = gzip.decompress(packed)
    except (OSError, EOFError) as error:
        raise NotThereError("An archive of the release is damaged.", where=store.address(blob.path)) from error
    if hashlib.sha256(content).hexdigest() != blob.sha256:
        raise RunError("An archive of the release is not what its manifest says.", where=store.address(blob.path))
    return content


def _unpack(content: bytes, folder: Path) -> None:
    """Write regular files below the folder; an archive of ours has nothing else.

    Each appears whole and at once: others may be reading the data of the worker.
    """
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for entry in tar:
            name, target = PurePosixPath(entry.name), folder / entry.name
            file = tar.extractfile(entry) if entry.isfile() else None
            if file is None or name.is_absolute() or ".." in name.parts:
                raise RunError("An archive of the release has a strange entry.", where=entry.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{target.name}.{os.getpid()}")
            aside.write_bytes(file.read())
            aside.chmod(entry.mode & 0o777)
            aside.replace(target)


def _link_workspace(folder: Path, workspace: Path) -> None:
    """Let what belongs to the worker appear in the release."""
    for name in (*_OF_THE_WORKER, *_IF_THERE):
        own, here = workspace / name, folder / name
        if here.exists() or (name in _IF_THERE and not own.exists()):
            continue
        own.mkdir(parents=True, exist_ok=True)
        if name == _HOME and not (own / ".gitignore").exists():
            (own / ".gitignore").write_text("*\n", encoding="utf-8")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.symlink_to(own, target_is_directory=True)


def workspace_of(kedro: KedroPipeline, dag_file: str) -> Path:
    """Return the worker's own folder of the project: where it would be without releases, else one in the cache."""
    try:
        return find_project(kedro, dag_file, installed=False)
    except RunError:
        return _cache() / kedro.package / "workspace"


def _cache() -> Path:
    """Return the folder for releases, which is this user's alone: it holds code that will be run."""
    named = os.environ.get(CACHE_VARIABLE)
    home = Path(named) if named else _home() / "kedro-aloft" / "releases"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = home.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise RunError(
            "Somebody else can write into the folder for releases, and so could run code here.",
            where=str(home),
            remedy=f"name a folder of this user alone in {CACHE_VARIABLE}",
        )
    return home


def _home() -> Path:
    """The user's cache; a folder for temporary files where the user has no home."""
    with suppress(RuntimeError, OSError):
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK):
            return cache
    return Path(tempfile.gettempdir()) / f"kedro-aloft-{os.getuid()}"
