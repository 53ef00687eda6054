"""N3, A9, A10: whatever nodes, datasets, tags and namespaces are called, the DAG loads and the right nodes run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import load_dags, load_one, nodes_by_task, serialize

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

PYTHON_WORDS = ["import", "class", "None", "lambda", "match", "_", "__", "task", "dag", "kedro", "KedroOperator", "DAG"]
AIRFLOW_WORDS = ["clean_up_handoff", "context", "ti", "params", "self", "schedule", "datetime", "with", "print"]
SHELL_WORDS = ["-", "--help", "-rf", ".", "..", "...", ".hidden", "-1", "--", "._-"]
NUMBERS = ["1_load", "0", "1.5", "1e9", "007", "٣"]
LOOKALIKES = ["load.data", "load_data", "load-data", "Load_Data", "load__data", "load.data.", "load_data-1"]
UNICODE = ["naïve", "été", "данные", "数据", "\uff21\uff22\uff23", "ß", "İstanbul", "ﬁle", "ª"]
LONG = ["x" * 300, "x" * 299 + "y", "é" * 250, "a" * 250, "a" * 251, "a." * 140 + "b"]
ODD = ["trailing\n"]  # Kedro's pattern lets one newline at the end pass
NAMES = [*PYTHON_WORDS, *AIRFLOW_WORDS, *SHELL_WORDS, *NUMBERS, *LOOKALIKES, *UNICODE, *LONG, *ODD]

FUNCTION_NAMES = [
    "🚀 launch",
    'quo"te',
    "it's",
    "back\\slash",
    "new\nline",
    "{braces}",
    "{{ jinja }}",
    "R&D",
    "<b>",
    "%s",
    "#",
]
DATASETS = [
    'quo"te',
    "it's",
    "back\\slash",
    "new\nline",
    "{braces}",
    "{{ ds }}",
    "R&D <b>",
    "🚀",
    "sp ace",
    "a/b",
    "../up",
    "#",
]

MAKE = """
def make(name):
    def function(value):
        note(repr(name))
        return name

    function.__name__ = name
    return function


def collect(*values):
    return sorted(values)
