"""Archives hold code and configuration, the same bytes for the same files, and nothing that is secret."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.deploy.archive import archive_data, archive_project
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.deploy.archive import Archive

FILES = {
    "pyproject.toml": "[tool.kedro]\n",
    "src/shop/nodes.py": "x = 1\n",
    "src/shop/query.sql": "select 1\n",
    "conf/base/catalog.yml": "a: {type: x}\n",
    "conf/prod/parameters.yml": "b: 1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return _write(tmp_path / "one", FILES)


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _contents(archive: Archive) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.content))) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


def test_code_and_configuration_are_apart(project: Path) -> None:
    code, conf = archive_project(project, conf="conf")
    assert code.files == ("pyproject.toml", "src/shop/nodes.py", "src/shop/query.sql")
    assert conf.files == ("conf/base/catalog.yml", "conf/prod/parameters.yml")
    assert _contents(code)["src/shop/nodes.py"] == b"x = 1\n"
    assert set(_contents(code)) == set(code.files)


def test_the_same_files_are_the_same_bytes_wherever_and_whenever(project: Path, tmp_path: Path) -> None:
    other = _write(tmp_path / "elsewhere", dict(reversed(FILES.items())))
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
    assert archive_project(other, conf="conf") == archive_project(project, conf="conf")


def test_one_line_changes_one_archive(project: Path) -> None:
    code, conf = archive_project(project, conf="conf")
    (project / "src/shop/nodes.py").write_text("x = 2\n", encoding="utf-8")
    changed, same = archive_project(project, conf="conf")
    assert same == conf
    assert changed.blob.sha256 != code.blob.sha256


def test_data_is_what_is_named_and_in_the_project(project: Path, tmp_path: Path) -> None:
    names = {"data/01_raw/a.csv": "1", "data/01_raw/parts/one": "2", "data/01_raw/parts/deep/two": "3", "data/x": "4"}
    _write(_write(project, names).parent, {"outside.csv": "5"})
    (project / "data/link.csv").symlink_to(tmp_path / "outside.csv")
    places = ("data/01_raw/a.csv", "data/01_raw/parts", "data/link.csv", "data/not_there.csv")
    made = archive_data(project, places)
    assert made is not None
    assert made.files == ("data/01_raw/a.csv", "data/01_raw/parts/deep/two", "data/01_raw/parts/one")
    assert archive_data(project, ["data/not_there.csv"]) is None


def test_what_can_be_run_stays_so(project: Path) -> None:
    before = archive_project(project, conf="conf")[0].blob
    (project / "src/shop/query.sql").chmod(0o755)
    code = archive_project(project, conf="conf")[0]
    assert code.blob != before
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(code.content))) as tar:
        assert tar.getmember("src/shop/query.sql").mode == 0o755
        assert {entry.mtime for entry in tar} == {0}
        assert {(entry.uid, entry.uname) for entry in tar} == {(0, "")}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conf/base/credentials.yml", "db: {password: hunter2}\n"),
        ("conf/prod/credentials_aws.yaml", "key: abc\n"),
        ("src/key.json", '{"type": "service_account", "private_key": "x"}'),
    ],
)
def test_a_file_with_a_secret_stops_it(project: Path, name: str, text: str) -> None:
    _write(project, {name: text})
    with pytest.raises(DeployError) as caught:
        archive_project(project, conf="conf")
    assert caught.value.code == "ALOFT-901"
    assert caught.value.where == name
    assert "hunter2" not in str(caught.value)


def test_references_to_secrets_go_along(project: Path) -> None:
    _write(project, {"conf/base/credentials.yml": "db: {password: '${oc.env:DB}'}\n"})
    assert "conf/base/credentials.yml" in archive_project(project, conf="conf")[1].files
