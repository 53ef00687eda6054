"""One server per project: started once, gone when idle, replaced when the code is another one."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from support.warm import Warm, alive, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.projects import Project, ProjectBuilder

FUNCTIONS = "def go(x):\n    note('ran old')\n    return x"


def project_of(builder: ProjectBuilder) -> Project:
    """A project of one node."""
    nodes = "node(go, 'params:x', 'y', name='go')"
    return builder.functions(FUNCTIONS).pipeline("__default__", nodes).parameters(x=1).build()


def test_tasks_that_start_at_once_share_one_server(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    tasks = [warm.start(project, "go") for _ in range(4)]
    for task in tasks:
        task.end().ok()
    assert warm.server
    assert project.notes() == ["ran old"] * 4


def test_an_edit_makes_a_new_server(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    warm.run(project, "go").ok()
    old = warm.server
    source = project.path / "src" / project.package / "functions.py"
    source.touch()
    warm.run(project, "go").ok()
    assert warm.server == old
    source.write_text(source.read_text().replace("ran old", "ran newer"))
    warm.run(project, "go").ok()
    assert project.notes() == ["ran old", "ran old", "ran newer"]
    assert warm.server != old
    wait_until(lambda: not alive(old), "the end of the old server")


def test_a_new_module_and_a_removed_one_make_a_new_server(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    servers = []
    extra = project.path / "src" / project.package / "extra.py"
    for change in (lambda: None, lambda: extra.write_text("A = 1\n"), extra.unlink):
        change()
        warm.run(project, "go").ok()
        servers.append(warm.server)
    assert len(set(servers)) == 3


def test_a_file_that_an_import_read_makes_a_new_server(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    data = project.write("extra.txt", "one")
    source = project.path / "src" / project.package / "functions.py"
    source.write_text(
        source.read_text().replace("'ran old'", "WORDS") + "\nWORDS = (PROJECT / 'extra.txt').read_text()\n"
    )
    warm.run(project, "go").ok()
    data.write_text("two")
    warm.run(project, "go").ok()
    assert project.notes() == ["one", "two"]


def test_another_description_of_the_project_makes_a_new_server(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    warm.run(project, "go").ok()
    old, file = warm.server, project.path / "pyproject.toml"
    file.write_text(file.read_text() + "\n")
    warm.run(project, "go").ok()
    assert warm.server != old


def test_configuration_is_read_anew_without_a_new_server(warm: Warm, builder: ProjectBuilder) -> None:
    builder.functions("def go(x):\n    note(x)\n    return x").pickles("y")
    project = builder.pipeline("__default__", "node(go, 'params:x', 'y', name='go')").parameters(x=1).build()
    warm.run(project, "go").ok()
    server = warm.server
    project.write("conf/base/parameters.yml", "x: 2\n")
    warm.run(project, "go").ok()
    project.write("conf/local/parameters.yml", "x: 3\n")
    warm.run(project, "go").ok()
    project.write("conf/base/catalog.yml", "y: {type: pickle.PickleDataset, filepath: data/z.pkl}\n")
    warm.run(project, "go").ok()
    assert project.notes() == ["1", "2", "3", "3"]
    assert project.pickled("z") == 3
    assert warm.server == server


def test_a_server_without_work_ends(tmp_path: Path, builder: ProjectBuilder) -> None:
    (tmp_path / "t").mkdir()
    warm = Warm(tmp_path / "t", idle_s=0.2)
    try:
        project = project_of(builder)
        task = warm.start(project, "go")
        server = wait_until(lambda: warm.servers, "a server")[0]
        task.end().ok()
        wait_until(lambda: not alive(server), "the end of an idle server")
        assert not list(warm.directory.glob("*.sock"))
        warm.run(project, "go").ok()
    finally:
        warm.close()


def test_sockets_may_lie_deep(tmp_path: Path, builder: ProjectBuilder) -> None:
    deep = tmp_path / ("d" * 80) / ("e" * 80)
    deep.mkdir(parents=True)
    warm = Warm(deep)
    try:
        warm.run(project_of(builder), "go").ok()
    finally:
        warm.close()


def test_what_a_crashed_server_left_is_no_obstacle(warm: Warm, builder: ProjectBuilder) -> None:
    project = project_of(builder)
    warm.run(project, "go").ok()
    old = warm.server
    os.kill(old, 9)
    wait_until(lambda: not alive(old), "its end")
    assert list(warm.directory.glob("*.sock"))
    warm.run(project, "go").ok()
    assert warm.server != old


def test_nodes_in_processes_of_their_own(warm: Warm, builder: ProjectBuilder) -> None:
    builder.functions("import logging\ndef go(x):\n    logging.getLogger('far').warning('off'); note(x); return x")
    nodes = "node(go, 'params:x', 'y', name='a'), node(go, 'params:x', 'z', name='b')"
    project = builder.pipeline("__default__", nodes).pickles("y", "z").parameters(x=1).build()
    for mode in ("warm", "fresh"):
        warm.run(project, "a", "b", mode=mode, runner="ParallelRunner").ok()
    assert project.notes() == ["1"] * 4
    warm.run(project, "a", "b", runner="ThreadRunner").ok()


def test_one_pipeline_alone_is_registered_when_the_task_asks_for_it(warm: Warm, builder: ProjectBuilder) -> None:
    builder.functions("def go(x):\n    note(x)\n    return x").registry(f"""
        import logging

        from kedro.pipeline import Pipeline, node
        from {builder.package}.functions import go

        def register_pipelines():
            logging.getLogger("registry").warning("registered")
            one = Pipeline([node(go, "params:x", "y", name="go")])
            return {{"__default__": one, "other": one}}
    """)
    project = builder.parameters(x=1).build()
    assert warm.run(project, "go").ok().err.count("WARNING registry registered") == 1  # told again from the server
    loads_one_alone = tuple(map(int, version("kedro").split(".")[:2])) >= (1, 3)
    times = 2 if loads_one_alone else 1
    assert warm.run(project, "go", pipeline="other").ok().err.count("WARNING registry registered") == times
    assert project.notes() == ["1", "1"]
