"""Directories are compared file by file, known formats by their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.testing.files import compare_directories

if TYPE_CHECKING:
    from pathlib import Path


def test_every_file_has_its_verdict(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    first, second = tmp_path / "first", tmp_path / "second"
    for side, compression in ((first, "snappy"), (second, "gzip")):
        (side / "deep").mkdir(parents=True)
        pd.DataFrame({"a": [1.0, None]}).to_parquet(side / "deep/table.parquet", compression=compression)
        (side / "same.bin").write_bytes(b"same")
    (first / "a.json").write_text('{"a": 1, "b": 2}')
    (second / "a.json").write_text('{"b":2,"a":1}')
    (first / "number.csv").write_text("a\n1\n")
    (second / "number.csv").write_text("a\n1.0\n")
    (first / "x.bin").write_bytes(b"x")
    (second / "x.bin").write_bytes(b"y")
    (first / "mine.bin").write_bytes(b"")
    (second / "other.bin").write_bytes(b"")
    verdicts = {one.path: one.verdict for one in compare_directories(first, second)}
    assert verdicts == {
        "a.json": "same content",
        "deep/table.parquet": "same content",
        "mine.bin": "only in the first",
        "number.csv": "different",
        "other.bin": "only in the second",
        "same.bin": "same bytes",
        "x.bin": "different",
    }
