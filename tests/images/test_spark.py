"""What a Spark cluster gets of a project: an archive that Spark can import from, and never a secret."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from images.test_context import CANARY, plant
from kedro_aloft.errors import ImageError
from kedro_aloft.images import build_package, write_package

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "pyproject.toml": "[tool.kedro]\n",
        "requirements.txt": "kedro==1.7.0\npandas\n",
        "src/shop/__init__.py": "",
        "src/shop/nodes.py": "x = 1\n",
        "conf/base/catalog.yml": "a: {type: x}\n",
        "spark/init.sh": "apt-get install -y before\n",
        "spark/post.sh": "echo after\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def contents(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_no_canary_is_in_any_byte_of_a_package(project: Path) -> None:
    before = build_package(project)
    plant(project)
    after = build_package(project)
    assert after == before
    files = {**after.files, **contents(after.files["project.zip"])}
    assert [name for name, content in files.items() if CANARY.encode() in content] == []
    assert {"project/src/shop/nodes.py", "shop/nodes.py", "project/conf/base/catalog.yml"} <= set(files)
    assert {"kedro_aloft/runtime/__main__.py", "launch.py", "init.sh"} <= set(files)


def test_a_literal_secret_is_refused(project: Path) -> None:
    (project / "conf/base/credentials.yml").write_text("db: {password: hunter2}\n")
    with pytest.raises(ImageError, match="credentials"):
        build_package(project)


def test_equal_content_is_equal_in_every_byte_whenever_and_whoever_wrote_it(project: Path) -> None:
    before = build_package(project)
    for path in project.rglob("*.*"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert build_package(project) == before
    with zipfile.ZipFile(io.BytesIO(before.files["project.zip"])) as archive:
        assert {(one.date_time, one.compress_type, one.external_attr >> 16) for one in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 0o644)
        }
        assert archive.namelist() == sorted(archive.namelist())


@pytest.mark.parametrize(
    ("name", "text"), [("src/shop/nodes.py", "x = 2\n"), ("requirements.txt", "kedro==1.6.0\n"), ("new.txt", "")]
)
def test_another_content_is_another_folder(project: Path, name: str, text: str) -> None:
    before = build_package(project).tag
    (project / name).write_text(text)
    assert build_package(project).tag != before


def test_machines_install_the_requirements_between_the_scripts_of_the_user(project: Path, tmp_path: Path) -> None:
    package = build_package(project, init="spark/init.sh", post_init="spark/post.sh")
    script = package.files["init.sh"].decode()
    places = [script.index(text) for text in ("apt-get install -y before", "pandas\n", "pip install", "echo after")]
    assert places == sorted(places)
    (tmp_path / "init.sh").write_text(script)
    assert subprocess.run(["bash", "-n", tmp_path / "init.sh"], check=False).returncode == 0
    assert package.tag != build_package(project).tag
    with pytest.raises(ImageError, match=r"gone\.sh"):
        build_package(project, init="gone.sh")


def test_executors_import_code_from_the_archive_itself(project: Path, tmp_path: Path) -> None:
    place = write_package(build_package(project), str(tmp_path / "out"))
    code = "import shop.nodes, kedro_aloft.contract.keys; print(shop.nodes.x, shop.nodes.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": f"{place}/project.zip"},
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", f"{place}/project.zip/shop/nodes.py"]


def test_a_package_goes_to_any_address(project: Path) -> None:
    import fsspec

    package = build_package(project)
    place = write_package(package, "memory://bucket/spark/")
    assert place == f"memory://bucket/spark/{package.tag}"
    for name, content in package.files.items():
        assert fsspec.open(f"{place}/{name}").open().read() == content
