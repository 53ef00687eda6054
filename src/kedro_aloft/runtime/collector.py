"""Python's garbage collector rests while a new process imports Kedro and the project and builds the catalog.

What these make stays, so looking through it again and again finds nothing. Source: measured, 0.06 of 0.37 CPU seconds.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KEDRO = "kedro.framework.session"


@contextmanager
def resting() -> Iterator[Callable[[], None]]:
    """Let the collector rest inside; yield a function that wakes it earlier.

    One that is off stays off, and in a process that has run a task before, or has imported Kedro, nothing changes.
    """
    rests = gc.isenabled() and _KEDRO not in sys.modules
    if rests:
        gc.disable()

    def wake() -> None:
        if rests and not gc.isenabled():
            gc.freeze()  # or the first look would take as long as all that were left out
            gc.enable()

    try:
        yield wake
    finally:
        wake()
