"""What the targets have in common that make a folder: git, astro, compose, helm."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from deploy.deliveries import CANARY, bare_repository, delivery, deploy, target, tree, write_project
from kedro_aloft.deploy.steps import explain_steps, in_order
from kedro_aloft.deploy.target import HandsOver
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_aloft.deploy.target import Target

KINDS = ("astro", "compose", "git", "helm")
WITH_IMAGE = ("astro", "compose", "helm")
FILE = "sys.modules['kedro_aloft'].__file__"
RUNS_IN_AIRFLOW = ("kedro_aloft.airflow", "kedro_aloft.runtime.__main__", "kedro_aloft.runtime.session")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def make(kind: str, project: Path, place: Path) -> Target:
    settings: dict[str, dict[str, Any]] = {
        "astro": {"path": str(place)},
        "compose": {"path": str(place), "start": False, "secrets": ["WAREHOUSE_PASSWORD"]},
        "git": {"repository": str(place.parent / "dags.git")},
        "helm": {"path": str(place), "image": "registry.example.org/shop"},
    }
    if kind == "git" and not (place.parent / "dags.git").exists():
        bare_repository(place.parent / "dags.git")
    return target(project, kind, **settings[kind])


def published(kind: str, project: Path, place: Path) -> dict[str, bytes]:
    return tree(project / ".airflow/deploy/there" if kind == "git" else place)


@pytest.mark.parametrize("kind", KINDS)
def test_making_and_explaining_steps_changes_nothing(kind: str, project: Path, tmp_path: Path) -> None:
    place = tmp_path / "out"
    one = make(kind, project, place)
    handed = one.handover("Deploy") if isinstance(one, HandsOver) else ()
    lines = explain_steps(in_order((*one.steps(delivery(project)), *handed)))
    assert lines
    assert len(set(lines)) == len(lines)
    assert not place.exists()
    assert str(tmp_path) not in "".join(lines).replace(str(place), "")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_gives_the_same_bytes(kind: str, project: Path, tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        place = tmp_path / name / "out"
        place.parent.mkdir()
        deploy(make(kind, project, place), delivery(project))
        found.append(published(kind, project, place))
        shutil.rmtree(project / ".airflow", ignore_errors=True)
    assert found[0] == found[1]
    assert any(name.endswith("shop_dag.py") for name in found[0])


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_in_any_byte(kind: str, project: Path, tmp_path: Path) -> None:
    deploy(make(kind, project, tmp_path / "out"), delivery(project))
    files = published(kind, project, tmp_path / "out")
    assert files
    assert not [name for name, content in files.items() if CANARY.encode() in content]


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_deploy_touches_what_differs_alone(kind: str, project: Path, tmp_path: Path) -> None:
    deploy(make(kind, project, tmp_path / "out"), delivery(project))
    before = published(kind, project, tmp_path / "out")
    changed = delivery(project, dag_files={"shop_dag.py": "# another\n"})
    told = deploy(make(kind, project, tmp_path / "out"), changed)
    after = published(kind, project, tmp_path / "out")
    changed_files = {name.rpartition("/")[2] for name in after if before.get(name) != after[name]}
    # DAG files are a part of the image there, whose tag stands in the values.
    assert changed_files == {"shop_dag.py"} | ({"values.yaml"} if kind == "helm" else set())
    if kind != "git":
        assert any(line.startswith("0 of ") for line in told), told


@pytest.mark.parametrize("kind", WITH_IMAGE)
def test_a_file_of_somebody_else_is_not_overwritten(kind: str, project: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/Dockerfile").write_text("FROM mine\n")
    with pytest.raises(DeployError) as caught:
        deploy(make(kind, project, tmp_path / "out"), delivery(project))
    assert caught.value.code == "ALOFT-924"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Dockerfile"]


@pytest.mark.parametrize("kind", WITH_IMAGE)
def test_the_image_gets_the_libraries_and_this_very_runtime(kind: str, project: Path, tmp_path: Path) -> None:
    deploy(make(kind, project, tmp_path / "out"), delivery(project))
    files = tree(tmp_path / "out")
    requirements = files["requirements.txt"].decode().splitlines()
    assert {"kedro==1.7.0", "cloudpickle>=3.0"} <= set(requirements)
    (init,) = [name for name in files if name.endswith("kedro_aloft/__init__.py")]
    place = (tmp_path / "out" / init).parents[1]
    tried = f"import sys; sys.path.insert(0, {str(place)!r}); import {', '.join(RUNS_IN_AIRFLOW)}; print({FILE})"
    done = subprocess.run([sys.executable, "-I", "-c", tried], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == str(place / "kedro_aloft/__init__.py")


@pytest.mark.parametrize("kind", WITH_IMAGE)
@pytest.mark.parametrize("login", [f"{CANARY}@", f"me:{CANARY}@"])
def test_a_login_in_a_requirement_does_not_go_into_an_image(
    kind: str, login: str, project: Path, tmp_path: Path
) -> None:
    (project / "requirements.txt").write_text(f"kedro\n--extra-index-url https://{login}packages.example.org/simple\n")
    with pytest.raises(DeployError) as caught:
        deploy(make(kind, project, tmp_path / "out"), delivery(project))
    assert caught.value.code == "ALOFT-927"
    assert CANARY not in str(caught.value)
    assert not (tmp_path / "out").exists()
    fine = "git+ssh://git@example.org/x\n--index-url https://${TOKEN}@example.org/simple\nssh://git@example.org/x\n"
    (project / "requirements.txt").write_text(fine)
    deploy(make(kind, project, tmp_path / "out"), delivery(project))


@pytest.mark.parametrize("kind", WITH_IMAGE)
def test_files_of_an_older_runtime_go(kind: str, project: Path, tmp_path: Path) -> None:
    deploy(make(kind, project, tmp_path / "out"), delivery(project))
    (init,) = [name for name in tree(tmp_path / "out") if name.endswith("kedro_aloft/__init__.py")]
    old = (tmp_path / "out" / init).with_name("gone.py")
    old.write_text("x = 1\n")
    told = deploy(make(kind, project, tmp_path / "out"), delivery(project))
    assert not old.exists()
    assert any("1 removed" in line for line in told)
