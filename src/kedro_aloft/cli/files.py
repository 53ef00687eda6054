"""Write several files of one command: all sources exist before the first is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.render import write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_files(folder: Path, sources: Mapping[str, str]) -> dict[str, str]:
    """Write each source under its name; return what happened to each (`created`, `updated` or `unchanged`)."""
    folder.mkdir(parents=True, exist_ok=True)
    return {name: write_file(folder / name, text).value for name, text in sources.items()}
