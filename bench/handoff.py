"""Handing a numeric frame over to another task, against a raw write and a copy in memory of the same bytes.

python -m bench.handoff [gigabytes]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.figures import Figures
from kedro_aloft.runtime.store import HandoffStore

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = 16
REPEATS = 5


def measure_handoff(figures: Figures, *, size_gb: float) -> None:
    """Measure seconds of each step, in turn.

    The first round is left out: it finds memory that the machine has never used, which is ten times slower than memory
    that was used before, for every step alike.
    """
    rows = int(size_gb * 1e9 / 8 / COLUMNS)
    array = np.random.default_rng(0).random((COLUMNS, rows))
    copy = np.empty_like(array)
    frame = pd.DataFrame(array.T, columns=[f"c{i}" for i in range(COLUMNS)], copy=False)
    for repeat in range(REPEATS + 1):
        for name, seconds in _one_round(array, copy, frame).items():
            if repeat:
                figures.add(f"handoff.{name}", seconds)


def _one_round(array: np.ndarray[Any, Any], copy: np.ndarray[Any, Any], frame: pd.DataFrame) -> dict[str, float]:
    directory = Path(tempfile.mkdtemp(prefix="aloft-bench-"))
    try:
        store = HandoffStore(str(directory / "run"))
        seconds = {
            "raw.write_s": _timed(lambda: _write_raw(array, directory / "raw")),
            "ours.write_s": _timed(lambda: store.put("frame", frame)),
            "raw.memcpy_s": _timed(lambda: np.copyto(copy, array)),
            "ours.read_s": _timed(lambda: _touch(store.take("frame"))),
        }
        if not store.take("frame").equals(frame):
            raise SystemExit("the frame came back as another one")
    finally:
        shutil.rmtree(directory)
    return seconds


def _write_raw(array: np.ndarray[Any, Any], path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(memoryview(array).cast("B"))


def _touch(frame: pd.DataFrame) -> float:
    """Read one number of every page."""
    return sum(float(frame[name].to_numpy()[::512].sum()) for name in frame.columns)


def _timed(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def main() -> None:
    """Print medians."""
    figures = Figures()
    measure_handoff(figures, size_gb=float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
    for name in sorted(figures.samples):
        print(f"{name:24} {figures.median(name):.4f}")


if __name__ == "__main__":
    main()
