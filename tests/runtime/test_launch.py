"""The main file of a Dataproc job, started as Spark starts it: archive on the path of Python, words in arguments."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from kedro_aloft.contract.keys import REPORT_MARK, RUN_VARIABLE, TASK_VARIABLE
from kedro_aloft.images import build_package, write_package
from runtime.test_program import RUN
from support.commands import user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import Project, ProjectBuilder

_FUNCTIONS = """
    import os

    def tell(x): return [2 * x, os.environ["STAGE"], __file__]

    def fail(x): raise ValueError("not today")
"""
_NODES = """
    node(tell, "params:x", "told", name="tell"),
    node(fail, "told", "never", name="fail"),
"""


def build(builder: ProjectBuilder, tmp_path: Path) -> Project:
    catalog = f'told: {{type: json.JSONDataset, filepath: "{tmp_path}/told.json"}}'
    project = builder.functions(_FUNCTIONS).pipeline("__default__", _NODES).catalog(catalog).parameters(x=4)
    return project.file("requirements.txt", "kedro\n").build()


def launch(project: Project, tmp_path: Path, *nodes: str) -> subprocess.CompletedProcess[str]:
    place = write_package(build_package(project.path), str(tmp_path / "artifacts"))
    away = tmp_path / "driver"
    away.mkdir()
    work = {"package": project.package, "pipeline": "__default__", "nodes": list(nodes)}
    words = [f"{TASK_VARIABLE}={json.dumps(work)}", f"{RUN_VARIABLE}={json.dumps(RUN)}", "STAGE=a=b\nc"]
    return subprocess.run(
        [sys.executable, f"{place}/launch.py", *words],
        cwd=away,
        env=user_environment(PYTHONPATH=f"{place}/project.zip"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_job_runs_the_nodes_of_the_project_that_came_with_it(builder: ProjectBuilder, tmp_path: Path) -> None:
    done = launch(build(builder, tmp_path), tmp_path, "tell")
    assert done.returncode == 0, done.stdout + done.stderr
    number, stage, file = json.loads((tmp_path / "told.json").read_text())
    assert (number, stage) == (8, "a=b\nc")
    assert "/project/src/shop" in file
    assert "kedro-aloft-" in file
    report = json.loads(done.stdout.splitlines()[-1].removeprefix(REPORT_MARK))
    assert report["failure"] is None


def test_a_job_whose_node_fails_is_a_failed_job(builder: ProjectBuilder, tmp_path: Path) -> None:
    done = launch(build(builder, tmp_path), tmp_path, "tell", "fail")
    assert done.returncode == 1
    assert "ValueError: not today" in done.stdout
