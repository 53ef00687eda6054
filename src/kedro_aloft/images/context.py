"""What goes into an image: code and configuration, never data, history, environments or secrets."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.errors import ImageError
from kedro_aloft.images.content import find_secret, project_files
from kedro_aloft.images.requirements import requirements_text

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCKERFILE = "Dockerfile.airflow"
REQUIREMENTS = "requirements.airflow.txt"
RUNTIME = "kedro_aloft"
_PACKAGE = Path(__file__).parents[1]
_TAG_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The files of an image.

    Args:
        files: Path in the context → file on disk.
        texts: Path in the context → text that is written there.
        tag: Digest of all of it: equal contents have equal tags.
    """

    files: Mapping[str, Path]
    texts: Mapping[str, str]
    tag: str


def collect_context(project: Path, *, dockerfile: str) -> Context:
    """Return what goes into the image of a project.

    Args:
        project: Folder of the project.
        dockerfile: Text of its Dockerfile.

    Raises:
        ImageError: If a file with a secret would go in.
    """
    files = {f"project/{path.relative_to(project).as_posix()}": path for path in project_files(project)}
    for path in files.values():
        _refuse_secrets(path, project)
    files |= {
        f"{RUNTIME}/{path.relative_to(_PACKAGE).as_posix()}": path
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    texts = {"Dockerfile": dockerfile, REQUIREMENTS: requirements_text(project)}
    return Context(files=files, texts=texts, tag=_digest(files, texts))


def write_context(context: Context, folder: Path) -> None:
    """Write all files of an image to a folder, for `docker build` or any other builder."""
    for name, source in context.files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    for name, text in context.texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _refuse_secrets(path: Path, project: Path) -> None:
    secret = find_secret(path)
    if secret:
        raise _secret(path.relative_to(project).as_posix(), secret)


def _secret(path: str, what: str) -> ImageError:
    return ImageError(
        "A file with credentials would go into the image.",
        where=path,
        seen=what,
        remedy="move it to conf/local/, or write references such as `${oc.env:NAME}`, and give the values to the "
        "containers through `docker.secrets` or `kubernetes.secrets`",
    )


def _digest(files: Mapping[str, Path], texts: Mapping[str, str]) -> str:
    """Names, contents and whether they can be run; no times, no owners."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(f"{name}\0{os.access(path, os.X_OK)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for name, text in sorted(texts.items()):
        digest.update(f"{name}\0{len(text.encode())}\0{text}".encode())
    return digest.hexdigest()[:_TAG_LENGTH]
