"""Archives of a project: code, and configuration without anything that is local or secret. Same files, same bytes.

Not wheels: a wheel needs a build backend, leaves out what `pyproject.toml` does not name (configuration, SQL, models
beside the code) and has to be installed on the workers.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro_aloft.contract.release import Blob
from kedro_aloft.errors import DeployError
from kedro_aloft.images import find_secret, project_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SUFFIX = ".tar.gz"
_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive in memory.

    Args:
        blob: Its name in the store.
        content: Its bytes, compressed.
        files: Paths from the project, sorted.
    """

    blob: Blob
    content: bytes
    files: tuple[str, ...]


def archive_project(project: Path, *, conf: str) -> tuple[Archive, Archive]:
    """Return the archive of a project's code and that of its configuration.

    Args:
        project: Folder of the project.
        conf: Folder of the configuration, relative to it.

    Raises:
        DeployError: If a file with a secret would go in.
    """
    files = {path.relative_to(project).as_posix(): path for path in project_files(project)}
    for name, path in files.items():
        _refuse_secret(name, path)
    is_conf = {name: name.startswith(f"{conf}/") for name in files}
    code = _archive((name, path) for name, path in files.items() if not is_conf[name])
    return code, _archive((name, path) for name, path in files.items() if is_conf[name])


def archive_data(project: Path, places: Iterable[str]) -> Archive | None:
    """Return an archive of data; None where there is none.

    Args:
        project: Folder of the project.
        places: Files, or folders of files, relative to it; those that are not there, or elsewhere, are left out.
    """
    root = project.resolve()
    found = [path for place in places for path in _files_at(project / place) if path.resolve().is_relative_to(root)]
    return _archive((path.relative_to(project).as_posix(), path) for path in set(found)) if found else None


def _files_at(place: Path) -> Iterable[Path]:
    return [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]


def _archive(files: Iterable[tuple[str, Path]]) -> Archive:
    """Names, contents and whether they can be run; no times, no owners."""
    plain, names = io.BytesIO(), []
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in sorted(files):
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if os.access(path, os.X_OK) else 0o644
            tar.addfile(entry, io.BytesIO(content))
            names.append(name)
    content = plain.getvalue()
    blob = Blob(sha256=hashlib.sha256(content).hexdigest(), size=len(content), suffix=_SUFFIX)
    return Archive(blob=blob, content=gzip.compress(content, _LEVEL, mtime=0), files=tuple(names))


def _refuse_secret(name: str, path: Path) -> None:
    secret = find_secret(path)
    if secret:
        raise DeployError(
            "A file with credentials would be published.",
            where=name,
            seen=secret,
            remedy="move it to conf/local/, which never leaves this machine, or write references such as "
            "`${oc.env:NAME}` and set the variables on the workers",
            code="ALOFT-901",
        )
