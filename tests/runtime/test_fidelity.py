"""The law of fidelity: tasks of any cut leave what `kedro run` leaves, and run every node once."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.commands import run_python
from support.projects import Project, ProjectBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Ran, Worker

VERSION = re.compile(r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{3}Z(-[0-9a-f]{8})?")

FUNCTIONS = """
    import json

    import pandas as pd

    def make(size, seed):
        note("make")
        frame = pd.DataFrame({"id": range(size), "part": [n % 3 for n in range(size)]})
        frame["value"] = frame["id"] * seed / 7
        return frame

    def as_model(frame):
        note("as_model")
        return {"mean": frame["value"].mean(), "apply": [1, 2, {"deep": frame["id"].sum().item()}]}

    def save_version(model):
        note("save_version")
        return model

    def use_version(model, size):
        note("use_version")
        return {**model, "size": size}

    def split(frame):
        note("split")
        return {f"part_{part}": rows for part, rows in frame.groupby("part")}

    def join(parts):
        note("join")
        return pd.concat([parts[name]() for name in sorted(parts)])

    def as_text(joined):
        note("as_text")
        return joined

    def read_text(text):
        note("read_text")
        return str(len(text)) + text[:40]

    def pieces(size):
        note("pieces")
        for n in range(size):
            yield f"{n}\\n"

    def upper(text):
        note("upper")
        return text.upper()

    def everything(parameters, model, secret):
        note("everything")
        return json.dumps([parameters, model["mean"], secret], sort_keys=True)

    def secret():
        note("secret")
        return "x"
"""

NODES = """
    node(make, ["params:size", "params:model.seed"], "frame", name="make"),
    node(as_model, "frame", "model", name="as_model"),
    node(save_version, "model", "kept", name="save_version"),
    node(use_version, ["kept", "params:size"], "used", name="use_version"),
    node(split, "frame", "parts", name="split"),
    node(join, "parts", "joined", name="join"),
    node(as_text, "joined", "table@pandas", name="as_text"),
    node(read_text, "table@text", "short_txt", name="read_text"),
    node(pieces, "params:size", "stream", name="pieces"),
    node(everything, ["parameters", "model", "hidden"], "all_txt", name="everything"),
    node(secret, None, "hidden", name="secret"),
    *pipeline([node(upper, "text", "big_txt", name="upper")], namespace="loud", inputs={"text": "short_txt"}).nodes,
"""

CATALOG = """
    kept:
      type: pickle.PickleDataset
      filepath: data/kept.pkl
      versioned: true
    used:
      type: json.JSONDataset
      filepath: ${globals:folder}/used.json
    parts:
      type: partitions.PartitionedDataset
      path: data/parts
      dataset: {type: pandas.CSVDataset, save_args: {index: false}}
      filename_suffix: .csv
    table@pandas:
      type: pandas.CSVDataset
      filepath: data/table.csv
    table@text:
      type: text.TextDataset
      filepath: data/table.csv
    stream:
      type: text.TextDataset
      filepath: data/stream.txt
      fs_args: {open_args_save: {mode: a}}
    frame:
      type: MemoryDataset
      copy_mode: assign
    hidden:
      type: CachedDataset
      versioned: true
      dataset:
        type: text.TextDataset
        filepath: data/hidden.txt
        credentials: place
    "{name}_txt":
      type: text.TextDataset
      filepath: data/{name}.txt
"""

ORDER = ("make", "as_model", "save_version", "use_version", "split", "join", "as_text", "read_text", "loud.upper")
OTHERS = ("secret", "everything", "pieces")
MEMORY = ["frame", "model", "joined"]
VERSIONED = ["kept", "hidden"]
CACHED = """hidden:
  type: CachedDataset
  versioned: true
  dataset:
    type: text.TextDataset
    filepath: data/hidden.txt
    credentials: place
