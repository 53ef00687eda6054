"""A task that failed goes on where it failed: in processes of their own, with a real store."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Ran, Worker
    from support.projects import Project, ProjectBuilder

CHAIN = [f"n{number}" for number in range(1, 13)]
"""Each adds its name to what the one before made; `fails` in the environment names one that fails once."""

STEP = """
    import pathlib, signal, threading
    import pandas

    def fail_once(name):
        if os.environ.get("FAILS") == name:
            raise RuntimeError(f"{name} fails")
        if os.environ.get("KILLED") == name:
            os.kill(os.getpid(), signal.SIGKILL)

    def step(name, function):
        def run(*data):
            note(name)
            made = function(*data)
            fail_once(name)
            return made
        run.__name__ = name
        return run
"""


def chain(builder: ProjectBuilder, *, kept: tuple[str, ...] = ("d12",)) -> Project:
    functions = "\n".join(f"    {name} = step('{name}', lambda *x: [*sum(x, []), '{name}'])" for name in CHAIN)
    inputs = ["None", *(f"'d{number}'" for number in range(1, 12))]
    nodes = ", ".join(
        f"node({name}, {before}, 'd{number}', name='{name}')"
        for number, (name, before) in enumerate(zip(CHAIN, inputs, strict=True), start=1)
    )
    builder.functions(STEP + functions).pipeline("__default__", nodes).parameters(x=1)
    return builder.pickles(*kept).build()


def run(worker: Worker, project: Project, *nodes: str, env: dict[str, str] | None = None, **fields: Any) -> Ran:
    return worker.task(project, *(nodes or CHAIN), env_vars=env, task_id="all", **fields)


def ran(project: Project) -> list[str]:
    """Nodes that ran since the last question."""
    names = project.notes()
    (project.path / "notes.txt").unlink(missing_ok=True)
    return names


def states(done: Ran) -> dict[str, str]:
    assert done.report is not None, done.text
    return {node.name: node.state for node in done.report.nodes}


def test_node_9_of_12_fails_once(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder)
    run(worker, project, env={"FAILS": "n9"}).failure()
    assert ran(project) == CHAIN[:9]
    retry = run(worker, project, try_number=2)
    retry.ok()
    assert ran(project) == CHAIN[8:]
    assert project.pickled("d12") == CHAIN
    assert states(retry) == {**dict.fromkeys(CHAIN[:8], "kept"), **dict.fromkeys(CHAIN[8:], "success")}
    assert "8 of 12 nodes are done" in retry.text
    assert not (project.handoff / project.package).exists(), "nothing is left when all is well"


def test_a_task_that_does_well_at_once_leaves_nothing(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder)
    run(worker, project).ok()
    assert not (project.handoff / project.package).exists()


def test_a_task_fails_again_and_again(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder)
    for number, node in enumerate(("n3", "n3", "n7", "n12"), start=1):
        run(worker, project, env={"FAILS": node}, try_number=number).failure()
    run(worker, project, try_number=5).ok()
    assert ran(project) == [*CHAIN[:3], "n3", *CHAIN[2:7], *CHAIN[6:12], "n12"]
    assert project.pickled("d12") == CHAIN


def test_a_remote_store_has_what_is_needed_and_is_left_empty(worker: Worker, builder: ProjectBuilder) -> None:
    """A URI with a protocol is served by fsspec, without renames and links: as an object store is."""
    project = chain(builder)
    store = project.path / "store"
    run(worker, project, env={"FAILS": "n9"}, handoff_uri=f"file://{store}").failure()
    assert {file.name for file in store.rglob("*") if file.is_file()} >= {"resume.jsonl", "d8.handoff"}
    retry = run(worker, project, env={"FAILS": "n11"}, try_number=2, handoff_uri=f"file://{store}")
    retry.failure()
    run(worker, project, try_number=3, handoff_uri=f"file://{store}").ok()
    assert ran(project) == [*CHAIN[:9], *CHAIN[8:11], *CHAIN[10:]]
    assert project.pickled("d12") == CHAIN
    assert not [file for file in store.rglob("*") if file.is_file()]


def test_a_remote_store_that_a_killed_task_has_not_written_yet_means_all(
    worker: Worker, builder: ProjectBuilder
) -> None:
    project = chain(builder, kept=("d4", "d12"))
    uri = f"file://{project.path / 'store'}"
    assert run(worker, project, env={"KILLED": "n9"}, handoff_uri=uri).report is None
    ran(project)
    retry = run(worker, project, try_number=2, handoff_uri=uri)
    retry.ok()
    assert ran(project) == CHAIN
    assert project.pickled("d12") == CHAIN
    assert "no earlier try has left" in retry.text


@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner"])
def test_a_killed_task_uses_what_is_persisted(worker: Worker, builder: ProjectBuilder, runner: str) -> None:
    project = chain(builder, kept=("d4", "d12"))
    killed = run(worker, project, env={"KILLED": "n9"}, runner=runner)
    assert killed.report is None
    assert ran(project) == CHAIN[:9]
    run(worker, project, try_number=2, runner=runner).ok()
    assert ran(project) == CHAIN[4:]
    assert project.pickled("d12") == CHAIN


def test_a_kill_while_it_makes_things_again(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, kept=("d4", "d12"))
    run(worker, project, env={"FAILS": "n9"}).failure()
    run(worker, project, env={"KILLED": "n11"}, try_number=2)
    ran(project)
    run(worker, project, try_number=3).ok()
    assert ran(project) == CHAIN[8:], "what the first try wrote down is still good"
    assert project.pickled("d12") == CHAIN


def test_a_task_that_was_killed_when_all_was_done_runs_nothing(worker: Worker, builder: ProjectBuilder) -> None:
    hooks = """
        from kedro.framework.hooks import hook_impl

        class ProjectHooks:
            @hook_impl
            def after_pipeline_run(self):
                import os, signal
                if os.environ.get("KILLED"): os.kill(os.getpid(), signal.SIGKILL)
    """
    project = chain(builder.hooks(hooks))
    run(worker, project, env={"KILLED": "at the end"})
    assert ran(project) == CHAIN
    run(worker, project, try_number=2).ok()
    assert ran(project) == []


# --- what voids it


def _edit_code(project: Project) -> dict[str, Any]:
    file = project.path / "src" / project.package / "functions.py"
    file.write_text(file.read_text() + "\nCHANGED = 1\n")
    return {}


def _edit_catalog(project: Project) -> dict[str, Any]:
    file = project.path / "conf/base/catalog.yml"
    file.write_text(file.read_text().replace("data/d4.pkl", "data/d4_other.pkl"))
    return {}


CHANGES: dict[str, Any] = {
    "code": _edit_code,
    "catalog": _edit_catalog,
    "runtime-params": lambda _project: {"runtime_params": {"y": 2}},
    "setting": lambda _project: {"resume": False},
    "cleared": lambda _project: {"clear_number": 1, "rerun": tuple(CHAIN)},
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_after_a_change_all_nodes_run(worker: Worker, builder: ProjectBuilder, change: str) -> None:
    project = chain(builder, kept=("d4", "d12"))
    run(worker, project, env={"FAILS": "n9"}).failure()
    fields = CHANGES[change](project)
    ran(project)
    run(worker, project, try_number=2, **fields).ok()
    assert ran(project) == CHAIN


def test_a_parameter_of_its_nodes_counts_and_another_does_not(worker: Worker, builder: ProjectBuilder) -> None:
    functions = "\n".join(f"    {name} = step('{name}', lambda x, y=0: x + y)" for name in "ab")
    nodes = "node(a, 'params:x', 'A', name='a'), node(b, ['A', 'params:y'], 'B', name='b')"
    project = builder.functions(STEP + functions).pipeline("__default__", nodes).parameters(x=1, y=1, z=1).build()
    parameters = project.path / "conf/base/parameters.yml"
    run(worker, project, "a", "b", env={"FAILS": "b"}).failure()
    parameters.write_text(json.dumps({"x": 1, "y": 1, "z": 2}))
    run(worker, project, "a", "b", env={"FAILS": "b"}, try_number=2).failure()
    assert ran(project) == ["a", "b", "b"]
    parameters.write_text(json.dumps({"x": 1, "y": 5, "z": 2}))
    run(worker, project, "a", "b", try_number=3).ok()
    assert ran(project) == ["a", "b"]


# --- clears


def source(builder: ProjectBuilder) -> Project:
    """`raw` comes from a file of elsewhere, `given` from another task."""
    functions = "\n".join(f"    {name} = step('{name}', lambda *x: sum(x, []))" for name in ("first", "a", "b"))
    nodes = (
        "node(first, 'raw', 'given', name='first'),"
        "node(a, ['raw', 'given'], 'A', name='a'), node(b, 'A', 'B', name='b')"
    )
    builder.functions(STEP + functions).pipeline("__default__", nodes).parameters(x=1)
    project = builder.catalog("raw: {type: json.JSONDataset, filepath: data/raw.json}").pickles("B").build()
    project.write("data/raw.json", "[1]")
    return project


@pytest.mark.parametrize("changed", ["", "raw", "given"])
def test_a_clear_by_hand_resumes_when_what_it_reads_is_the_same(
    worker: Worker, builder: ProjectBuilder, changed: str
) -> None:
    project = source(builder)
    worker.task(project, "first", gives=["given"]).ok()
    run(worker, project, "a", "b", env={"FAILS": "b"}, takes=["given"]).failure()
    if changed == "raw":
        project.write("data/raw.json", "[1, 2]")
    elif changed == "given":
        worker.task(project, "first", gives=["given"]).ok()
    ran(project)
    run(worker, project, "a", "b", takes=["given"], try_number=2, clear_number=1).ok()
    assert ran(project) == (["a", "b"] if changed else ["b"])
    assert project.pickled("B") == ([1, 2, 1] if changed == "raw" else [1, 1])


def test_a_clear_of_what_did_well_runs_all(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder)
    run(worker, project).ok()
    run(worker, project, try_number=2, clear_number=1).ok()
    assert ran(project) == CHAIN * 2


def test_nodes_that_airflow_names_run_with_what_they_need(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, kept=("d4", "d8", "d12"))
    run(worker, project).ok()
    ran(project)
    done = run(worker, project, try_number=2, clear_number=1, rerun=("n6",))
    done.ok()
    assert ran(project) == ["n5", "n6"]
    assert "n5" in next(line for line in done.text.splitlines() if "Run again" in line)
    assert states(done)["n7"] == "kept"
    # It fails, and Airflow tries again by itself.
    run(worker, project, try_number=3, clear_number=2, rerun=("n6", "n7"), env={"FAILS": "n7"}).failure()
    ran(project)
    run(worker, project, try_number=4, clear_number=2, rerun=("n6", "n7")).ok()
    assert ran(project) == ["n7"]


def test_what_somebody_clears_runs_though_the_try_is_killed_before_it_notes_that(
    worker: Worker, builder: ProjectBuilder
) -> None:
    project = chain(builder, kept=("d4", "d12"))
    run(worker, project, env={"FAILS": "n9"}).failure()
    ran(project)
    # The second try, with clear number 1, never came so far as to leave anything.
    run(worker, project, try_number=3, clear_number=1, rerun=("n6", *CHAIN[8:])).ok()
    assert ran(project) == ["n5", "n6", *CHAIN[8:]]


@pytest.mark.parametrize("edited", [False, True], ids=["the-same-code", "other-code"])
def test_nodes_that_airflow_knows_nothing_of_run_unless_they_are_noted(
    worker: Worker, builder: ProjectBuilder, edited: bool
) -> None:
    project = chain(builder, kept=("d4", "d12"))
    run(worker, project, env={"FAILS": "n9"}).failure()
    ran(project)
    if edited:
        _edit_code(project)
    again = {"rerun": ("n6", *CHAIN[9:]), "doubtful": (*CHAIN[:5], *CHAIN[6:9])}
    run(worker, project, try_number=2, clear_number=1, **again).ok()
    assert ran(project) == (CHAIN if edited else ["n5", "n6", *CHAIN[8:]])


def test_a_try_of_airflows_own_keeps_nothing_that_would_be_another_one(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, kept=("d4", "d12"))
    run(worker, project, env={"FAILS": "n9"}).failure()
    _edit_code(project)
    ran(project)
    run(worker, project, try_number=2, rerun=tuple(CHAIN[8:])).ok()
    assert ran(project) == CHAIN


# --- what cannot be kept


def graph(builder: ProjectBuilder, *, catalog: str = "") -> Project:
    """A lock that cannot be pickled, beside data that can."""
    functions = """
    raw = step("raw", lambda: [1])
    lock = step("lock", lambda raw: threading.Lock())
    table = step("table", lambda raw: pandas.DataFrame({"a": raw}))
    side = step("side", lambda table: table["a"].sum())
    use = step("use", lambda lock, table: [type(lock).__name__, *table["a"]])
    """
    nodes = """
        node(raw, None, "RAW", name="raw"), node(lock, "RAW", "LOCK", name="lock"),
        node(table, "RAW", "TABLE", name="table"), node(side, "TABLE", "SIDE", name="side"),
        node(use, ["LOCK", "TABLE"], "OUT", name="use"),
    """
    builder.functions(STEP + functions).pipeline("__default__", nodes).parameters(x=1).pickles("OUT")
    return builder.catalog("LOCK: {type: MemoryDataset, copy_mode: assign}\n" + textwrap.dedent(catalog)).build()


NODES = ("raw", "lock", "table", "side", "use")


@pytest.mark.parametrize("persisted", [False, True])
def test_what_cannot_be_pickled_is_made_again_by_the_fewest_nodes(
    worker: Worker, builder: ProjectBuilder, persisted: bool
) -> None:
    project = graph(builder, catalog="RAW: {type: json.JSONDataset, filepath: data/raw.json}" if persisted else "")
    failed = run(worker, project, *NODES, env={"FAILS": "use"})
    failed.failure()
    assert "'LOCK' cannot be kept" in failed.text
    ran(project)
    retry = run(worker, project, *NODES, try_number=2)
    retry.ok()
    assert ran(project) == (["lock", "use"] if persisted else ["raw", "lock", "use"])
    assert "Run again" in retry.text
    assert "'LOCK'" in retry.text
    assert project.pickled("OUT") == ["lock", 1]


def test_a_damaged_file_is_made_again(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder)
    run(worker, project, env={"FAILS": "n3"}).failure()
    (file,) = project.handoff.rglob("d2.handoff")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    ran(project)
    run(worker, project, try_number=2).ok()
    assert ran(project) == CHAIN
    assert project.pickled("d12") == CHAIN


def test_a_persisted_dataset_that_is_gone_is_made_again(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder, kept=("d8", "d12"))
    run(worker, project, env={"FAILS": "n9"}).failure()
    (project.path / "data/d8.pkl").unlink()
    ran(project)
    run(worker, project, try_number=2).ok()
    assert ran(project) == CHAIN


def test_versions_of_an_earlier_run_are_never_taken_for_its_own(worker: Worker, builder: ProjectBuilder) -> None:
    functions = "\n".join(f"    {name} = step('{name}', lambda x: [*x, '{name}'])" for name in "abc")
    nodes = "node(a, 'params:x', 'A', name='a'), node(b, 'A', 'B', name='b'), node(c, ['B'], 'C', name='c')"
    catalog = "\n".join(f"{n}: {{type: json.JSONDataset, filepath: data/{n}.json, versioned: true}}" for n in "ABC")
    builder.functions(STEP + functions).pipeline("__default__", nodes).catalog(catalog)
    project = builder.parameters(x=[]).build()
    versions: dict[str, Any] = {"versioned": list("ABC"), "pinned": list("ABC")}
    run(worker, project, "a", "b", "c", version="2025-01-01T00.00.00.000Z-1", run_id="earlier", **versions).ok()
    run(worker, project, "a", "b", "c", env={"FAILS": "b"}, **versions).failure()
    ran(project)
    run(worker, project, "a", "b", "c", try_number=2, env={"FAILS": "c"}, **versions).failure()
    run(worker, project, "a", "b", "c", try_number=3, **versions).ok()
    assert ran(project) == ["b", "c", "c"]
    assert {name: len(list((project.path / f"data/{name}.json").iterdir())) for name in "ABC"} == dict.fromkeys(
        "ABC", 2
    )


def test_generators_run_from_their_start(worker: Worker, builder: ProjectBuilder) -> None:
    functions = """
    head = step("head", lambda: [3])
    def lines(head):
        for number in range(head[0]):
            note(f"line {number}")
            yield [number]
            if number == 1: fail_once("lines")
    tail = step("tail", lambda lines: lines)
    """
    nodes = (
        "node(head, None, 'HEAD', name='head'), node(lines, 'HEAD', 'LINES', name='lines'),"
        "node(tail, 'LINES', 'TAIL', name='tail')"
    )
    builder.functions(STEP + functions).pipeline("__default__", nodes).parameters(x=1)
    project = builder.pickles("LINES", "TAIL").build()
    names = ("head", "lines", "tail")
    run(worker, project, *names, env={"FAILS": "lines"}).failure()
    run(worker, project, *names, try_number=2).ok()
    assert ran(project) == ["head", "line 0", "line 1", "line 0", "line 1", "line 2", "tail"]
    assert project.pickled("TAIL") == [2]


def test_the_parallel_runner_runs_all_again(worker: Worker, builder: ProjectBuilder) -> None:
    functions = """
    def a(): note("a"); return 1
    def b(x):
        note("b")
        fail_once("b")
        return x
    """
    nodes = "node(a, None, 'A', name='a'), node(b, 'A', 'B', name='b')"
    project = builder.functions(STEP + functions).pipeline("__default__", nodes).parameters(x=1).build()
    run(worker, project, "a", "b", runner="ParallelRunner", env={"FAILS": "b"}).failure()
    run(worker, project, "a", "b", runner="ParallelRunner", try_number=2).ok()
    assert ran(project) == ["a", "b", "a", "b"]


def test_transcoded_datasets_count_as_one(worker: Worker, builder: ProjectBuilder) -> None:
    functions = "a = step('a', lambda: 'x')\n    b = step('b', lambda x: x)"
    catalog = (
        "T@one: {type: text.TextDataset, filepath: data/t.txt}\nT@two: {type: text.TextDataset, filepath: data/t.txt}"
    )
    nodes = "node(a, None, 'T@one', name='a'), node(b, 'T@two', 'B', name='b')"
    builder.functions(STEP + "    " + functions).pipeline("__default__", nodes).catalog(catalog)
    project = builder.pickles("B").parameters(x=1).build()
    run(worker, project, "a", "b", env={"FAILS": "b"}).failure()
    run(worker, project, "a", "b", try_number=2).ok()
    assert ran(project) == ["a", "b", "b"]
    (project.path / "data/t.txt").unlink()
    run(worker, project, "a", "b", try_number=3, clear_number=1, rerun=("b",)).ok()
    assert ran(project) == ["a", "b"]


def test_what_others_may_have_written_is_refused(worker: Worker, builder: ProjectBuilder) -> None:
    project = chain(builder)
    run(worker, project, env={"FAILS": "n9"}).failure()
    (place,) = project.handoff.rglob(".tasks/all")
    Path(place).chmod(0o777)
    assert "Somebody else can write" in run(worker, project, try_number=2).failure().message
