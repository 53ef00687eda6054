"""Deliveries and targets for tests that need no compiled project."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from kedro_aloft.deploy.kinds import find_target
from kedro_aloft.deploy.steps import Phase, Step, in_order
from kedro_aloft.deploy.target import Delivery, HandsOver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kedro_aloft.deploy.target import Target

CANARY = "canary-7f3b9c"
FILES = {
    "pyproject.toml": "[tool.kedro]\n",
    "requirements.txt": "kedro==1.7.0\n",
    "src/shop/nodes.py": "x = 1\n",
    "conf/base/catalog.yml": "a: {type: x}\n",
    "conf/local/credentials.yml": f"db: {{password: {CANARY}}}\n",
    ".env": f"TOKEN={CANARY}\n",
    ".git/config": CANARY,
    "notebooks/x.ipynb": CANARY,
    ".venv/pyvenv.cfg": CANARY,
}


def write_project(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def delivery(project: Path, **changed: Any) -> Delivery:
    words: dict[str, Any] = {
        "project": project,
        "package": "shop_sales",
        "env": "prod",
        "compiled": (),
        "dag_files": {"shop_dag.py": "# a DAG\n"},
        "release": None,
    }
    return Delivery(**(words | changed))


def target(project: Path, kind: str, **settings: Any) -> Target:
    raw = {"targets": {"there": {"kind": kind, **settings}}}
    return find_target("there", raw=raw, source="airflow.yml", project=project)


def deploy(target: Target, delivery: Delivery) -> list[str]:
    """Do a target's own steps around the DAG files; return what they told."""
    told = []
    handed = target.handover("Deploy shop") if isinstance(target, HandsOver) else ()
    for step in in_order((*target.steps(delivery), _flip(target, delivery), *handed)):
        said = step.apply()
        told += [said] if said else []
    return told


def _flip(target: Target, delivery: Delivery) -> Step:
    def apply() -> None:
        for name, text in delivery.dag_files.items():
            target.dags().write(name, text.encode())

    return Step(phase=Phase.FLIP, name="flip", what="flip", apply=apply)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def stand_in(folder: Path, name: str, *, fails: bool = False) -> Path:
    """Put a program on the path that writes down how it was called; return the file with the calls."""
    folder.mkdir(exist_ok=True)
    calls, program = folder / f"{name}.calls", folder / name
    program.write_text(f'#!/bin/sh\necho "$PWD: $@" >> {calls}\n' + ("echo refused >&2; exit 3\n" if fails else ""))
    program.chmod(0o755)
    return calls


def path_with(folder: Path) -> Mapping[str, str]:
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def bare_repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main"], cwd=folder, check=True)
    return folder
