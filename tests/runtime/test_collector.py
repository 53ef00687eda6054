"""Python's garbage collector rests before the nodes of a new process, and is awake while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.commands import run_python

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Worker
    from support.projects import Project, ProjectBuilder

FUNCTIONS = """
    import gc, weakref

    class Ring:
        def __init__(self): self.itself = self

    def start(x):
        ring = weakref.ref(Ring())
        note(f"awake {gc.isenabled()} frozen {gc.get_freeze_count() > 0}")
        gc.collect()
        note(f"collected {ring() is None}")
        return x

    note(f"import {gc.isenabled()}")
"""


def project_of(builder: ProjectBuilder) -> Project:
    """A project of one node that looks at the collector."""
    nodes = "node(start, 'params:x', 'y', name='start')"
    return builder.functions(FUNCTIONS).pipeline("__default__", nodes).parameters(x=1).build()


def test_it_rests_until_the_nodes_run(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    assert "failed" not in worker.alone(project)
    assert project.notes() == ["import False", "awake True frozen True", "collected True"]


def test_it_stays_awake_where_kedro_was_there_already(worker: Worker, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    worker.task(project, "start").ok()
    assert project.notes() == ["import True", "awake True frozen False", "collected True"]


def test_it_is_not_woken_by_us_alone(tmp_path: Path) -> None:
    code = (
        "import gc; gc.disable()\n"
        "from kedro_aloft.runtime.collector import resting\n"
        "with resting() as wake: wake(); print(gc.isenabled())\n"
        "print(gc.isenabled())"
    )
    assert run_python(code, cwd=tmp_path).ok().out.split() == ["False", "False"]


def test_it_wakes_when_the_nodes_never_come(tmp_path: Path) -> None:
    code = (
        "import gc\n"
        "from kedro_aloft.runtime.collector import resting\n"
        "with resting(): print(gc.isenabled())\n"
        "print(gc.isenabled())"
    )
    assert run_python(code, cwd=tmp_path).ok().out.split() == ["False", "True"]
