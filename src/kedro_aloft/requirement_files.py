"""Requirements files and those that they include, as pip and uv find them.

Paths are relative to the file that names them. Addresses are left to the installer. A file that includes itself, be it
through others, is read once, as uv does it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_INCLUDE = re.compile(r"^\s*(?P<word>-[rc][\s=]*|--(?:requirement|constraint)[\s=]+)(?P<name>[^\s#]\S*)")


class MissingFileError(Exception):
    """A requirements file is not there.

    Args:
        path: The file.
        named: Which line of which file includes it; empty for the first one of all.
    """

    def __init__(self, path: Path, named: str = "") -> None:
        super().__init__(path, named)
        self.path, self.named = path, named

    @property
    def what(self) -> str:
        """What happened, as a clause without an end."""
        return (
            "A requirements file includes one that is not there" if self.named else "A requirements file is not there"
        )

    @property
    def where(self) -> str:
        """The place to look at: the line that includes it, else the file."""
        return self.named or str(self.path)


def read_requirements(path: Path) -> list[str]:
    """Return the lines of a requirements file, those of the files that it includes in their place.

    Lines that name constraints stay as they are: what is constrained need not be installed.

    Raises:
        MissingFileError: If one of them is not there.
    """
    return _lines(path.resolve(), within=())


def list_requirements(path: Path) -> list[Path]:
    """Return a requirements file and all that it includes, files of constraints as well, each once; itself first.

    Raises:
        MissingFileError: If one of them is not there.
    """
    found: list[Path] = []
    waiting = [(path.resolve(), "")]
    while waiting:
        file, named = waiting.pop()
        if file not in found:
            found.append(file)
            waiting += [(one.file, one.named) for one in _read(file, named) if isinstance(one, _Include)]
    return found


class _Include(NamedTuple):
    """A line that names another file."""

    line: str
    constrains: bool
    file: Path
    named: str


def _lines(path: Path, *, within: tuple[Path, ...], named: str = "") -> list[str]:
    found: list[str] = []
    for one in _read(path, named):
        if not isinstance(one, _Include):
            found.append(one)
        elif one.constrains:
            found.append(one.line)
        elif one.file not in (*within, path):
            found += _lines(one.file, within=(*within, path), named=one.named)
    return found


def _read(path: Path, named: str) -> list[str | _Include]:
    if not path.is_file():
        raise MissingFileError(path, named)
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_include(path, number, line) or line for number, line in enumerate(lines, start=1)]


def _include(path: Path, number: int, line: str) -> _Include | None:
    match = _INCLUDE.match(line)
    if match is None or "://" in match["name"]:
        return None
    return _Include(
        line=line,
        constrains=match["word"].lstrip().startswith(("-c", "--constraint")),
        file=(path.parent / match["name"]).resolve(),
        named=f"{path.name}, line {number}: {line.strip()}",
    )
