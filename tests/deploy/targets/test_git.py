"""Target `git`, read by Airflow's own DAG bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.deliveries import bare_repository, delivery, deploy, target
from kedro_aloft.errors import DeployError
from support.commands import user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import Project, ProjectBuilder

_LOAD = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.providers.git.bundles.git import GitDagBundle

where, version = sys.argv[1], sys.argv[2] or None
bundle = GitDagBundle(name="shop", tracking_ref="main", subdir="dags", git_conn_id="shop", version=version)
bundle.initialize()
bag = BundleDagBag(str(bundle.path), bundle_path=bundle.path, bundle_name="shop")
current = bundle.get_current_version()
print(json.dumps({
    "version": getattr(current, "version", current),  # a text before Airflow 3.3
    "errors": bag.import_errors,
    "dags": {name: [task.task_id for task in dag.tasks] for name, dag in bag.dags.items()},
}))
"""


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    return builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'x', name='a')").build()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path / "remote" / "dags.git")


def load(bare: Path, home: Path, version: str = "") -> dict[str, object]:
    """What a DAG processor sees of the repository, at its branch or at a commit."""
    environment = {
        **user_environment(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "git", "host": bare.as_uri()}),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(bare), version], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    content: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return content


def publish(project: Project, bare: Path, *args: str) -> list[str]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in project.create(*args)}
    made = target(project.path, "git", repository=bare.as_uri())
    return deploy(made, delivery(project.path, package=project.package, dag_files=texts))


@pytest.mark.airflow
def test_airflows_git_bundle_reads_it_and_a_run_keeps_its_commit(project: Project, bare: Path, tmp_path: Path) -> None:
    publish(project, bare)
    first = load(bare, tmp_path / "home")
    assert not first["errors"]
    project.write(
        f"src/{project.package}/pipeline_registry.py",
        (project.path / f"src/{project.package}/pipeline_registry.py").read_text().replace("name='a'", "name='b'"),
    )
    publish(project, bare)
    second, old = load(bare, tmp_path / "home"), load(bare, tmp_path / "home", str(first["version"]))
    assert second["version"] != first["version"]
    assert old["dags"] == first["dags"] != second["dags"]
    ((_, tasks),) = dict(second["dags"]).items()  # type: ignore[call-overload]
    assert "b" in tasks


def test_two_deploys_at_once_one_wins(project: Project, bare: Path, tmp_path: Path) -> None:
    ours = target(project.path, "git", repository=bare.as_uri())
    ours.dags()  # it looks at the branch before the other one has pushed
    theirs = target(tmp_path / "theirs", "git", repository=bare.as_uri())
    deploy(theirs, delivery(project.path, dag_files={"shop_dag.py": "# theirs\n"}))
    with pytest.raises(DeployError) as caught:
        deploy(ours, delivery(project.path, dag_files={"shop_dag.py": "# ours\n"}))
    assert caught.value.code == "ALOFT-921"
    again = target(project.path, "git", repository=bare.as_uri())
    deploy(again, delivery(project.path, dag_files={"shop_dag.py": "# ours\n"}))
    shown = subprocess.run(["git", "show", "main:dags/shop_dag.py"], cwd=bare, check=True, capture_output=True)
    assert shown.stdout == b"# ours\n"


def test_deploy_rollback_and_destroy_are_commits(project: Project, bare: Path) -> None:
    target = {"kind": "git", "repository": bare.as_uri(), "path": "teams/shop"}
    project.write("conf/base/airflow.yml", json.dumps({"targets": {"prod": target}}))
    project.write("requirements.txt", "kedro\n")
    dry = project.airflow("deploy", "prod", "--dry-run").ok().text
    assert "push it to the branch main" in " ".join(dry.split())
    assert not commits(bare)
    first = project.airflow("deploy", "prod", "--json").ok().json()
    project.write(f"src/{project.package}/functions.py", "def one(): return 2\n")
    second = project.airflow("deploy", "prod", "--json").ok().json()
    dag_file = f"teams/shop/{project.package}_dag.py"
    assert second["release"] in shown(bare, dag_file)
    project.airflow("rollback", "prod").ok()
    assert first["release"] in shown(bare, dag_file)
    assert first["release"] in project.airflow("releases", "prod").ok().out
    project.airflow("destroy", "prod", "--yes").ok()
    assert subprocess.run(["git", "ls-tree", "-r", "main"], cwd=bare, check=True, capture_output=True).stdout == b""
    assert commits(bare) == [
        f"Remove {project.package}",
        f"Roll {project.package} back to {first['release']}",
        f"Deploy {project.package} {second['release']}",
        f"Deploy {project.package} {first['release']}",
    ]


def commits(bare: Path) -> list[str]:
    done = subprocess.run(["git", "log", "--format=%s", "main"], cwd=bare, check=False, capture_output=True, text=True)
    return done.stdout.splitlines()


def shown(bare: Path, name: str) -> str:
    words = ["git", "show", f"main:{name}"]
    return subprocess.run(words, cwd=bare, check=True, capture_output=True, text=True).stdout
