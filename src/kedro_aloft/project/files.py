"""The files of a project that people write."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGE_BYTES = 1_000_000
_NOT_WRITTEN = {"__pycache__", "node_modules", "site-packages", "venv"}
_NOT_WRITTEN_AT_TOP = {"build", "data", "dist", "logs", "mlruns"}
_HIDDEN_AND_WRITTEN = {".github", ".gitlab"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFiles:
    """What `rules.Files` asks for.

    Args:
        root: The project.
    """

    root: Path

    def text(self, path: str) -> str | None:
        """Return the text of a file, its path relative to the project; None when there is none, or a huge one."""
        file = self.root / path
        try:
            if file.stat().st_size > _LARGE_BYTES:
                return None
            return file.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return None

    def paths(self) -> tuple[str, ...]:
        """Return the files that people write, sorted, relative to the project."""
        return tuple(sorted(self._walk()))

    def _walk(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self.root):
            if "pyvenv.cfg" in names:  # a virtual environment, whatever it is called
                folders.clear()
                continue
            start = os.path.relpath(folder, self.root).replace(os.sep, "/")
            skipped = _NOT_WRITTEN | (_NOT_WRITTEN_AT_TOP if start == "." else set())
            folders[:] = [one for one in folders if one not in skipped and _shown(one)]
            yield from (name if start == "." else f"{start}/{name}" for name in names)


def _shown(folder: str) -> bool:
    return not folder.startswith(".") or folder in _HIDDEN_AND_WRITTEN
