"""One commit at a time on a branch, with real Git and a bare repository."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.deploy.repository import Branch
from kedro_aloft.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "dags.git"
    path.mkdir()
    git(path, "init", "--quiet", "--bare", "--initial-branch=main")
    return path


def branch_in(folder: Path, bare: Path, name: str = "main") -> Branch:
    branch = Branch(remote=bare.as_uri(), name=name, folder=folder)
    branch.refresh()
    return branch


def write(branch: Branch, name: str, text: str) -> None:
    path = branch.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def files(bare: Path, branch: str = "main") -> list[str]:
    return git(bare, "ls-tree", "-r", "--name-only", branch).splitlines()


def test_the_first_commit_makes_the_branch(tmp_path: Path, bare: Path) -> None:
    branch = branch_in(tmp_path / "copy", bare)
    write(branch, "dags/shop.py", "one")
    commit = branch.publish("dags", message="shop")
    assert files(bare) == ["dags/shop.py"]
    assert git(bare, "rev-parse", "main") == commit


def test_nothing_new_makes_no_commit(tmp_path: Path, bare: Path) -> None:
    branch = branch_in(tmp_path / "copy", bare)
    write(branch, "dags/shop.py", "one")
    branch.publish("dags", message="shop")
    branch.refresh()
    assert branch.publish("dags", message="again") is None
    assert git(bare, "rev-list", "--count", "main") == "1"


def test_only_the_path_is_committed_and_what_git_ignores_too(tmp_path: Path, bare: Path) -> None:
    branch = branch_in(tmp_path / "copy", bare)
    write(branch, ".gitignore", "*.tar.gz\n.*\n")
    write(branch, "elsewhere/notes", "mine")
    write(branch, "dags/.kedro-aloft/blobs/a.tar.gz", "x")
    branch.publish("dags", message="shop")
    assert files(bare) == ["dags/.kedro-aloft/blobs/a.tar.gz"]


def test_refresh_drops_what_an_interrupted_deploy_left(tmp_path: Path, bare: Path) -> None:
    branch = branch_in(tmp_path / "copy", bare)
    write(branch, "dags/shop.py", "one")
    branch.publish("dags", message="shop")
    write(branch, "dags/shop.py", "half")
    write(branch, "dags/new.py", "half")
    git(branch.folder, "add", "--all")
    git(branch.folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "never pushed")
    write(branch, "dags/newer.py", "half")
    branch.refresh()
    assert (branch.folder / "dags/shop.py").read_text() == "one"
    assert sorted(path.name for path in (branch.folder / "dags").iterdir()) == ["shop.py"]


def test_commits_of_others_elsewhere_stay_and_do_not_stop_us(tmp_path: Path, bare: Path) -> None:
    first = branch_in(tmp_path / "one", bare)
    write(first, "dags/shop.py", "one")
    first.publish("dags", message="shop")
    ours, theirs = branch_in(tmp_path / "ours", bare), branch_in(tmp_path / "theirs", bare)
    write(theirs, "team/other.py", "other")
    theirs.publish("team", message="theirs")
    write(ours, "dags/shop.py", "two")
    commit = ours.publish("dags", message="ours")
    assert files(bare) == ["dags/shop.py", "team/other.py"]
    assert git(bare, "show", "main:dags/shop.py") == "two"
    assert git(bare, "rev-parse", "main") == commit


def test_of_two_deploys_one_wins_and_the_other_says_so(tmp_path: Path, bare: Path) -> None:
    first = branch_in(tmp_path / "one", bare)
    write(first, "dags/shop.py", "one")
    first.publish("dags", message="shop")
    ours, theirs = branch_in(tmp_path / "ours", bare), branch_in(tmp_path / "theirs", bare)
    write(theirs, "dags/deployments/2.json", "theirs")
    theirs.publish("dags", message="theirs")
    write(ours, "dags/deployments/2.json", "ours")
    with pytest.raises(DeployError) as caught:
        ours.publish("dags", message="ours")
    assert caught.value.code == "ALOFT-921"
    assert git(bare, "show", "main:dags/deployments/2.json") == "theirs"
    ours.refresh()
    write(ours, "dags/deployments/3.json", "ours")
    assert ours.publish("dags", message="ours")


def test_two_first_deploys_at_once_are_two_deploys_too(tmp_path: Path, bare: Path) -> None:
    ours, theirs = branch_in(tmp_path / "ours", bare), branch_in(tmp_path / "theirs", bare)
    write(theirs, "dags/shop.py", "theirs")
    theirs.publish("dags", message="theirs")
    write(ours, "dags/shop.py", "ours")
    with pytest.raises(DeployError) as caught:
        ours.publish("dags", message="ours")
    assert caught.value.code == "ALOFT-921"


def test_a_refused_push_says_what_the_repository_said(tmp_path: Path, bare: Path) -> None:
    hook = bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    branch = branch_in(tmp_path / "copy", bare)
    write(branch, "dags/shop.py", "one")
    with pytest.raises(DeployError, match="refuses") as caught:
        branch.publish("dags", message="shop")
    assert caught.value.code == "ALOFT-922"
    assert "main is protected" in caught.value.seen


def test_a_repository_that_is_not_there_is_an_error_without_login(tmp_path: Path) -> None:
    branch = Branch(remote=f"file://user:token@{tmp_path}/none.git", name="main", folder=tmp_path / "copy")
    with pytest.raises(DeployError) as caught:
        branch.refresh()
    assert caught.value.code == "ALOFT-923"
    assert "token" not in str(caught.value)


def test_a_branch_that_was_deleted_begins_anew(tmp_path: Path, bare: Path) -> None:
    branch = branch_in(tmp_path / "copy", bare, "deploys")
    write(branch, "dags/shop.py", "one")
    branch.publish("dags", message="shop")
    git(bare, "branch", "-D", "deploys")
    branch.refresh()
    assert not (branch.folder / "dags").exists()
    write(branch, "dags/new.py", "two")
    branch.publish("dags", message="shop")
    assert files(bare, "deploys") == ["dags/new.py"]


def test_another_address_gets_a_new_copy(tmp_path: Path, bare: Path) -> None:
    branch_in(tmp_path / "copy", bare)
    other = tmp_path / "other.git"
    other.mkdir()
    git(other, "init", "--quiet", "--bare", "--initial-branch=main")
    branch = branch_in(tmp_path / "copy", other)
    write(branch, "dags/shop.py", "one")
    branch.publish("dags", message="shop")
    assert files(other) == ["dags/shop.py"]
