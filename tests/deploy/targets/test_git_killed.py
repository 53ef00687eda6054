"""A deploy to a Git branch that is killed has published nothing or all; the next one repairs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deploy.deliveries import bare_repository
from support.commands import run_python

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import ProjectBuilder

_KILL = """
import json, os, signal, subprocess, sys
from pathlib import Path

from kedro_aloft.compiler import Order, compile_project
from kedro_aloft.deploy.kinds import find_target
from kedro_aloft.deploy.publish import plan_deploy
from kedro_aloft.deploy.steps import apply_steps
from kedro_aloft.project import open_project

bare, version = sys.argv[1], Path(sys.argv[2])
project = open_project(env=None, conf_source=None)
compiled = tuple(compile_project(project, Order()))
raw = {"targets": {"there": {"kind": "git", "repository": bare}}}


def plan(text):
    version.write_text(f"VERSION = {text!r}\\n")
    return plan_deploy(find_target("there", raw=raw, source="", project=project.path), project, compiled)


def deploy(text, killed_at=None):
    child = os.fork()
    if not child:
        count = iter(range(1000))
        def before(step):
            if next(count) == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
        apply_steps(plan(text).steps, before=before)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def tree():
    return subprocess.run(["git", "rev-parse", "main^{tree}"], cwd=bare, capture_output=True, text=True).stdout.strip()


assert deploy("0") == 0
found = []
for number, step in enumerate(plan("never").steps):
    old = tree()
    status = deploy(f"{number} a", killed_at=number)
    between = tree()
    repaired = deploy(f"{number} b")
    found.append({
        "step": step.name, "killed": os.WTERMSIG(status), "is_old": between == old,
        "repaired": repaired == 0 and tree() not in (old, between),
    })
print(json.dumps(found))
"""


def test_killed_before_each_of_its_steps_nothing_or_all_is_published(builder: ProjectBuilder, tmp_path: Path) -> None:
    project = (
        builder.functions("from .version import VERSION\ndef one(): return VERSION")
        .pipeline("__default__", "node(one, None, 'x', name='a')")
        .file("src/{package}/version.py", "VERSION = 'a'\n")
        .build()
    )
    project.write("requirements.txt", "kedro\n")
    bare = bare_repository(tmp_path / "remote" / "dags.git")
    version = project.path / f"src/{project.package}/version.py"
    results = json.loads(run_python(_KILL, bare, version, cwd=project.path).ok().out.splitlines()[-1])
    assert {one["killed"] for one in results} == {9}
    assert all(one["repaired"] for one in results)
    names = [one["step"] for one in results]
    assert names.index("push") > 5
    assert [one["step"] for one in results if one["is_old"]] == names[: names.index("push") + 1]
