"""The images of the targets, built by a real engine; the base stands in for Airflow's own image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deploy.deliveries import delivery, target, write_project
from kedro_aloft.deploy.steps import Phase

if TYPE_CHECKING:
    from pathlib import Path

    from support.engine import Engine

pytestmark = pytest.mark.docker

_TRY = "import kedro, kedro_aloft.runtime.session as one; print(one.__file__)"
_ASTRO = """\
FROM {base}
WORKDIR /usr/local/airflow
ONBUILD COPY packages.txt requirements.txt ./
ONBUILD RUN python -m pip install --quiet --no-cache-dir -r requirements.txt
ONBUILD COPY . .
"""
"""What Astro Runtime does with a project, as its documentation says."""


@pytest.fixture(scope="module")
def base(engine: Engine) -> str:
    """An image with the libraries, so that a build has nothing to load from a network."""
    return engine.kedro_image()


def write(project: Path, kind: str, **settings: Any) -> None:
    for step in target(project, kind, **settings).steps(delivery(project)):
        if step.phase is Phase.PREPARE and step.name.startswith("write"):
            step.apply()


def imported(engine: Engine, tag: str) -> str:
    """The file of the runtime that Python finds in an image."""
    return engine.docker("run", "--rm", "--network=none", tag, "python", "-c", _TRY).splitlines()[-1]


@pytest.mark.parametrize("kind", ["compose", "helm"])
def test_the_image_runs_tasks_with_this_very_runtime(kind: str, engine: Engine, base: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    more = {"image": "registry.example.org/shop"} if kind == "helm" else {}
    write(project, kind, path="../out", base_image=base, **more)
    for name, text in delivery(project).dag_files.items():
        target(project, kind, path="../out", base_image=base, **more).dags().write(name, text.encode())
    tag = engine.build(tmp_path / "out", f"kedro-aloft-tests/{kind}-target:now")
    assert imported(engine, tag) == "/opt/kedro-aloft/kedro_aloft/runtime/session.py"


def test_secrets_of_the_compose_file_are_made_in_its_own_image(engine: Engine, base: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    write(project, "compose", path="../out", base_image=base)
    tag = engine.build(tmp_path / "out", "kedro-aloft-tests/compose-target:now")
    (tmp_path / "secrets").mkdir()
    words = ("--network=none", "--user=0:0", f"--volume={tmp_path / 'secrets'}:/run/airflow", "--entrypoint=python")
    engine.docker("run", "--rm", *words, tag, "/opt/kedro-aloft/make_secrets.py", "/run/airflow")
    made = tmp_path / "secrets"
    assert (made / "fernet_key").stat().st_uid == 50000
    assert (made / "fernet_key").stat().st_mode & 0o777 == 0o640
    assert (made / "postgres_password").read_text() in (made / "sql_alchemy_conn").read_text()


def test_an_astro_project_builds_on_an_image_that_does_as_the_runtime(
    engine: Engine, base: str, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "project")
    write(project, "astro", path="../out")
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime/Dockerfile").write_text(_ASTRO.format(base=base))
    runtime = engine.build(tmp_path / "runtime", "kedro-aloft-tests/astro-runtime:now")
    dockerfile = tmp_path / "out/Dockerfile"
    lines = [f"ARG BASE={runtime}" if line.startswith("ARG") else line for line in dockerfile.read_text().splitlines()]
    dockerfile.write_text("\n".join(lines))
    tag = engine.build(tmp_path / "out", "kedro-aloft-tests/astro-target:now")
    assert imported(engine, tag) == "/usr/local/airflow/include/kedro-aloft/kedro_aloft/runtime/session.py"
