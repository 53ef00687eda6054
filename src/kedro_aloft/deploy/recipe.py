"""What goes into an image of Airflow for a project, as files in a folder of ours."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import DeployError
from kedro_aloft.images.content import LOGIN
from kedro_aloft.images.requirements import requirements_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kedro_aloft.contract.files import FileStore

MARK = "ritten by `kedro airflow deploy`"
_PACKAGE = Path(__file__).parents[1]
_TAG_LENGTH = 12
_ROOMS = (
    "__init__.py",
    "airflow",
    "compat.py",
    "contract",
    "errors.py",
    "graph",
    "locks.py",
    "plain_yaml.py",
    "requirement_files.py",
    "runtime",
    "venv",
    "warm",
)
"""What DAG processors and workers import."""

_MARKED = ("Dockerfile", "compose.yaml", "requirements.txt", "values.yaml")
"""Files that begin with our mark; one without it is somebody else's."""


def image_requirements(project: Path) -> str:
    """Return the requirements file of an image: the project's libraries and the few of the runtime.

    Raises:
        ImageError: If the project says nowhere what it needs.
        DeployError: If a line has a login in it (ALOFT-927).
    """
    text = requirements_text(project)
    number = next((number for number, line in enumerate(text.splitlines(), start=1) if LOGIN.search(line)), None)
    if number is not None:
        raise DeployError(
            "A requirement has a login in its address, which would go into the image.",
            where=f"line {number} of the project's requirements",
            remedy="let pip find it in the environment of the build: `https://${TOKEN}@…`, a netrc file, PIP_INDEX_URL",
            code="ALOFT-927",
        )
    return f"# Written by `kedro airflow deploy` from the project's requirements.\n{text}"


def runtime_files(place: str) -> dict[str, bytes]:
    """Return the part of this very package that runs in Airflow, by path in a folder."""
    return {
        f"{place}/{name}": path.read_bytes()
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file()
        and "__pycache__" not in path.parts
        and (name := path.relative_to(_PACKAGE).as_posix()).partition("/")[0] in _ROOMS
    }


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return a short digest of names and contents."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:_TAG_LENGTH]


def digest_of_folder(folder: Path, *, without: Collection[str]) -> str:
    """Return `digest_of` all files of a folder.

    Args:
        folder: Where they are.
        without: Names at the top that do not count.
    """
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    counted = {name: path for name, path in found.items() if name.parts[0] not in without}
    return digest_of({name.as_posix(): path.read_bytes() for name, path in counted.items()})


def refuse_foreign(folder: FileStore) -> None:
    """Refuse a folder with files that we would overwrite and that are not ours.

    Raises:
        DeployError: If there is one (ALOFT-924).
    """
    for name in _MARKED:
        content = folder.read(name)
        if content is not None and MARK.encode() not in content[:400]:
            raise DeployError(
                f"The folder has a file {name} that no deploy wrote.",
                where=folder.address(name),
                remedy="choose another `path` for this target, or move the file away",
                code="ALOFT-924",
            )


def write_all(folder: FileStore, files: Mapping[str, bytes], *, runtime: str) -> str:
    """Write what differs, and remove files of the runtime that are no more; return what was done, in words.

    Args:
        folder: Where.
        files: Content by path.
        runtime: The part of the folder that has the runtime alone.
    """
    refuse_foreign(folder)
    written = [name for name, content in files.items() if folder.write(name, content)]
    gone = [name for name in _known_below(folder, runtime) if name not in files]
    for name in gone:
        folder.remove(name)
    return f"{len(written)} of {len(files)} files written" + (f", {len(gone)} removed" if gone else "")


def _known_below(folder: FileStore, part: str) -> list[str]:
    assert folder.folder is not None, "images are made from local folders"
    root = folder.folder
    paths = sorted((root / part).rglob("*")) if (root / part).is_dir() else []
    return [path.relative_to(root).as_posix() for path in paths if path.is_file() and "__pycache__" not in path.parts]


def python_version() -> str:
    """Return the version of Python here, such as `3.12`: that of the environment in which the project works."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
