"""Whether two directories hold the same files with the same content."""

from __future__ import annotations

import filecmp
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.testing.values import find_difference

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileComparison:
    """One file of two directories.

    Args:
        path: Where it is in each of them, with `/`.
        verdict: `same bytes`, `same content`, `different`, `only in the first` or `only in the second`.
    """

    path: str
    verdict: str

    @property
    def equal(self) -> bool:
        """Whether both directories hold the same here."""
        return self.verdict.startswith("same")


def compare_directories(first: Path, second: Path) -> tuple[FileComparison, ...]:
    """Return one comparison per file that is in either directory, sorted by path."""
    mine, other = files_below(first), files_below(second)
    return tuple(
        FileComparison(path=path, verdict=_verdict(mine.get(path), other.get(path)))
        for path in sorted(mine.keys() | other.keys())
    )


def files_below(directory: Path) -> dict[str, Path]:
    """Return every file below a directory by its path in it, with `/`."""
    return {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*")) if path.is_file()}


def same_bytes(first: Path, second: Path) -> bool:
    """Return whether two files hold the same bytes; neither is read into memory whole."""
    return filecmp.cmp(first, second, shallow=False)


def _verdict(first: Path | None, second: Path | None) -> str:
    if first is None or second is None:
        return "only in the second" if first is None else "only in the first"
    if same_bytes(first, second):
        return "same bytes"
    return "same content" if _same_content(first, second) else "different"


def _same_content(first: Path, second: Path) -> bool:
    """Return whether two files of a known format hold equal values; of any other format bytes alone decide."""
    read = {".parquet": _read_parquet, ".csv": _read_csv, ".json": _read_json}.get(first.suffix)
    return read is not None and find_difference(read(first), read(second)) is None


# pandas is imported late: most files have the same bytes, and then nothing needs it.
def _read_parquet(path: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(path)


def _read_csv(path: Path) -> Any:
    import pandas as pd

    return pd.read_csv(path)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
