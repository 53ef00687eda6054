"""Private copies: whole code, lean data, no way back to the original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.errors import ProjectError, UsageError
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Snapshot
from kedro_aloft.testing.copies import copy_code, copy_data, refuse_outside, written
from kedro_aloft.testing.trial import suspects

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def snapshot(*nodes: tuple[str, tuple[str, ...], tuple[str, ...]], **places: str | None) -> Snapshot:
    """Nodes as name, inputs, outputs; datasets with a place are persisted."""
    names = {name for _, inputs, outputs in nodes for name in (*inputs, *outputs)}
    return Snapshot(
        package="shop",
        pipeline="__default__",
        env="local",
        nodes=tuple(NodeInfo(name=name, inputs=inputs, outputs=outputs) for name, inputs, outputs in nodes),
        datasets={
            name: DatasetInfo(
                name=name,
                kind=DatasetKind.PERSISTED if name in places else DatasetKind.MEMORY,
                type="text.TextDataset",
                location=places.get(name),
            )
            for name in names
        },
    )


def test_code_is_copied_without_data_caches_and_environments(tmp_path: Path) -> None:
    project, copy, outside = tmp_path / "project", tmp_path / "copy", tmp_path / "outside"
    write(project, "pyproject.toml", "conf/local/credentials.yml", "src/shop/data/table.csv", "notebooks/a.ipynb")
    write(project, "data/01_raw/a.csv", ".git/HEAD", ".airflow/home/airflow.db", "env/pyvenv.cfg", "env/lib/x.py")
    write(project, "src/shop/__pycache__/a.pyc")
    write(outside, "shared/code.py", "one.py")
    (project / "shared").symlink_to(outside / "shared")
    (project / "one.py").symlink_to(outside / "one.py")
    (project / "src/shop/loop").symlink_to(project / "src")
    (project / "read_only.txt").write_text("x")
    (project / "read_only.txt").chmod(0o444)
    copy_code(project, copy)
    assert files(copy) == {
        "pyproject.toml",
        "conf/local/credentials.yml",
        "src/shop/data/table.csv",
        "notebooks/a.ipynb",
        "shared/code.py",
        "one.py",
        "read_only.txt",
    }
    for path in ("one.py", "shared/code.py", "read_only.txt"):
        (copy / path).write_text("changed")
    assert (outside / "one.py").read_text() == "one.py"
    assert (outside / "shared/code.py").read_text() == "shared/code.py"
    assert (project / "read_only.txt").read_text() == "x"


def test_only_data_that_is_read_are_copied_and_the_overlay_wins(tmp_path: Path) -> None:
    project, copy, small = tmp_path / "project", tmp_path / "copy", tmp_path / "small"
    write(project, "data/raw.csv", "data/huge.csv", "data/out.csv", "data/map.shp", "data/map.dbf", "data/in_place.csv")
    write(project, "data/parts/a/1.csv", "data/parts/2.csv", "data/daily_1.csv", "data/daily_2.csv")
    write(small, "raw.csv")
    copy.mkdir()
    pipeline = snapshot(
        ("read", ("raw", "map", "parts", "daily", "old"), ("out",)),
        ("write", ("out",), ("new",)),
        raw="data/raw.csv",
        map="data/map.shp",
        parts="data/parts",
        daily="data/daily_*.csv",
        out="data/out.csv",
        old="data/in_place.csv",
        new="data/in_place.csv",
    )
    copy_data(project, copy, [pipeline], overlay=small)
    assert files(copy / "data") == {
        "raw.csv",
        "map.shp",
        "map.dbf",
        "parts/a/1.csv",
        "parts/2.csv",
        "daily_1.csv",
        "daily_2.csv",
        "in_place.csv",
    }
    assert (copy / "data/raw.csv").read_text() == "raw.csv"
    assert (copy / "data/raw.csv").stat().st_ino != (small / "raw.csv").stat().st_ino
    assert (copy / "data/raw.csv").stat().st_nlink == 1


def test_missing_data_are_named_unless_an_earlier_pipeline_makes_them(tmp_path: Path) -> None:
    make = snapshot(("make", (), ("table",)), table="data/table.csv")
    use = snapshot(("use", ("table", "raw"), ("out",)), table="data/table.csv", raw="data/raw.csv", out="data/o.csv")
    with pytest.raises(ProjectError) as caught:
        copy_data(tmp_path, tmp_path, [use])
    assert (caught.value.code, caught.value.where) == ("ALOFT-120", "raw (data/raw.csv), table (data/table.csv)")
    with pytest.raises(ProjectError) as caught:
        copy_data(tmp_path, tmp_path, [make, use])
    assert caught.value.where == "raw (data/raw.csv)"
    write(tmp_path, "data/raw.csv")
    copy_data(tmp_path, tmp_path / "copy", [make, use], overlay=tmp_path / "data")


@pytest.mark.parametrize("place", ["s3://bucket/x", "/abs/x", "../x", None])
def test_writing_outside_is_refused_and_reading_is_not(place: str | None) -> None:
    refuse_outside([snapshot(("n", ("a",), ("b",)), a=place, b="data/b")], env="local")
    with pytest.raises(UsageError) as caught:
        refuse_outside([snapshot(("n", ("a",), ("b",)), a="data/a", b=place)], env="local")
    assert caught.value.code == "ALOFT-010"


def test_transcoded_outputs_count_once() -> None:
    both = snapshot(
        ("n", (), ("t@pandas",)), ("m", ("t@spark",), ("u",)), **{"t@pandas": "t", "t@spark": "t", "u": "u"}
    )
    assert [info.name for info in written(both)] == ["t@pandas", "u"]


CHAIN: Any = (
    ("load", ("raw",), ("table",)),
    ("split", ("table",), ("left", "right")),
    ("fit", ("left",), ("model",)),
    ("score", ("model", "right"), ("scores",)),
    ("report", ("scores",), ("page",)),
)


@pytest.mark.parametrize(
    ("persisted", "differs", "expected"),
    [
        (("raw", "table", "model", "scores", "page"), ("model",), ("split", "fit")),
        (("raw", "table", "left", "model", "page"), ("model",), ("fit",)),
        (("raw", "table", "model", "scores", "page"), ("scores", "page"), ("split", "score")),
        (("raw", "table", "scores", "page"), ("table", "scores", "page"), ("load",)),
        (("raw", "page"), ("page",), ("load", "split", "fit", "score", "report")),
    ],
)
def test_who_is_suspected(persisted: tuple[str, ...], differs: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """The search goes up where data differ or live in memory, and stops at data that were equal."""
    pipeline = snapshot(*CHAIN, **{name: f"data/{name}" for name in persisted})
    assert suspects(pipeline, differs[-1], set(differs)) == expected
