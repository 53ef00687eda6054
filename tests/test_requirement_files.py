"""Requirements files that include others, some of which are not there or lead back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.requirement_files import MissingFileError, list_requirements, read_requirements

if TYPE_CHECKING:
    from pathlib import Path


def _write(folder: Path, **files: str) -> Path:
    """Write `<name>.txt` each; return the first."""
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder / f"{next(iter(files))}.txt"


@pytest.mark.parametrize(
    "line", ["-r b.txt", "  -r b.txt", "-rb.txt", "--requirement b.txt", "--requirement=b.txt # x"]
)
def test_the_lines_of_an_included_file_stand_in_its_place(tmp_path: Path, line: str) -> None:
    first = _write(tmp_path, a=f"one\n{line}\nlast\n", b="two\nthree\n")
    assert read_requirements(first) == ["one", "two", "three", "last"]
    assert list_requirements(first) == [first, tmp_path / "b.txt"]


def test_paths_are_relative_to_the_file_that_has_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    first = _write(tmp_path, a="-r deep/b.txt\n", c="three\n")
    (tmp_path / "deep" / "b.txt").write_text("-r ../c.txt\n")
    assert read_requirements(first) == ["three"]


def test_constraints_are_content_but_nothing_to_install(tmp_path: Path) -> None:
    first = _write(tmp_path, a="-c b.txt\none\n", b="two\n")
    assert read_requirements(first) == ["-c b.txt", "one"]
    assert list_requirements(first) == [first, tmp_path / "b.txt"]


def test_addresses_are_the_installers(tmp_path: Path) -> None:
    first = _write(tmp_path, a="-r https://example.com/b.txt\n")
    assert read_requirements(first) == ["-r https://example.com/b.txt"]
    assert list_requirements(first) == [first]


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    first = _write(tmp_path, a="one\n-r b.txt\n", b="two\n-r a.txt\n-r b.txt\n")
    assert read_requirements(first) == ["one", "two"]
    assert list_requirements(first) == [first, tmp_path / "b.txt"]


@pytest.mark.parametrize("read", [read_requirements, list_requirements])
def test_a_file_that_is_not_there_is_named_with_the_line_that_wants_it(tmp_path: Path, read: object) -> None:
    assert callable(read)
    first = _write(tmp_path, a="one\n-r b.txt\n", b="-r gone.txt\n")
    with pytest.raises(MissingFileError) as caught:
        read(first)
    assert caught.value.path == tmp_path / "gone.txt"
    assert caught.value.where == "b.txt, line 1: -r gone.txt"
    with pytest.raises(MissingFileError) as caught:
        read(tmp_path / "gone.txt")
    assert caught.value.where == str(tmp_path / "gone.txt")
