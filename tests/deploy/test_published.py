"""What `deploy` publishes to a folder: a release by its content, and no secret in any byte of it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from support.commands import run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.projects import Project, ProjectBuilder

CANARY = "canary-5f1e77"
PLANTED = {
    "conf/local/credentials.yml": f"db: {{password: {CANARY}}}\n",
    "conf/local/parameters.yml": f"secret: {CANARY}\n",
    ".env": f"TOKEN={CANARY}\n",
    ".env.prod": f"TOKEN={CANARY}\n",
    ".venv/pyvenv.cfg": CANARY,
    ".venv/lib/x.py": CANARY,
    "notebooks/try.ipynb": CANARY,
    "data/01_raw/a.csv": CANARY,
    "logs/info.log": CANARY,
    "id_rsa": CANARY,
    "src/shop/server.pem": CANARY,
    ".aws/credentials": CANARY,
    ".airflow/keys.json": CANARY,
    "__pycache__/x.pyc": CANARY,
}


@pytest.fixture
def project(builder: ProjectBuilder) -> Project:
    builder.functions("def one(): return 1\ndef two(x): return x")
    builder.pipeline("__default__", "node(one, None, 'a', name='one'), node(two, 'a', 'b', name='two')")
    builder.pipeline("other", "node(one, None, 'c', name='three')")
    return builder.pickles("b", "c").build()


@pytest.fixture
def deploy(project: Project, tmp_path: Path) -> Callable[..., Any]:
    def run(*options: str, code: int = 0, **env: str) -> Any:
        done = project.airflow("deploy", str(tmp_path / "dags"), "--json", *options, env=env)
        assert done.code == code, done.text
        return done.json() if code == 0 else done.text

    return run


def _bytes(folder: Path) -> bytes:
    """Everything that was published, archives unpacked as well, names included."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [str(path.relative_to(folder)).encode(), content]
            found += [gzip.decompress(content)] if path.suffix == ".gz" else []
    return b"\0".join(found)


def test_no_secret_is_in_any_published_byte(project: Project, deploy: Callable[..., Any], tmp_path: Path) -> None:
    for name, text in PLANTED.items():
        project.write(name, text)
    run_command("git", "init", "-q", cwd=project.path).ok()
    project.write(".git/canary", CANARY)
    deploy("--all", AIRFLOW_TOKEN=CANARY, DB_PASSWORD=CANARY)
    published = _bytes(tmp_path / "dags")
    assert b"def one" in published
    assert CANARY.encode() not in published


def test_raw_data_goes_along_when_it_is_asked_for(
    builder: ProjectBuilder, deploy: Callable[..., Any], tmp_path: Path
) -> None:
    builder.pipeline("reads", "node(two, 'raw', 'made', name='reads')").pickles("raw", "made")
    project = builder.build()
    for name in ("raw", "made", "of_nobody"):
        project.write(f"data/{name}.pkl", f"{CANARY} {name}")
    without = deploy("--pipelines=reads")
    assert CANARY.encode() not in _bytes(tmp_path / "dags")
    along = deploy("--pipelines=reads", "--with-data")
    assert along["release"] != without["release"]
    published = _bytes(tmp_path / "dags")
    assert f"{CANARY} raw".encode() in published
    assert published.count(CANARY.encode()) == 1


def test_the_same_project_is_the_same_release(project: Project, deploy: Callable[..., Any], tmp_path: Path) -> None:
    first = deploy()
    again = deploy()
    assert again["release"] == first["release"]
    assert {one["step"]: one["told"] for one in again["steps"]}["claim"] == "nothing is new"
    there = sorted((tmp_path / "dags/.kedro-aloft" / project.package / "deployments/local").iterdir())
    assert [one.name for one in there] == ["000001.json"]


def test_a_dry_run_names_the_steps_of_the_real_run_and_does_none(deploy: Callable[..., Any], tmp_path: Path) -> None:
    planned = deploy("--dry-run")
    assert not (tmp_path / "dags").exists()
    done = deploy()
    assert [one["step"] for one in planned["steps"]] == [one["step"] for one in done["steps"]]
    assert [one["what"] for one in planned["steps"]] == [one["what"] for one in done["steps"]]
    assert planned["release"] == done["release"]


