"""`kedro airflow init --ci`: workflows that check, test, build and deploy the project."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEMS = ("github", "gitlab")

_PLACES = {"github": PurePosixPath(".github/workflows/airflow.yml"), "gitlab": PurePosixPath(".gitlab/airflow.yml")}
_GITLAB_ROOT = ".gitlab-ci.yml"
_INCLUDE = "include:\n  - local: .gitlab/airflow.yml\n"


def ci_file(system: str) -> PurePosixPath:
    """Return where the workflow stands in the repository."""
    return _PLACES[system]


def ci_texts(system: str, project: Path) -> dict[str, str]:
    """Return the text of every file, by its path in the repository.

    Args:
        system: One of `SYSTEMS`.
        project: Folder of the project, which is the root of its repository.
    """
    template = Path(__file__).with_name(f"ci_{system}.yml.template").read_text(encoding="utf-8")
    for mark, text in _words(project).items():
        template = template.replace(f"<{mark}>", text)
    texts = {str(ci_file(system)): template}
    if system == "gitlab" and not (project / _GITLAB_ROOT).exists():
        texts[_GITLAB_ROOT] = _INCLUDE
    return texts


def ci_advice(system: str, project: Path) -> str:
    """Return what is left to do by hand; empty when nothing is."""
    root = project / _GITLAB_ROOT
    if system != "gitlab" or not root.exists() or str(ci_file(system)) in root.read_text(encoding="utf-8"):
        return ""
    return f"add to {_GITLAB_ROOT}:\n{_INCLUDE.rstrip()}"


def _words(project: Path) -> Mapping[str, str]:
    """What differs from project to project."""
    from kedro_aloft import __version__
    from kedro_aloft.images.requirements import LOCKS

    lock = next((name for name in LOCKS if (project / name).is_file()), None)
    data = " --data=tests/data" if (project / "tests/data").is_dir() else ""
    return {
        "PROJECT": project.name.lower(),
        "PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
        "REQUIREMENTS": f'{f"-r {lock}" if lock else "."} "kedro-aloft[airflow,kedro]=={__version__}"',
        "CACHE": lock or "pyproject.toml",
        "TEST": f"kedro airflow test{data}",
    }
