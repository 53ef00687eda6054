"""What of a project leaves the machine: code and configuration, never data, history, environments or secrets."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
"""Names that stay here, wherever they are."""

_LEFT_OUT_PATHS = ("data", "logs", "conf/local", "notebooks", "docs/build", "dist", "build")
"""Paths from the project that stay here."""

_REFERENCE = re.compile(r"\$\{[^}]+\}")
LOGIN = re.compile(r"://(?!git@|\$\{)[^/\s@]+@")
"""In an address; `git@` is the name of everybody, and `${…}` is read where pip runs."""
_WITH_ADDRESSES = ("*requirements*.txt", "requirements*.lock", "pyproject.toml", "pip.conf", "uv.toml", "uv.lock")
"""Files in which addresses of packages stand."""
_TEMPLATES_OF_KEYS = ("service_account", "private_key")
"""What a JSON key of Google Cloud says of itself."""


def project_files(project: Path) -> list[Path]:
    """Return the files of a project that may leave the machine, sorted."""
    return sorted(_walk(project, project))


def goes_along(place: Path, project: Path) -> bool:
    """Whether files at a place would leave the machine with the project."""
    inside = [one for one in (place, *place.parents) if one.is_relative_to(project) and one != project]
    return place.is_relative_to(project) and not any(_is_left_out(one, project) for one in inside)


def _is_left_out(path: Path, project: Path) -> bool:
    is_named = any(fnmatchcase(path.name, pattern) for pattern in _LEFT_OUT)
    return is_named or path.relative_to(project).as_posix() in _LEFT_OUT_PATHS


def _walk(folder: Path, project: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if _is_left_out(path, project):
            continue
        if path.is_dir() and not path.is_symlink():
            if not (path / "pyvenv.cfg").exists():
                yield from _walk(path, project)
        elif path.is_file():
            yield path


def find_secret(path: Path) -> str:
    """Return what of a file is a secret, in words; empty when nothing is.

    Credentials may be there as references (`${oc.env:…}`), which hold nothing.
    """
    if path.suffix == ".json" and path.stat().st_size < 1 << 16:
        text = path.read_text(encoding="utf-8", errors="replace")
        if all(word in text for word in _TEMPLATES_OF_KEYS):
            return "a key of a Google Cloud service account"
    if path.name.startswith("credentials") and path.suffix in {".yml", ".yaml", ".json"}:
        literal = next(_literals(_load(path)), None)
        if literal is not None:
            return f"a literal value at '{literal}'"
    if any(fnmatchcase(path.name, pattern) for pattern in _WITH_ADDRESSES):
        return _login_in(path.read_text(encoding="utf-8", errors="replace"))
    return ""


def _login_in(text: str) -> str:
    number = next((number for number, line in enumerate(text.splitlines(), start=1) if LOGIN.search(line)), None)
    return "" if number is None else f"a login in the address in line {number}"


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
