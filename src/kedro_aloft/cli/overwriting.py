"""What `create` finds where it is about to write: nothing of anybody's gets lost without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def refuse_other_dags(folder: Path, sources: Mapping[str, str]) -> None:
    """Refuse to overwrite the DAG file of another pipeline or environment that has the same file name.

    Raises:
        RenderError: The first line of such a file says that it is another's (ALOFT-407).
    """
    from kedro_aloft.render import recorded_fingerprint

    for name, old, new in _existing(folder, sources):
        mine, theirs = new.partition("\n")[0], old.partition("\n")[0]
        if recorded_fingerprint(new) and mine != theirs:
            raise RenderError(
                f"The file {name} is that of another DAG.",
                where=str(folder / name),
                seen=theirs.strip('"'),
                remedy="choose another --target-dir, one for each environment; or delete the file",
                code="ALOFT-407",
            )


def keep_edited(folder: Path, sources: Mapping[str, str]) -> list[str]:
    """Copy each file that was edited by hand and is about to change to `<name>.edited`; return the names."""
    from kedro_aloft.render import was_edited, write_file

    edited = [(name, old) for name, old, new in _existing(folder, sources) if old != new and was_edited(old)]
    for name, old in edited:
        write_file(folder / f"{name}.edited", old)
    return [name for name, _ in edited]


def _existing(folder: Path, sources: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, text now, text then, of each file that we made earlier."""
    from kedro_aloft.render import recorded_fingerprint

    texts = []
    for name, new in sources.items():
        path = folder / name
        if path.is_file():
            old = path.read_text(encoding="utf-8", errors="replace")
            if recorded_fingerprint(old):
                texts.append((name, old, new))
    return texts
