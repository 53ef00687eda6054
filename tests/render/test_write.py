from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import RenderError
from kedro_aloft.render import Written, write_file, write_files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_created_then_unchanged_then_updated(tmp_path: Path) -> None:
    path = tmp_path / "dags" / "shop_dag.py"
    assert write_file(path, "a\n") is Written.CREATED
    assert write_file(path, "a\n") is Written.UNCHANGED
    assert write_file(path, "b — ü\n") is Written.UPDATED
    assert path.read_bytes() == "b — ü\n".encode()
    assert [one.name for one in path.parent.iterdir()] == ["shop_dag.py"]


def test_an_outcome_reads_as_its_word() -> None:
    assert [f"{one}" for one in Written] == [one.value for one in Written] == ["created", "updated", "unchanged"]


def test_unchanged_content_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    write_file(path, "a\n")
    os.utime(path, ns=(1, 1))
    before = path.stat()
    write_file(path, "a\n")
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino) == (1, before.st_ino)


def test_line_ends_are_written_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    write_file(path, "a\r\nb\n")
    assert path.read_bytes() == b"a\r\nb\n"


def test_a_reader_of_the_old_file_keeps_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    write_file(path, "old\n" * 1000)
    with path.open(encoding="utf-8") as reader:
        first = reader.readline()
        write_file(path, "new\n")
        assert first + reader.read() == "old\n" * 1000


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "real.py"
    target.write_text("old\n")
    link = tmp_path / "link.py"
    link.symlink_to(target)
    assert write_file(link, "new\n") is Written.UPDATED
    assert link.is_symlink()
    assert target.read_text() == "new\n"


def test_a_link_to_nothing_gets_its_file(tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(tmp_path / "later" / "real.py")
    assert write_file(link, "new\n") is Written.CREATED
    assert (tmp_path / "later" / "real.py").read_text() == "new\n"


def test_a_folder_behind_a_link_stays_there(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "dags").symlink_to(tmp_path / "real", target_is_directory=True)
    write_file(tmp_path / "dags" / "a.py", "a\n")
    assert (tmp_path / "real" / "a.py").read_text() == "a\n"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_permissions_stay(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.py"
    path.write_text("old\n")
    path.chmod(mode)
    write_file(path, "new\n")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "a.py", "a\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o640


def refused(path: Path, text: str = "new\n") -> RenderError:
    with pytest.raises(RenderError) as caught:
        write_file(path, text)
    assert caught.value.code == "ALOFT-402"
    assert str(path) in caught.value.where
    assert caught.value.remedy
    return caught.value


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").mkdir()
    refused(tmp_path / "a.py")
    assert [one.name for one in tmp_path.iterdir()] == ["a.py"]


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dags").write_text("x")
    refused(tmp_path / "dags" / "a.py")
    assert (tmp_path / "dags").read_text() == "x"


def test_a_circle_of_links_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to(tmp_path / "b.py")
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")
    refused(tmp_path / "a.py")


def test_half_characters_are_an_error(tmp_path: Path) -> None:
    refused(tmp_path / "a.py", "\ud800")
    assert list(tmp_path.iterdir()) == []


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("old a\n")
    (tmp_path / "c.py").mkdir()
    with pytest.raises(RenderError):
        write_files(tmp_path, {"a.py": "new a\n", "b.py": "new b\n", "c.py": "new c\n"})
    assert (tmp_path / "a.py").read_text() == "old a\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.py", "c.py"]


def test_outcomes_are_told_file_by_file(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": "1", "b": "1"})
    assert write_files(tmp_path, {"b": "1", "a": "2", "c": "3"}) == {
        "b": Written.UNCHANGED,
        "a": Written.UPDATED,
        "c": Written.CREATED,
    }


_AS_NOBODY = """
import os, sys
from pathlib import Path
from kedro_aloft.errors import RenderError
from kedro_aloft.render import write_file
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    write_file(Path(sys.argv[1]), "new")
except RenderError as error:
    print(error.seen)
"""


@pytest.mark.parametrize("locked", ["file", "folder"])
def test_what_is_write_protected_stays_as_it_is(tmp_path: Path, locked: str) -> None:
    """In a process of its own that gives root's rights away, for root may write everywhere."""
    folder = tmp_path / "dags"
    folder.mkdir()
    path = folder / "a.py"
    path.write_text("old")
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(above.stat().st_mode | 0o055)
    path.chmod(0o444 if locked == "file" else 0o666)
    folder.chmod(0o777 if locked == "file" else 0o555)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(path)], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "PermissionError" in done.stdout
    assert path.read_text() == "old"
    assert [one.name for one in folder.iterdir()] == ["a.py"]
