"""Datasets in memory cross from task to task as Kedro would keep them within a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Worker
    from support.projects import Project, ProjectBuilder

CHAIN = "node(make, None, 'data', name='make'), node(use, 'data', 'out', name='use')"


def chain(builder: ProjectBuilder, functions: str, catalog: str = "") -> Project:
    """A project of two nodes: `make` gives `data` to `use`, which returns text that is kept."""
    builder.functions(functions).pipeline("__default__", CHAIN).catalog(
        "out: {type: text.TextDataset, filepath: data/out}"
    )
    return (builder.catalog(catalog) if catalog else builder).build()


def run(worker: Worker, project: Project) -> str:
    """Run both nodes in tasks of their own; return what `use` returned."""
    worker.task(project, "make", gives=["data"]).ok()
    worker.task(project, "use", takes=["data"]).ok()
    return (project.path / "data/out").read_text(encoding="utf-8")


def test_a_dataset_that_no_catalog_names_crosses(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, "def make(): return {'a': (1, {2})}\ndef use(data): return repr(data)")
    assert run(worker, project) == "{'a': (1, {2})}"


def test_functions_made_on_the_fly_cross(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, "def make(): n = 40; return lambda x: x + n\ndef use(data): return str(data(2))")
    assert run(worker, project) == "42"


def test_objects_of_the_projects_own_classes_cross(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(
        builder,
        """
        class Model:
            def __init__(self, n): self.n = n

        def make(): return Model(3)
        def use(data): return f"{type(data) is Model} {data.n}"
        """,
    )
    assert run(worker, project) == "True 3"


def test_what_cannot_be_pickled_names_node_dataset_and_what_to_do(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, "def make(): yield_ = (n for n in [1]); return [yield_]\ndef use(data): return ''")
    failure = worker.task(project, "make", gives=["data"]).failure()
    assert failure.type == "kedro_aloft.errors.HandoffError"
    assert failure.node == "make"
    assert failure.deterministic
    assert "Dataset 'data' cannot be handed over to another task. A builtins.list cannot be pickled." in failure.message
    assert (
        "add a catalog entry for 'data', keep the nodes that use it in one task (`group_by: memory`)" in failure.message
    )
    assert list(project.handoff.rglob("*.handoff")) == []


def test_none_is_refused_as_kedro_refuses_it(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, "def make(): return None\ndef use(data): return ''")
    failure = worker.task(project, "make", gives=["data"]).failure()
    assert failure.message.endswith("Saving 'None' to a 'Dataset' is not allowed")
    assert (failure.type, failure.node) == ("kedro.io.core.DatasetError", "make")


def test_a_dataset_that_was_never_handed_over_is_an_error_that_says_where(
    worker: Worker, builder: ProjectBuilder
) -> None:
    project = chain(builder, "def make(): return 1\ndef use(data): return ''")
    failure = worker.task(project, "use", takes=["data"]).failure()
    assert "Dataset 'data' is not in the handoff store." in failure.message
    assert str(project.handoff) in failure.message
    assert failure.deterministic


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_is_a_clear_error(worker: Worker, builder: ProjectBuilder, damage: str) -> None:
    project = chain(builder, "def make(): return list(range(9999))\ndef use(data): return str(len(data))")
    worker.task(project, "make", gives=["data"]).ok()
    (path,) = project.handoff.rglob("data.handoff")
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content[:-10] if damage == "cut" else content)
    failure = worker.task(project, "use", takes=["data"]).failure()
    assert failure.type == "kedro_aloft.errors.HandoffError"
    assert "The handed-over file 'data.handoff' cannot be read" in failure.message
    assert "clear the task that writes it" in failure.message
    worker.task(project, "make", gives=["data"]).ok()
    worker.task(project, "use", takes=["data"]).ok()


COPIES = """
    def make(): return [1]

    def change(data): data.append(2); return len(data)

    def use(data, changed): return repr(data)
