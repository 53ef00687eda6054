"""The files that rules look at: what people write, and nothing that a machine made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.project.files import ProjectFiles

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = [
    ".dockerignore",
    ".env",
    ".github/workflows/ci.yml",
    "conf/base/catalog.yml",
    "pyproject.toml",
    "src/shop/data/nodes.py",
]
MADE = [
    ".airflow/airflow.cfg",
    ".git/config",
    "data/01_raw/orders.csv",
    "env/lib/x.py",
    "env/pyvenv.cfg",
    "logs/info.log",
    "src/shop/__pycache__/nodes.pyc",
]


def test_what_people_write_is_listed(tmp_path: Path) -> None:
    for name in (*WRITTEN, *MADE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    files = ProjectFiles(root=tmp_path)
    assert files.paths() == tuple(WRITTEN)
    assert files.text("conf/base/catalog.yml") == "conf/base/catalog.yml"


def test_what_cannot_be_read_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "huge.yml").write_text("#" * 1_000_001)
    files = ProjectFiles(root=tmp_path)
    assert [files.text(name) for name in ("folder", "missing", "huge.yml", "nul\0")] == [None] * 4
