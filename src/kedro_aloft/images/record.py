"""The image that was built last: what `image: built` in airflow.yml means."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kedro_aloft.errors import SettingsError
from kedro_aloft.images.context import collect_context
from kedro_aloft.images.dockerfile import read_dockerfile

if TYPE_CHECKING:
    from pathlib import Path

_FILE = ".airflow/image.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image.

    Args:
        reference: What a container is started from: by digest when it was pushed, else by its content tag.
        tag: What it was called when it was built.
        content: Digest of what is in it (`Context.tag`).
    """

    reference: str
    tag: str
    content: str


def write_built(project: Path, image: BuiltImage) -> None:
    """Remember the image of a project."""
    path = project / _FILE
    if not path.parent.exists():
        path.parent.mkdir()
        (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    path.write_text(json.dumps(asdict(image), indent=2) + "\n", encoding="utf-8")


def read_built(project: Path) -> BuiltImage | None:
    """Return the image that was built last, or None."""
    try:
        return BuiltImage(**json.loads((project / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def built_reference(project: Path) -> str:
    """Return the reference of the image that was built last.

    Raises:
        SettingsError: If none was built, or the project has changed since.
    """
    built = read_built(project)
    if built is None:
        raise _refusal("No image of this project has been built here.", f"{_FILE} is not there")
    dockerfile = read_dockerfile(project)
    if dockerfile is not None:
        now = collect_context(project, dockerfile=dockerfile).tag
        if now != built.content:
            raise _refusal("The project has changed since its image was built.", f"content {built.content}, now {now}")
    return built.reference


def _refusal(what: str, seen: str) -> SettingsError:
    return SettingsError(
        what, where="airflow.yml: image", seen=seen, remedy="run `kedro airflow image build`, or name an image"
    )