"""
NO_CACHE = (CACHED, "hidden: {type: text.TextDataset, filepath: data/hidden.txt, versioned: true}\n")


@pytest.fixture
def everything(builder: ProjectBuilder) -> Project:
    return (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .catalog(CATALOG)
        .parameters(size=10, model={"seed": 3, "name": "tree"})
        .file("conf/base/globals.yml", "folder: data/deep/er")
        .file("conf/local/credentials.yml", "place: {skip_instance_cache: true}")
        .build()
    )


def twin(project: Project) -> Project:
    """Return a copy of a project that lies elsewhere."""
    path = project.path.with_name("twin") / project.path.name
    shutil.copytree(project.path, path)
    return Project(path, project.package)


def left_behind(project: Project) -> dict[str, Any]:
    """Return what nodes wrote: paths with versions made equal, and content."""
    data = project.path / "data"
    files = {VERSION.sub("VERSION", str(path.relative_to(data))): path for path in data.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in sorted(files.items())}


def run_cut(worker: Worker, project: Project, tasks: Sequence[Sequence[str]], **fields: Any) -> list[Ran]:
    """Run tasks one after the other; all may hand all memory datasets over."""
    return [
        worker.task(project, *nodes, gives=MEMORY, takes=MEMORY, pinned=VERSIONED, versioned=VERSIONED, **fields)
        for nodes in tasks
    ]


CUTS = {
    "every node alone": [[name] for name in (*ORDER, *OTHERS)],
    "all in one": [[*ORDER, *OTHERS]],
    "in three": [
        ["make", "pieces"],
        ["as_model", "split", "join", "secret"],
        ["save_version", "use_version", *ORDER[6:], "everything"],
    ],
}


@pytest.mark.parametrize("cut", CUTS)
def test_every_cut_leaves_what_kedro_run_leaves(worker: Worker, everything: Project, cut: str) -> None:
    reference = twin(everything)
    done = worker.kedro(reference, "run")
    assert done.code == 0, done.text
    for ran in run_cut(worker, everything, CUTS[cut]):
        ran.ok()
    assert left_behind(everything) == left_behind(reference)
    assert len(left_behind(reference)) == 11
    assert (
        sorted(everything.notes())
        == sorted(reference.notes())
        == sorted(name.removeprefix("loud.") for name in (*ORDER, *OTHERS))
    )


@pytest.mark.parametrize("runner", ["ThreadRunner", "ParallelRunner"])
def test_other_runners_leave_the_same(worker: Worker, everything: Project, runner: str) -> None:
    catalog = (everything.path / "conf/base/catalog.yml").read_text(encoding="utf-8")
    everything.write("conf/base/catalog.yml", catalog.replace(*NO_CACHE))  # Kedro caches in one process only
    reference = twin(everything)
    assert worker.kedro(reference, "run").code == 0
    for ran in run_cut(worker, everything, CUTS["in three"], runner=runner):
        ran.ok()
    assert left_behind(everything) == left_behind(reference)


def test_all_tasks_of_a_run_save_under_the_same_version(worker: Worker, everything: Project) -> None:
    for ran in run_cut(worker, everything, CUTS["in three"]):
        ran.ok()
    versions = [
        sorted(path.name for path in (everything.path / "data" / name).iterdir()) for name in ("kept.pkl", "hidden.txt")
    ]
    assert versions == [["2026-01-02T03.04.05.678Z-0123abcd"]] * 2


def test_a_task_runs_its_own_nodes_and_no_others(worker: Worker, everything: Project) -> None:
    report = worker.task(everything, "make", "pieces", gives=["frame"]).ok()
    assert everything.notes() == ["make", "pieces"]
    assert [node.name for node in report.nodes] == ["make", "pieces"]


NAMED = ["-", "--help", "query.sql", "ünï", "a" * 300, "__default__", "_", "parameters", "None"]
UNNAMED = ["a,b", "{{ ds }}", "[x, y]", "<lambda>", "🙂 'q\"uoted'", "params:x.json"]
PREFIX = """
    def keep(name): note(name); return name

    def called(name):
        function = lambda *_: keep(name)
        function.__name__ = name
        return function
