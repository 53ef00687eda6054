"""N13, N14, N25 and DESIGN's law of parsing: what the DAG file is, whoever makes it and whoever loads it."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import load_one, serialize
from support.commands import run_python

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

NODES = """
    *[
        node(first, [f"d{n}", f"e{n}", "params:options"], [f"d{n + 1}", f"e{n + 1}"], name=f"n{n}", tags=list("cabd"))
        for n in range(8)
    ],
    pipeline([node(first, ["d3", "e5"], "x", name="a"), node(first, "x", "y", name="b")], namespace="ns.inner",
        inputs={"d3", "e5"}),
"""
FUNCTIONS = "def first(*values): return 1, 2\ndef by_name(a, b): return {'x': a, 'y': b}"


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    """Sets and mappings wherever Kedro has some: tags, inputs, parameters, several pipelines and a factory."""
    return (
        module_builder("generated")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pipeline("other", NODES)
        .pipeline("one_more", "node(by_name, {'b': 'd0', 'a': 'e0'}, {'x': 'd1', 'y': 'e1'}, name='by_name')")
        .pickles("d0", "e0", "d4", "e4", "ns.inner.y")
        .catalog('"{any}8": {type: pickle.PickleDataset, filepath: "data/{any}.pkl", versioned: true}')
        .parameters(options={"z": 1, "a": {"y": [3, 1, 2], "b": None}})
        .airflow_yml(
            """
            default:
              tags: [z, a]
              assets: true
              env_vars: {B: "1", A: "2"}
              runtime_params: {z: 1, a: "{{ ds }}"}
              tasks: [{select: "tag:a", retries: 2}, {select: "namespace:ns", pool: gpu}]
            """
        )
        .build()
    )


def test_the_same_project_gives_the_same_bytes_under_ten_hash_seeds(project: Project) -> None:
    """N13, K23: no order of a set reaches the file or the plan."""
    made = set()
    for seed in range(10):
        folder = project.path / f"seed{seed}"
        environment = {"PYTHONHASHSEED": str(seed)}
        grouping = "--group-by=memory" if seed % 2 else "--group-by=none"
        project.create("--all", grouping, f"--target-dir={folder.name}", env=environment)
        made.add((grouping, tuple(path.read_bytes() for path in sorted(folder.iterdir()))))
    assert len(made) == 2


def test_two_checkouts_in_different_places_give_the_same_bytes(
    module_builder: Callable[[str], ProjectBuilder],
) -> None:
    """N13: no path of the machine is in the file."""
    texts = []
    for _ in range(2):
        builder = module_builder("twin")
        builder.package = "twins"
        made = builder.functions(FUNCTIONS).pipeline("__default__", NODES).parameters(options=1)
        project = made.pickles("d0", "e0", "d8", "e8").build()
        project.create()
        texts.append(project.dag_files[0].read_bytes())
        assert str(project.path).encode() not in texts[-1]
    assert texts[0] == texts[1]


def test_airflow_stores_the_same_dag_at_every_parse(project: Project) -> None:
    """K26: a DAG that differs at each parse would get a new version at each parse."""
    project.create()
    stored = [json.dumps(serialize(load_one(project.dags)), sort_keys=True) for _ in range(2)]
    assert stored[0] == stored[1]


LOAD_UNDER_WATCH = """
import json, logging, runpy, sys

from airflow.sdk import DAG

root = logging.getLogger()
before = [repr(handler) for handler in root.handlers], root.level
first = runpy.run_path(sys.argv[1])
seen = []
sys.addaudithook(lambda event, args: seen.append(f"{event} {args[0]}") if event in WATCHED and sys._watch else None)
WATCHED = {"open", "os.listdir", "os.scandir", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "import"}
source = compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec")
sys._watch = True
scope = {"__name__": "dag_file", "__file__": sys.argv[1]}
exec(source, scope)
sys._watch = False
heavy = ("kedro", "pandas", "numpy", "sklearn", "sqlalchemy.orm.session_of_kedro")
print(json.dumps({
    "heavy": sorted(name for name in sys.modules if name.partition(".")[0] in heavy),
    "handlers_kept": before == ([repr(handler) for handler in root.handlers], root.level),
    "seen": sorted(set(seen)),
    "dags": sum(isinstance(value, DAG) for value in first.values()),
}))
"""


def test_loading_the_file_imports_no_kedro_and_touches_nothing(project: Project, airflow_home: dict[str, str]) -> None:
    """N14, A24: no Kedro, no pandas, the log handlers stay, nothing is read; not even the project need be there."""
    project.create()
    program = LOAD_UNDER_WATCH.replace(
        "import json, logging, runpy, sys\n", "import json, logging, runpy, sys\nsys._watch = False\n", 1
    )
    done = run_python(program, project.dag_files[0], cwd=project.path.parent, env=airflow_home).ok()
    outcome = json.loads(done.out.strip().splitlines()[-1])
    # pandas and numpy may come with Airflow's own serializers; Kedro never.
    assert [name for name in outcome.pop("heavy") if name.startswith("kedro.") or name == "kedro"] == []
    assert outcome == {"handlers_kept": True, "seen": [], "dags": 0} | {"dags": outcome["dags"]}


@pytest.fixture
def airflow_home(tmp_path: Path) -> dict[str, str]:
    from support.airflow import airflow_environment

    return airflow_environment(tmp_path / "home", tmp_path / "dags")


def test_loading_the_package_for_airflow_imports_nothing_heavy(tmp_path: Path, airflow_home: dict[str, str]) -> None:
    """N14: what our side adds to Airflow's own imports."""
    program = """
import json, sys
import airflow.sdk
from airflow.sdk import DAG, Asset, BaseOperator, Param, TaskGroup
before = set(sys.modules)
from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    added = json.loads(run_python(program, cwd=tmp_path, env=airflow_home).ok().out.strip().splitlines()[-1])
    ours = [name for name in added if name.startswith("kedro_aloft")]
    assert ours
    tops = {name.partition(".")[0] for name in added}
    assert tops.isdisjoint({"kedro", "pandas", "numpy", "pydantic_settings", "rich", "click", "jinja2"})


def test_the_file_is_explicit_code_for_people(project: Project) -> None:
    """DESIGN: one statement per task, visible edges, imports of two packages alone."""
    project.create()
    tree = ast.parse(project.dag_files[0].read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"airflow.sdk", "kedro_aloft.airflow"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    tasks = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and _calls(node, "KedroOperator")]
    assert len(tasks) == 10


def _calls(node: Any, name: str) -> bool:
    return isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == name


def test_a_dag_loads_where_neither_kedro_nor_the_project_is(
    project: Project, tmp_path: Path, airflow_home: dict[str, str]
) -> None:
    """N25: Airflow's side needs no Kedro: an import hook refuses it and everything of the project."""
    project.create()
    copy = tmp_path / "dag_of_elsewhere.py"
    copy.write_bytes(project.dag_files[0].read_bytes())
    program = f"""
import runpy, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("kedro", "kedro_datasets", {project.package!r}, "pandas"):
            raise ImportError(name)

import airflow.sdk
sys.meta_path.insert(0, Refuse())
scope = runpy.run_path(sys.argv[1])
print(sum(type(value).__name__ == "KedroPipeline" for value in scope.values()))
"""
    assert run_python(program, copy, cwd=tmp_path, env=airflow_home).ok().out.strip().splitlines()[-1] == "1"
