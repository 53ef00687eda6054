"""What goes into an image: code and configuration, never data, history, environments or secrets."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ImageError
from kedro_aloft.images.requirements import requirements_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCKERFILE = "Dockerfile.airflow"
REQUIREMENTS = "requirements.airflow.txt"
RUNTIME = "kedro_aloft"
_PACKAGE = Path(__file__).parents[1]
_TAG_LENGTH = 12

_LEFT_OUT = (
    *(".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "node_modules", "__pycache__", ".ipynb_checkpoints"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".airflow", "airflow_dags", ".env", ".env.*", "*.pyc", "*.pyo"),
    *(
        "airflow.yml",
        "airflow.yaml",
        "*.pem",
        "*.key",
        "*.p12",
        "*.pfx",
        "*.jks",
        "id_rsa*",
        "id_ed25519*",
        ".netrc",
        ".pypirc",
        ".aws",
        ".ssh",
        ".kube",
    ),
)
"""Names that no image gets, wherever they are."""

_LEFT_OUT_PATHS = ("data", "logs", "conf/local", "notebooks", "docs/build", "dist", "build")
"""Paths from the project that no image gets."""

_REFERENCE = re.compile(r"\$\{[^}]+\}")
_TEMPLATES_OF_KEYS = ("service_account", "private_key")
"""What a JSON key of Google Cloud says of itself."""


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
    files = {f"project/{path.relative_to(project).as_posix()}": path for path in _project_files(project)}
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


def _project_files(project: Path) -> list[Path]:
    return sorted(_walk(project, project))


def _walk(folder: Path, project: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        relative = path.relative_to(project).as_posix()
        if relative in _LEFT_OUT_PATHS or any(fnmatchcase(path.name, pattern) for pattern in _LEFT_OUT):
            continue
        if path.is_dir() and not path.is_symlink():
            if not (path / "pyvenv.cfg").exists():
                yield from _walk(path, project)
        elif path.is_file():
            yield path


def _refuse_secrets(path: Path, project: Path) -> None:
    """Credentials may be there as references (`${oc.env:…}`), which hold nothing."""
    relative = path.relative_to(project).as_posix()
    if path.suffix == ".json" and path.stat().st_size < 1 << 16:
        text = path.read_text(encoding="utf-8", errors="replace")
        if all(word in text for word in _TEMPLATES_OF_KEYS):
            raise _secret(relative, "a key of a Google Cloud service account")
    if path.name.startswith("credentials") and path.suffix in {".yml", ".yaml", ".json"}:
        literal = next(_literals(_load(path)), None)
        if literal is not None:
            raise _secret(relative, f"a literal value at '{literal}'")


def _load(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return {"": "unreadable"}


def _literals(value: Any, place: str = "") -> Iterator[str]:
    """Yield where a text stands that is no reference."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _literals(item, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _literals(item, f"{place}[{number}]")
    elif isinstance(value, str) and value and not _REFERENCE.search(value):
        yield place


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
