"""What goes into an image, and what never does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import ImageError, ProjectError
from kedro_aloft.images import collect_context, write_context, write_dockerfile
from kedro_aloft.images.build import refuse_mutable, repository_of
from kedro_aloft.images.requirements import requirements_text

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3b9c"

PLANTED = (
    *(
        ".git/config",
        ".venv/lib/x.py",
        "env/pyvenv.cfg",
        "env/lib/y.py",
        "conf/local/credentials.yml",
        "conf/local/x.yml",
    ),
    *("data/01_raw/x.csv", "logs/x.log", "notebooks/x.ipynb", ".env", ".env.prod", "src/shop/__pycache__/x.pyc"),
    *("certs/x.pem", "certs/x.key", "id_rsa", ".aws/credentials", ".airflow/passwords.json", "airflow_dags/x_dag.py"),
    *("conf/base/airflow.yml", ".netrc", ".pypirc", "node_modules/x.js", "dist/x.whl"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "pyproject.toml": "[tool.kedro]\n",
        "requirements.txt": "kedro==1.7.0\nkedro-aloft[airflow]==9\nKedro_Aloft\n-r more.txt\n",
        "more.txt": "pandas\n",
        "src/shop/nodes.py": "x = 1\n",
        "conf/base/catalog.yml": "a: {type: x}\n",
        "conf/prod/credentials.yml": "db: {password: '${oc.env:PASSWORD}', port: 1}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def plant(project: Path) -> None:
    for name in PLANTED:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(CANARY)


def test_no_canary_is_in_any_byte_that_is_written(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    plant(project)
    context = collect_context(project, dockerfile=write_dockerfile(project)[0])
    folder = tmp_path_factory.mktemp("context")
    write_context(context, folder)
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert [name for name, content in written.items() if CANARY.encode() in content] == []
    assert {
        "Dockerfile",
        "project/src/shop/nodes.py",
        "project/conf/base/catalog.yml",
        "project/conf/prod/credentials.yml",
        "kedro_aloft/runtime/__main__.py",
    } <= set(written)


def test_what_is_left_out_does_not_change_the_tag_and_all_else_does(project: Path) -> None:
    dockerfile = write_dockerfile(project)[0]
    before = collect_context(project, dockerfile=dockerfile).tag
    plant(project)
    assert collect_context(project, dockerfile=dockerfile).tag == before
    os.utime(project / "src/shop/nodes.py", (1, 1))
    assert collect_context(project, dockerfile=dockerfile).tag == before
    assert collect_context(project, dockerfile=dockerfile + "#").tag != before
    (project / "src/shop/nodes.py").write_text("x = 2\n")
    assert collect_context(project, dockerfile=dockerfile).tag != before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conf/prod/credentials.yml", "db: {password: hunter2}"),
        ("conf/prod/credentials_extra.yaml", "a: [{b: hunter2}]"),
        ("requirements-airflow.txt", "lib @ https://me:hunter2@example.com/lib.whl"),
        ("src/key.json", '{"type": "service_account", "private_key": "hunter2"}'),
    ],
)
def test_a_file_with_a_secret_is_refused_by_name_and_not_shown(project: Path, name: str, text: str) -> None:
    (project / name).write_text(text)
    with pytest.raises(ImageError, match="credentials would go into") as error:
        collect_context(project, dockerfile="")
    assert error.value.where == name
    assert "hunter2" not in str(error.value)


def test_requirements_are_the_projects_with_the_runtimes_and_without_ours(project: Path) -> None:
    assert requirements_text(project).splitlines() == ["kedro==1.7.0", "pandas", "cloudpickle>=3.0", "xxhash>=3.0"]
    (project / "requirements.lock").write_text("kedro==1.2.0\n")
    assert requirements_text(project).splitlines()[0] == "kedro==1.2.0"


def test_without_a_lock_pyproject_counts_and_without_any_it_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tomllib")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["kedro>=1.2", "polars"]\n')
    assert requirements_text(tmp_path).splitlines()[:2] == ["kedro>=1.2", "polars"]
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(ImageError, match="which libraries"):
        requirements_text(tmp_path)


def test_the_dockerfile_is_written_once_and_then_the_users(project: Path) -> None:
    text, is_new = write_dockerfile(project)
    assert is_new
    assert "COPY project" in text
    (project / "Dockerfile.airflow").write_text("FROM mine\n")
    assert write_dockerfile(project) == ("FROM mine\n", False)


def test_references() -> None:
    assert repository_of("reg:5000/a/b:1@sha256:x") == "reg:5000/a/b"
    assert repository_of("a") == "a"
    refuse_mutable("reg:5000/a:1.2")
    with pytest.raises(ImageError, match="another image tomorrow"):
        refuse_mutable("reg:5000/a:latest")


def test_an_included_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pandas\n-r base.txt\n")
    with pytest.raises(ProjectError, match="includes one that is not there") as caught:
        requirements_text(tmp_path)
    assert caught.value.where == "requirements.txt, line 2: -r base.txt"
