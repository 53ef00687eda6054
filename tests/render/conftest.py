"""Fixtures of the room's tests: golden files, and what a real Airflow makes of rendered ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.commands import program

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(scope="session")
def regenerate(pytestconfig: pytest.Config) -> bool:
    """Whether golden files are rewritten instead of compared; never on a CI machine, where nobody would read them."""
    wanted = bool(pytestconfig.getoption("--regenerate-golden"))
    if wanted and os.environ.get("CI"):
        pytest.exit("golden files are never regenerated in CI: run it on your machine, and read what changed", 4)
    return wanted


@pytest.fixture(scope="module")
def golden_dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAGs of all golden files as the installed Airflow loads them, by id, far from any Kedro project."""
    from support.airflow import load_dags

    folder = tmp_path_factory.mktemp("dags")
    for path in sorted(GOLDEN.glob("*.py")):
        shutil.copy(path, folder)
    dags, errors = load_dags(folder)
    assert not errors, errors
    return dict(dags)


@pytest.fixture(scope="session")
def complaints() -> Callable[..., str]:
    """What the formatter and the linter have against the files of a folder; empty when nothing."""

    def ask(folder: Path, *, lint: bool = True) -> str:
        orders = [["format", "--diff"], *([["check", "--select=F,I,W,E", "--ignore=E501"]] if lint else [])]
        said = [
            subprocess.run(
                [program("ruff"), *words, "--isolated", "--no-cache", "--line-length=100", "."],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            for words in orders
        ]
        return "".join(f"{done.stdout}{done.stderr}" for done in said if done.returncode != 0)

    return ask
