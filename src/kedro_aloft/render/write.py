"""Write generated files: whole or not at all, and never for nothing."""

from __future__ import annotations

import enum
import errno
import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from kedro_aloft.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Written(str, enum.Enum):
    """What became of a file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"

    def __str__(self) -> str:
        return self.value


def write_file(path: Path, text: str) -> Written:
    """Write one text file; see `write_files`."""
    return write_files(path.parent, {path.name: text})[path.name]


def write_files(folder: Path, texts: Mapping[str, str]) -> dict[str, Written]:
    """Write text files in UTF-8.

    Nobody ever reads half of one: each is written beside its place, under a name that Airflow does not parse, and moved
    there only when all are written. A file that already has its content is not touched, so that Airflow has nothing
    to parse again. A symbolic link stays one, permissions stay too.

    Args:
        folder: Where the files are; missing folders are made.
        texts: Content by file name.

    Returns:
        What became of each file, in the order of `texts`.

    Raises:
        RenderError: If a file cannot be written. None is changed then, unless the disk fails between two renames.
    """
    staged: list[tuple[Path, Path]] = []
    outcomes: dict[str, Written] = {}
    place = folder
    try:
        for name, text in texts.items():
            place = folder / name
            outcomes[name] = _stage(place.resolve(), text.encode("utf-8"), staged)
        for temporary, target in staged:
            place = target
            temporary.replace(target)
    except (OSError, RuntimeError, UnicodeEncodeError) as error:
        raise RenderError(
            "The file cannot be written.",
            where=str(place),
            seen=f"{type(error).__name__}: {error}",
            remedy="choose another folder, or make this one writable",
            code="ALOFT-402",
        ) from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    return outcomes


def _stage(target: Path, content: bytes, staged: list[tuple[Path, Path]]) -> Written:
    """Write the content beside the target unless it is there already."""
    before = target.read_bytes() if target.exists() else None
    if before == content:
        return Written.UNCHANGED
    if before is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    staged.append((temporary, target))
    with temporary.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if before is None:
        return Written.CREATED
    _take_over(target.stat(), temporary)
    return Written.UPDATED


def _take_over(old: os.stat_result, temporary: Path) -> None:
    """Give the new file the owner and the permissions of the old one; who may not give files away keeps his own."""
    with suppress(PermissionError):
        os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(stat.S_IMODE(old.st_mode))
