"""Who deploys what: the commit of the project, and who runs the command."""

from __future__ import annotations

import getpass
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from kedro_aloft import __version__

if TYPE_CHECKING:
    from pathlib import Path

_CHANGED = "+"


def commit_of(project: Path) -> str:
    """Return the commit of the project, with `+` when files of it differ; empty where there is no Git."""
    commit = _git(project, "rev-parse", "HEAD")
    if commit is None:
        return ""
    changed = _git(project, "status", "--porcelain", "--", ".")
    return f"{commit}{_CHANGED if changed else ''}"


def is_newer(project: Path, commit: str) -> bool:
    """Whether a commit is no ancestor of what is checked out: somebody else's, or of another branch."""
    base = commit.removesuffix(_CHANGED)
    if not base or _git(project, "rev-parse", "HEAD") is None:
        return False
    return _git(project, "merge-base", "--is-ancestor", base, "HEAD") is None


def who() -> str:
    """Return user and machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may have no name for its user
        user = "unknown"
    return f"{user}@{platform.node()}"


def versions() -> dict[str, str]:
    """Return the versions of what makes releases."""
    try:
        kedro = version("kedro")
    except PackageNotFoundError:
        kedro = ""
    return {"kedro-aloft": __version__, "kedro": kedro, "python": platform.python_version()}


def _git(project: Path, *arguments: str) -> str | None:
    """Return what Git says; None when it refuses or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