"""


def test_nodes_of_any_name_run_alone(worker: Worker, builder: ProjectBuilder) -> None:
    nodes = ", ".join(f"node(partial(keep, {name!r}), None, 'out_{n}', name={name!r})" for n, name in enumerate(NAMED))
    project = builder.functions(PREFIX).pipeline("__default__", nodes).build()
    for name in NAMED:
        worker.task(project, name).ok()
    assert project.notes() == NAMED


def test_unnamed_nodes_run_by_the_name_that_kedro_gives_them(worker: Worker, builder: ProjectBuilder) -> None:
    nodes = "node(partial(keep, 'one'), None, 'a'), " + ", ".join(
        f"node(called({name!r}), 'a', 'out_{n}')" for n, name in enumerate(UNNAMED)
    )
    project = builder.functions(PREFIX).pipeline("__default__", nodes).build()
    names = given_names(project)
    first = next(name for name in names if name.startswith("partial("))
    worker.task(project, first, gives=["a"]).ok()
    for name in names:
        if name != first:
            worker.task(project, name, takes=["a"]).ok()
    assert sorted(project.notes()) == sorted(["one", *UNNAMED])


def given_names(project: Project) -> list[str]:
    """Return the names that Kedro gives to the nodes of the default pipeline."""
    code = (
        "import json, sys; from pathlib import Path; from kedro.framework.startup import bootstrap_project;"
        "bootstrap_project(Path.cwd()); from kedro.framework.project import pipelines;"
        "print(json.dumps([node.name for node in pipelines['__default__'].nodes]))"
    )
    names: list[str] = json.loads(run_python(code, cwd=project.path).ok().out.splitlines()[-1])
    return names


COMPOSED = """
    from kedro.framework.project import find_pipelines
    from kedro.pipeline import Pipeline

    def register_pipelines():
        pipelines = find_pipelines()
        pipelines["both"] = pipelines["first"] + pipelines["second"]
        pipelines["__default__"] = sum(pipelines.values(), Pipeline([]))
        return pipelines
"""


def composed(builder: ProjectBuilder) -> Project:
    """A project whose registry composes a pipeline from the keys that `find_pipelines` gave."""
    for name, inputs, output in (("first", None, "a"), ("second", "a", "b")):
        builder.file(
            f"src/{builder.package}/pipelines/{name}/__init__.py",
            "from kedro.pipeline import Pipeline, node\n"
            f"from {builder.package}.functions import step\n"
            f"def create_pipeline(**_): return Pipeline([node(step, {inputs!r}, {output!r}, name={name!r})])\n",
        )
    builder.file(f"src/{builder.package}/pipelines/__init__.py", "")
    return builder.functions("def step(*_): note('step'); return 1").registry(COMPOSED).build()


def test_registries_that_compose_pipelines_from_others_work(worker: Worker, builder: ProjectBuilder) -> None:
    project = composed(builder)
    worker.task(project, "first", pipeline="both", selective=False, gives=["a"]).ok()
    worker.task(project, "second", pipeline="both", selective=False, takes=["a"]).ok()
    assert project.notes() == ["step", "step"]


def test_a_selective_task_does_not_load_other_pipelines(worker: Worker, builder: ProjectBuilder) -> None:
    project = composed(builder)
    project.write(f"src/{project.package}/pipelines/second/__init__.py", "raise RuntimeError('loaded')\n")
    project.write(
        f"src/{project.package}/pipeline_registry.py",
        "from kedro.framework.project import find_pipelines\n"
        "def register_pipelines(): return find_pipelines(raise_errors=True)\n",
    )
    ran = worker.task(project, "first", pipeline="first")
    if "find_pipelines" in ran.text and ran.report is not None and ran.report.failure is not None:
        pytest.skip("this Kedro has no selective loading")
    ran.ok()


@pytest.mark.parametrize("name", ["config.json", "sub/config.json"])
def test_tasks_run_in_the_project_since_kedro_leaves_some_paths_relative(
    worker: Worker, builder: ProjectBuilder, name: str
) -> None:
    project = (
        builder.functions(f"from pathlib import Path\ndef read(): return Path({name!r}).read_text()")
        .pipeline("__default__", "node(read, None, 'out', name='read')")
        .pickles("out")
        .file(name, "here")
        .build()
    )
    worker.task(project, "read").ok()
    assert project.pickled("out").strip() == "here"


def test_a_relative_path_inside_a_nested_dataset_means_the_project(worker: Worker, builder: ProjectBuilder) -> None:
    project = (
        builder.functions("def parts(): return {'a': 'x', 'b': 'y'}")
        .pipeline("__default__", "node(parts, None, 'out', name='parts')")
        .catalog("out: {type: partitions.PartitionedDataset, path: data/out, dataset: text.TextDataset}")
        .build()
    )
    worker.task(project, "parts").ok()
    assert sorted(path.name for path in Path(project.path, "data/out").iterdir()) == ["a", "b"]