def test_a_pipeline_alone_leaves_the_others_and_all_takes_gone_ones_away(
    project: Project, deploy: Callable[..., Any], tmp_path: Path
) -> None:
    names = f"{project.package}_dag.py", f"{project.package}_other_dag.py"
    deploy("--all")
    assert sorted(one.name for one in (tmp_path / "dags").glob("*.py")) == sorted(names)
    before = (tmp_path / "dags" / names[1]).read_text(encoding="utf-8")
    project.write(f"src/{project.package}/more.py", "x = 1\n")
    deploy()
    assert (tmp_path / "dags" / names[1]).read_text(encoding="utf-8") == before
    registry = project.path / f"src/{project.package}/pipeline_registry.py"
    registry.write_text(registry.read_text(encoding="utf-8").replace("'other'", "'another'"), encoding="utf-8")
    deploy("--all")
    assert sorted(one.name for one in (tmp_path / "dags").glob("*.py")) == [
        f"{project.package}_another_dag.py",
        names[0],
    ]


@pytest.mark.parametrize("kind", ["strange", "edited", "foreign"])
def test_a_dag_file_of_others_is_not_replaced_without_force(
    project: Project, deploy: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "dags" / f"{project.package}_dag.py"
    if kind == "strange":
        file.parent.mkdir()
        file.write_text("print('mine')\n", encoding="utf-8")
    else:
        deploy()
        text = file.read_text(encoding="utf-8")
        changed = text.replace("retries", "retriez") if kind == "edited" else text.replace(project.package, "theirs")
        file.write_text(changed, encoding="utf-8")
        project.write(f"src/{project.package}/more.py", "x = 1\n")
    before = file.read_bytes()
    assert "ALOFT-903" in deploy(code=1)
    assert file.read_bytes() == before
    deploy("--force")
    assert file.read_bytes() != before


def test_what_was_deployed_from_a_commit_that_is_not_here_is_not_replaced(
    project: Project, deploy: Callable[..., Any]
) -> None:
    def git(*words: str) -> str:
        return run_command("git", *words, cwd=project.path).ok().out.strip()

    def commit(text: str) -> None:
        project.write(f"src/{project.package}/more.py", text)
        git("add", "-A")
        git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", text)

    git("init", "-q")
    commit("x = 1")
    commit("x = 2")
    deploy()
    git("checkout", "-q", "HEAD~1")
    assert "ALOFT-904" in deploy(code=1)
    git("checkout", "-q", "-")
    commit("x = 3")
    deploy()


def test_a_target_that_is_none_is_named_with_what_there_is(project: Project) -> None:
    project.write("conf/base/airflow.yml", "targets:\n  prod: {kind: folder, path: dags}\n")
    done = project.airflow("deploy", "prd")
    assert done.code == 2
    assert "Did you mean 'prod'?" in done.err


def test_releases_are_listed_rolled_back_and_destroyed(
    project: Project, deploy: Callable[..., Any], tmp_path: Path
) -> None:
    folder = str(tmp_path / "dags")
    project.write("conf/base/airflow.yml", f"targets:\n  there: {{kind: folder, path: '{folder}'}}\n")
    first = deploy()["release"]
    file = tmp_path / "dags" / f"{project.package}_dag.py"
    old = file.read_bytes()
    project.write(f"src/{project.package}/more.py", "x = 1\n")
    second = deploy()["release"]
    listed = project.airflow("releases", "there", "--json").ok().json()
    assert [(one["deployment"], one["release"], one["state"]) for one in listed] == [
        (2, second, "current"),
        (1, first, "kept"),
    ]
    back = project.airflow("rollback", "there", "--json").ok().json()
    assert back["release"] == first
    assert file.read_bytes() == old
    assert "nothing to go back to" in project.airflow("rollback", "there").text
    assert project.airflow("rollback", "there", second[:6], "--json").ok().json()["release"] == second
    assert project.airflow("destroy", "there").code == 2
    assert file.exists()
    project.airflow("destroy", "there", "--yes").ok()
    assert not file.exists()
    assert [one for one in (tmp_path / "dags").rglob("*") if one.is_file()] == []
    assert "nothing of" in project.airflow("destroy", "there").ok().text


def test_environments_do_not_disturb_each_other(project: Project, deploy: Callable[..., Any], tmp_path: Path) -> None:
    project.write("conf/prod/parameters.yml", "{}\n")
    deploy("--all")
    deploy("--all", "--env=prod")
    assert len(list((tmp_path / "dags").glob("*.py"))) == 4
    project.airflow("destroy", str(tmp_path / "dags"), "--env=prod", "--yes").ok()
    assert len(list((tmp_path / "dags").glob("*.py"))) == 2
    manifests = list((tmp_path / "dags/.kedro-aloft" / project.package / "releases").iterdir())
    assert [json.loads(one.read_text(encoding="utf-8"))["env"] for one in manifests] == ["local"]
    assert "current" in project.airflow("releases", str(tmp_path / "dags")).ok().out
