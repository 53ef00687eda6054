"""A lock on a file that processes share."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock; the kernel releases it when this process ends in whatever way.

    Args:
        path: The file; it is made when it is not there, and stays.
        shared: Whether others may hold it too who share it.
    """
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Explicitly, because a fork of this process may still hold the same open file.
            fcntl.flock(file, fcntl.LOCK_UN)