"""


@pytest.mark.parametrize(("mode", "seen"), [("deepcopy", "[1]"), ("assign", "[1, 2]"), (None, "[1]")])
def test_copy_modes_hold_within_a_task_as_in_kedro_run(
    worker: Worker, builder: ProjectBuilder, mode: str | None, seen: str
) -> None:
    project = (
        builder.functions(COPIES)
        .pipeline(
            "__default__",
            "node(make, None, 'data', name='make'), node(change, 'data', 'changed', name='change'),"
            "node(use, ['data', 'changed'], 'out', name='use')",
        )
        .catalog("out: {type: text.TextDataset, filepath: data/out}")
        .catalog(
            json.dumps({"data": {"type": "MemoryDataset", "copy_mode": mode}})[1:-1]
            if mode
            else "x: {type: MemoryDataset}"
        )
        .build()
    )
    worker.task(project, "make", "change", "use", gives=["data"]).ok()
    ours = (project.path / "data/out").read_text()
    assert worker.kedro(project, "run").code == 0
    assert (project.path / "data/out").read_text() == ours == seen


def test_a_dataset_with_a_file_of_its_own_does_not_go_through_the_store(
    worker: Worker, builder: ProjectBuilder
) -> None:
    project = chain(
        builder,
        "def make(): return 'x'\ndef use(data): return data",
        "data: {type: text.TextDataset, filepath: data/data}",
    )
    assert run(worker, project) == "x"
    assert not project.handoff.exists()


def test_a_cached_dataset_with_a_file_reaches_another_task_by_its_file(worker: Worker, builder: ProjectBuilder) -> None:
    entry = "data: {type: CachedDataset, dataset: {type: text.TextDataset, filepath: data/data}}"
    project = chain(builder, "def make(): return 'x'\ndef use(data): return data", entry)
    assert run(worker, project) == "x"
    assert not project.handoff.exists()


def test_only_what_others_need_is_written(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, "def make(): return 1\ndef use(data): return str(data)")
    worker.task(project, "make", "use").ok()
    assert not any(project.handoff.iterdir())


def test_a_retry_hands_over_anew(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(
        builder,
        "def make(): note('x'); return len((PROJECT / 'notes.txt').read_text())\ndef use(data): return str(data)",
    )
    worker.task(project, "make", gives=["data"]).ok()
    worker.task(project, "make", gives=["data"], try_number=2).ok()
    worker.task(project, "use", takes=["data"]).ok()
    assert (project.path / "data/out").read_text() == "4"


def test_concurrent_runs_never_read_each_others_data(worker: Worker, builder: ProjectBuilder) -> None:
    builder.functions("def make(name): return name\ndef use(data): note(data); return data")
    builder.pipeline("__default__", CHAIN.replace("None", "'params:name'"))
    project = builder.build()
    runs = ("one", "two")
    for name in runs:
        worker.task(project, "make", gives=["data"], run_id=name, runtime_params={"name": name}).ok()
    for name in runs:
        worker.task(project, "use", takes=["data"], run_id=name).ok()
    assert project.notes() == ["one", "two"]


@pytest.mark.parametrize("kind", ["file", "absolute"])
def test_the_store_may_be_anywhere(worker: Worker, builder: ProjectBuilder, kind: str) -> None:
    project = chain(builder, "def make(): return 7\ndef use(data): return str(data)")
    place = project.path.parent / "elsewhere"
    uri = f"file://{place}" if kind == "file" else str(place)
    worker.task(project, "make", gives=["data"], handoff_uri=uri).ok()
    worker.task(project, "use", takes=["data"], handoff_uri=uri).ok()
    assert (project.path / "data/out").read_text() == "7"
    assert [path.name for path in place.rglob("*.handoff")] == ["data.handoff"]


def test_hooks_see_every_load_and_save_of_a_dataset_that_crosses(worker: Worker, builder: ProjectBuilder) -> None:
    builder.hooks(
        f"""
        from kedro.framework.hooks import hook_impl
        from {builder.package}.functions import note

        class ProjectHooks:
            @hook_impl
            def after_dataset_saved(self, dataset_name, data): note(f"saved {{dataset_name}} {{data}}")

            @hook_impl
            def after_dataset_loaded(self, dataset_name, data): note(f"loaded {{dataset_name}} {{data}}")
        """
    )
    project = chain(builder, "def make(): return 1\ndef use(data): return str(data)")
    run(worker, project)
    assert project.notes() == ["saved data 1", "loaded data 1", "saved out 1"]