"""


def project_with_names(builder: ProjectBuilder, pipeline: str = "__default__") -> ProjectBuilder:
    """Each node notes its own name and returns it; a last one collects them all."""
    return (
        builder.functions(f"NAMES = {NAMES!r}\nFUNCTION_NAMES = {FUNCTION_NAMES!r}\n{MAKE}")
        .pipeline(
            pipeline,
            """
            [node(make(name), "params:start", f"named_{number}", name=name) for number, name in enumerate(NAMES)],
            [node(make(name), "params:start", f"unnamed_{number}") for number, name in enumerate(FUNCTION_NAMES)],
            node(lambda value: "lambda", "params:start", "by_lambda"),
            node(lambda value: "lambda", "params:start", "by_another_lambda"),
            node(partial(make("part"), value=1), None, "by_partial"),
            node(
                collect,
                [f"named_{number}" for number in range(len(NAMES))]
                + [f"unnamed_{number}" for number in range(len(FUNCTION_NAMES))]
                + ["by_lambda", "by_another_lambda", "by_partial"],
                "all",
                name="collect",
            ),
            """.replace("[node(", "*[node("),
        )
        .pickles("all")
        .parameters(start=1)
    )


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    return project_with_names(module_builder("names")).build()


@pytest.fixture(scope="module")
def dag(project: Project) -> Any:
    project.create()
    return load_one(project.dags)


def test_a_dag_with_any_node_names_loads(dag: Any) -> None:
    """N3."""
    assert len(nodes_by_task(dag)) == len(NAMES) + len(FUNCTION_NAMES) + 4


def test_every_node_is_in_exactly_one_task_under_its_exact_name(dag: Any) -> None:
    """N3."""
    nodes = [name for names in nodes_by_task(dag).values() for name in names]
    assert len(nodes) == len(set(nodes))
    assert set(NAMES) <= set(nodes)


def test_task_ids_are_valid_for_airflow_and_differ_without_regard_to_case(dag: Any) -> None:
    """N3."""
    ids = list(nodes_by_task(dag))
    assert all(len(task_id) <= 250 and task_id.isascii() for task_id in ids)
    # `load_data` and `Load_Data`, `dag` and `DAG` keep their own case.
    assert len({task_id.lower() for task_id in ids}) >= len(ids) - 2
    assert serialize(dag)


def test_a_name_that_airflow_takes_is_its_own_task_id(dag: Any) -> None:
    """N3."""
    nodes = nodes_by_task(dag)
    for name in ("import", "task", "_", "1_load", "load.data", "load_data", "load-data"):
        assert nodes[name] == [name]


def test_names_never_become_code(project: Project, dag: Any) -> None:  # noqa: ARG001  the DAG file exists
    """N3."""
    tree = ast.parse(project.dag_files[0].read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert all(name.isascii() and not name.startswith("__") for name in names)


def test_an_emoji_as_a_node_name_is_refused_as_kedro_refuses_it(builder: ProjectBuilder) -> None:
    """N3."""
    project = builder.pipeline("__default__", "node(lambda: 1, None, 'x', name='🚀')").build()
    done = project.airflow("create")
    assert done.code == 1
    assert "🚀" in done.text
    assert "Traceback" not in done.text
    assert not project.dags.exists()


def test_tags_and_namespaces_of_any_kind_load_under_every_grouping(builder: ProjectBuilder) -> None:
    """N3."""
    nodes = """
        *[
            pipeline(
                [node(make(f"n{number}"), "params:start", "out", name="step", tags=[name])],
                namespace=name,
                parameters={"start"},
            )
            for number, name in enumerate(NAMESPACES)
        ],
        node(collect, [f"{name}.out" for name in NAMESPACES], "all", name="collect"),
    """
    namespaces = [
        "import",
        "class",
        "_",
        "-",
        "--help",
        "1st",
        "task",
        "a",
        "a.b",
        "a.b.c",
        "été",
        "clean_up_handoff",
        "x" * 200,
    ]
    project = (
        builder.functions(f"NAMESPACES = {namespaces!r}\n{MAKE}")
        .pipeline("__default__", nodes)
        .parameters(start=1)
        .build()
    )
    for grouping in ("none", "memory", "namespace", "tag", "pipeline", "chain"):
        folder = project.path / f"dags_{grouping}"
        project.create(f"--group-by={grouping}", f"--target-dir={folder}")
        tasks = nodes_by_task(load_one(folder))
        assert sorted(name for names in tasks.values() for name in names) == sorted(
            ["collect", *(f"{name}.step" for name in namespaces)]
        ), grouping


def test_dataset_names_of_any_kind_load(builder: ProjectBuilder) -> None:
    """N3."""
    project = hostile_datasets(builder).build()
    project.create()
    dags, errors = load_dags(project.dags)
    assert not errors
    assert len(nodes_by_task(next(iter(dags.values())))) == len(DATASETS) + 1


def hostile_datasets(builder: ProjectBuilder) -> ProjectBuilder:
    return (
        builder.functions(f"DATASETS = {DATASETS!r}\n{MAKE}")
        .pipeline(
            "__default__",
            """
            *[node(make(name), "params:start", name, name=f"write_{number}") for number, name in enumerate(DATASETS)],
            node(collect, DATASETS, "all", name="collect"),
            """,
        )
        .pickles("all")
        .parameters(start=1)
    )


@pytest.mark.e2e
def test_every_hostile_name_runs_its_own_function_once(
    on_airflow: Callable[[ProjectBuilder], Project], builder: ProjectBuilder
) -> None:
    """N3."""
    project = on_airflow(project_with_names(builder, "names"))
    outcome = project.run("--pipelines=names", "--group-by=pipeline")
    assert outcome["state"] == "success", outcome
    assert [task["id"] for task in outcome["tasks"]] == ["names"]
    assert project.pickled("all") == sorted([*NAMES, *FUNCTION_NAMES, "lambda", "lambda", "part"])
    assert sorted(project.notes()) == sorted(map(repr, [*NAMES, *FUNCTION_NAMES, "part"]))


@pytest.mark.e2e
def test_names_that_look_alike_run_apart_and_hand_over_their_own_data(
    on_airflow: Callable[[ProjectBuilder], Project], builder: ProjectBuilder
) -> None:
    """N3."""
    names = ["load.data", "load_data", "import", "-", "--help", "1_load", "x" * 300, "trailing\n"]
    project = on_airflow(
        builder.functions(MAKE)
        .pipeline(
            "__default__",
            f"""
            *[node(make(name), "params:start", f"out_{{n}}", name=name) for n, name in enumerate({names!r})],
            node(collect, [f"out_{{n}}" for n in range({len(names)})], "all", name="collect"),
            """,
        )
        .pickles("all")
        .parameters(start=1)
    )
    outcome = project.run()
    assert outcome["state"] == "success", outcome
    assert project.pickled("all") == sorted(names)
    assert sorted(project.notes()) == sorted(map(repr, names))


@pytest.mark.e2e
def test_datasets_of_any_name_are_handed_over_between_tasks(
    on_airflow: Callable[[ProjectBuilder], Project], builder: ProjectBuilder
) -> None:
    """N3."""
    project = on_airflow(hostile_datasets(builder))
    assert project.run()["state"] == "success"
    assert project.pickled("all") == sorted(DATASETS)
