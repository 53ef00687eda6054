"""What a snapshot says of a project's pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import PlanError, ProjectError
from kedro_aloft.graph.snapshot import DatasetKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.project import Project
    from support.projects import ProjectBuilder

_WIDE = """
first: {type: pickle.PickleDataset, filepath: data/first.pkl}
"pick_{name}": {type: pickle.PickleDataset, filepath: "data/pick/{name}.pkl", versioned: true}
table@pandas: {type: pandas.CSVDataset, filepath: data/table.csv}
table@text: {type: text.TextDataset, filepath: data/table.csv}
layered:
  type: json.JSONDataset
  filepath: data/../data/./layered.json
  metadata: {kedro-viz: {layer: primary}}
explicit_memory: {type: MemoryDataset, copy_mode: assign}
given: {type: MemoryDataset, data: 1}
cached: {type: CachedDataset, versioned: true, dataset: {type: pickle.PickleDataset, filepath: data/cached.pkl}}
parts: {type: partitions.PartitionedDataset, path: data/parts, dataset: {type: pickle.PickleDataset}}
far: {type: pickle.PickleDataset, filepath: "s3://key:word@bucket/far.pkl?token=abc"}
"""

_NODES = """
node(one, None, 'first', name='a'),
node(same, 'given', 'pick_x', name='b'),
node(same, 'first', 'table@pandas', name='c'),
node(same, 'table@text', 'layered', name='d'),
node(same, 'layered', 'explicit_memory', name='e'),
node(same, 'explicit_memory', 'cached', name='f'),
node(same, 'cached', 'parts', name='g'),
node(same, 'parts', 'far', name='h'),
node(same, 'far', 'undeclared', name='i', tags=['z', 'y'], confirms='far'),
node(same, 'undeclared', 'end', name='j'),
"""


@pytest.fixture
def wide(builder: ProjectBuilder) -> ProjectBuilder:
    return (
        builder.functions("def one(): return 1\ndef same(x): return x")
        .pipeline("__default__", _NODES)
        .pipeline("part", "node(one, None, 'first', name='a'), node(same, 'first', 'table@pandas', name='c')")
        .pipeline("small", "node(one, None, 'first', name='a')")
        .catalog(_WIDE)
    )


def test_kinds_types_places_versions_layers(wide: ProjectBuilder, opened: Callable[..., Project]) -> None:
    datasets = opened(wide).snapshot("__default__").datasets
    memory = {name for name, info in datasets.items() if info.kind is DatasetKind.MEMORY}
    assert memory == {"explicit_memory", "undeclared", "end", "given"}
    assert [name for name in memory if datasets[name].filled] == ["given"]
    places = {name: info.location for name, info in datasets.items() if info.location}
    assert places == {
        "first": "data/first.pkl",
        "pick_x": "data/pick/x.pkl",
        "table@pandas": "data/table.csv",
        "table@text": "data/table.csv",
        "layered": "data/layered.json",
        "cached": "data/cached.pkl",
        "parts": "data/parts",
        "far": "s3://bucket/far.pkl",
    }
    assert {name for name, info in datasets.items() if info.versioned} == {"pick_x", "cached"}
    assert datasets["pick_x"].pattern == "pick_{name}"
    assert datasets["layered"].layer == "primary"
    assert datasets["first"].type == "pickle.PickleDataset"


def test_nodes_say_who_owns_them_and_where_they_are(wide: ProjectBuilder, opened: Callable[..., Project]) -> None:
    project = opened(wide)
    nodes = project.snapshot("__default__").by_name
    assert nodes["a"].pipelines == ("small", "part")
    assert nodes["c"].pipelines == ("part",)
    assert nodes["d"].pipelines == ()
    assert nodes["i"].tags == ("y", "z")
    assert nodes["i"].confirms == ("far",)
    source = nodes["a"].source
    assert source is not None
    line = (project.path / source.file).read_text().splitlines()[source.line - 1]
    assert line.startswith("def one")


def test_functions_inside_partials_and_decorators_are_found(
    builder: ProjectBuilder, opened: Callable[..., Project]
) -> None:
    builder.functions(
        """
        import functools
        def add(x, y): return x + y
        def loud(function):
            @functools.wraps(function)
            def inner(*args): return function(*args)
            return inner
        @loud
        def decorated(x): return x
        class Model:
            def __call__(self, x): return x
        model = Model()
        """
    ).pipeline(
        "__default__",
        "node(partial(add, 1), 'params:x', 'a', name='p'), node(decorated, 'a', 'b', name='d'),"
        "node(model, 'b', 'c', name='m'), node(len, 'd', 'e', name='built_in')",
    ).parameters(x=1).pickles("d")
    nodes = opened(builder).snapshot("__default__").by_name
    assert [nodes[name].func for name in ("p", "d", "m", "built_in")] == ["add", "decorated", "Model", "len"]
    assert nodes["built_in"].source is None
    assert all(nodes[name].source is not None for name in ("p", "d", "m"))


def test_nodes_stand_in_the_order_of_kedro(wide: ProjectBuilder, opened: Callable[..., Project]) -> None:
    project = opened(wide)
    names = [node.name for node in project.snapshot("__default__").nodes]
    assert names == [node.name for node in project.pipelines["__default__"].nodes]


def test_parameters_are_the_outermost_that_nodes_name(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    builder.functions("def f(a, b, c): return 1").pipeline(
        "__default__", "node(f, ['params:model', 'params:model.depth', 'params:other.deep.est'], 'x', name='f')"
    ).parameters(model={"depth": 3, "rate": 0.5}, other={"deep": {"est": [1, 2]}, "unused": 1}, unused=2)
    parameters = opened(builder).snapshot("__default__").parameters
    assert [(one.name, one.default) for one in parameters] == [
        ("model", {"depth": 3, "rate": 0.5}),
        ("other.deep.est", [1, 2]),
    ]


def test_all_parameters_when_a_node_takes_all(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    builder.functions("def f(a): return 1").pipeline("__default__", "node(f, 'parameters', 'x', name='f')").file(
        "conf/base/parameters.yml", "day: 2024-01-31\nrate: .inf\nnothing: null\nnested: {a: 1}\n"
    )
    parameters = opened(builder).snapshot("__default__").parameters
    assert {one.name: one.default for one in parameters} == {"day": "2024-01-31", "nothing": None, "nested": {"a": 1}}


def test_a_missing_parameter_names_the_closest(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.parameters(strat=4)
    with pytest.raises(ProjectError) as caught:
        opened(simple).snapshot("__default__")
    assert caught.value.code == "ALOFT-108"
    assert "'start'" in caught.value.what
    assert "strat" in caught.value.remedy


@pytest.mark.parametrize("where", ["command", "settings"])
def test_a_missing_parameter_may_come_with_the_run(
    simple: ProjectBuilder, opened: Callable[..., Project], where: str
) -> None:
    simple.parameters(other=1)
    if where == "command":
        snapshot = opened(simple, runtime_params={"start": 5}).snapshot("__default__")
        assert snapshot.parameters == ()
    else:
        snapshot = opened(simple).snapshot("__default__", runtime_params={"start": 5})
        assert [(one.name, one.default) for one in snapshot.parameters] == [("start", 5)]


def test_parameters_of_the_command_do_not_change_the_form(
    simple: ProjectBuilder, opened: Callable[..., Project]
) -> None:
    snapshot = opened(simple, runtime_params={"start": 5}).snapshot("__default__")
    assert [(one.name, one.default) for one in snapshot.parameters] == [("start", 4)]


def test_runtime_params_reach_the_catalog(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'x', name='one')").catalog(
        'x: {type: pickle.PickleDataset, filepath: "data/${runtime_params:day}.pkl"}'
    )
    snapshot = opened(builder, runtime_params={"day": "monday"}).snapshot("__default__")
    assert snapshot.datasets["x"].location == "data/monday.pkl"


def test_hooks_may_add_datasets_and_parameters(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    builder.functions("def f(a, b, c): return 1").pipeline(
        "__default__", "node(f, ['added', 'added_file', 'params:late'], 'x', name='f')"
    ).hooks(
        """
        from kedro.framework.hooks import hook_impl
        from kedro.io import MemoryDataset
        from kedro_datasets.pickle import PickleDataset

        class ProjectHooks:
            @hook_impl
            def after_catalog_created(self, catalog):
                catalog["added"] = MemoryDataset(1)
                catalog["added_file"] = PickleDataset(filepath="data/added.pkl")
                catalog["params:late"] = 3
        """
    )
    snapshot = opened(builder).snapshot("__default__")
    assert snapshot.datasets["added"].filled
    assert snapshot.datasets["added_file"].kind is DatasetKind.PERSISTED
    assert snapshot.datasets["added_file"].location == "data/added.pkl"
    assert snapshot.parameters == ()


def test_hooks_before_the_run_may_fill_what_nobody_writes(
    builder: ProjectBuilder, opened: Callable[..., Project]
) -> None:
    builder.functions("def f(a): return a").pipeline("__default__", "node(f, 'from_hook', 'x', name='f')").hooks(
        """
        from kedro.framework.hooks import hook_impl

        class ProjectHooks:
            @hook_impl
            def before_pipeline_run(self, catalog):
                catalog["from_hook"] = 1
        """
    )
    assert opened(builder).snapshot("__default__").datasets["from_hook"].filled


def test_own_memory_datasets_are_in_memory_and_libraries_may_be_missing(
    builder: ProjectBuilder, opened: Callable[..., Project]
) -> None:
    builder.functions("def one(): return 1\ndef same(x): return x").pipeline(
        "__default__",
        "node(one, None, 'own', name='a'), node(same, 'own', 'spark', name='b'), node(same, 'spark', 'gone', name='c')",
    ).file(
        "src/{package}/datasets.py",
        "from kedro.io import MemoryDataset\n\n\nclass Shelf(MemoryDataset):\n    pass\n",
    )
    builder.catalog(
        f"own: {{type: {builder.package}.datasets.Shelf}}\n"
        "spark: {type: spark.SparkDataset, filepath: data/spark}\n"
        "gone: {type: no_such_library.Dataset, filepath: data/gone}\n"
    )
    project = opened(builder)
    snapshot = project.snapshot("__default__")
    assert snapshot.datasets["own"].kind is DatasetKind.MEMORY
    assert snapshot.datasets["spark"].kind is DatasetKind.PERSISTED
    assert snapshot.datasets["gone"].kind is DatasetKind.PERSISTED
    findings = project.missing_libraries(snapshot)
    assert {finding.code for finding in findings} == {"ALOFT-107"}
    assert any("no_such_library" in finding.message and "gone" in finding.where for finding in findings)


def test_registries_that_compose_others_are_not_selective(
    builder: ProjectBuilder, opened: Callable[..., Project]
) -> None:
    for name in ("first", "second"):
        builder.file(f"src/{{package}}/pipelines/{name}/__init__.py", "from .pipeline import create_pipeline\n")
        builder.file(
            f"src/{{package}}/pipelines/{name}/pipeline.py",
            "from kedro.pipeline import Pipeline, node\n\n\ndef one():\n    return 1\n\n\n"
            f"def create_pipeline():\n    return Pipeline([node(one, None, '{name}_out', name='{name}')])\n",
        )
    builder.file("src/{package}/pipelines/__init__.py", "")
    builder.registry(
        """
        from kedro.framework.project import find_pipelines

        def register_pipelines():
            pipelines = find_pipelines()
            pipelines["both"] = pipelines["first"] + pipelines["second"]
            pipelines["__default__"] = sum(pipelines.values())
            return pipelines
        """
    )
    project = opened(builder)
    assert [node.name for node in project.snapshot("both").nodes] == ["first", "second"]
    from kedro.framework.project import pipelines

    assert project.snapshot("both").selective is not hasattr(pipelines, "set_requested")
    assert project.snapshot("__default__").selective
    assert project.snapshot("first").by_name["first"].pipelines == ("first", "both")


def test_two_names_of_one_file_are_seen(builder: ProjectBuilder, opened: Callable[..., Project]) -> None:
    builder.functions("def same(x): return x").pipeline(
        "__default__", "node(same, 'old', 'new', name='update')"
    ).catalog("old: &x {type: pickle.PickleDataset, filepath: data/x.pkl}\nnew: *x")
    snapshot = opened(builder).snapshot("__default__")
    assert snapshot.shared_locations() == {"data/x.pkl": ("new", "old")}


def test_the_same_project_gives_the_same_snapshot(wide: ProjectBuilder, opened: Callable[..., Project]) -> None:
    project = opened(wide)
    assert project.snapshot("__default__") == project.snapshot("__default__")


def test_an_empty_pipeline_is_refused(simple: ProjectBuilder, opened: Callable[..., Project]) -> None:
    simple.pipeline("empty", "")
    with pytest.raises(PlanError) as caught:
        opened(simple).snapshot("empty")
    assert caught.value.code == "ALOFT-301"
