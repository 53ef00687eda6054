"""N8, N11, N14, N15 and DESIGN's law of fidelity: nodes, hooks and data on Airflow as in `kedro run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.airflow import task_log
from support.runs import unpickle, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

    OnAirflow = Callable[[ProjectBuilder], Project]

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

HOOKS = """
    from kedro.framework.hooks import hook_impl

    from {package}.functions import note


    class ProjectHooks:
        @hook_impl
        def after_context_created(self, context): note("context", "hooks.txt")
        @hook_impl
        def after_catalog_created(self, catalog, save_version):
            note(f"catalog {{save_version}}", "hooks.txt")
            catalog["from_hook"] = "made by a hook"
        @hook_impl
        def before_pipeline_run(self, run_params, pipeline):
            names = ",".join(sorted(node.name for node in pipeline.nodes))
            note(f"pipeline {{names}} {{run_params['runtime_params']}}", "hooks.txt")
        @hook_impl
        def after_pipeline_run(self, run_params): note("after pipeline", "hooks.txt")
        @hook_impl
        def before_node_run(self, node): note(f"before {{node.name}}", "hooks.txt")
        @hook_impl
        def after_node_run(self, node): note(f"after {{node.name}}", "hooks.txt")
        @hook_impl
        def on_node_error(self, node, error): note(f"error {{node.name}}", "hooks.txt")
"""


def hooked_project(builder: ProjectBuilder) -> ProjectBuilder:
    return (
        builder.functions("def join(*values): return ' '.join(map(str, values))")
        .pipeline(
            "__default__",
            """
            node(join, ["from_hook", "params:word"], "one", name="first"),
            node(join, ["one", "from_hook"], "two", name="second"),
            """,
        )
        .pickles("two", versioned=True)
        .parameters(word="a")
        .hooks(HOOKS.replace("{package}", builder.package).replace("{{", "{").replace("}}", "}"))
    )


def test_hooks_fire_as_in_kedro_run(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N11, A23: node hooks once per node; hooks of session and pipeline once per task, with one identity per run."""
    project = on_airflow(hooked_project(builder))
    outcome = project.run("--params=word=b")
    assert outcome["state"] == "success"
    (result,) = (project.path / "data" / "two.pkl").glob("*/two.pkl")
    assert unpickle(result) == "made by a hook b made by a hook"
    notes = project.notes("hooks.txt")
    runs = [note for note in notes if note.startswith("pipeline")]
    assert runs == ["pipeline first {'word': 'b'}", "pipeline second {'word': 'b'}"]
    nodes = [note for note in notes if note.startswith(("before", "after first", "after second"))]
    assert nodes == ["before first", "after first", "before second", "after second"]
    assert {note.split()[1] for note in notes if note.startswith("catalog 20")} >= {result.parent.name}


def test_pipeline_hooks_fire_once_per_run_when_all_nodes_share_a_task(
    on_airflow: OnAirflow, builder: ProjectBuilder
) -> None:
    """N11: what one-task DAGs already have of it."""
    project = on_airflow(hooked_project(builder).airflow_yml("default: {group_by: chain}"))
    assert project.run()["state"] == "success"
    notes = project.notes("hooks.txt")
    assert notes.count("after pipeline") == 1
    assert [note for note in notes if note.startswith("pipeline")] == ["pipeline first,second {}"]


def test_a_filter_holds_at_run_time(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N15, A8: `--tags keep` with namespaces grouped runs what is tagged, and nothing else."""
    project = on_airflow(
        builder.functions("def leave(value, name): note(name); return name")
        .pipeline(
            "__default__",
            """
            *[
                node(partial(leave, name=name), "params:start", name, name=name, namespace="ns", tags=tags)
                for name, tags in (("n1", "keep"), ("n2", []), ("n3", ["keep", "other"]))
            ]
            """.replace("partial(leave, name=name)", "makers[name]"),
        )
        .functions("makers = {name: (lambda value, name=name: leave(value, name)) for name in ('n1', 'n2', 'n3')}")
        .parameters(start=1)
    )
    outcome = project.run("--tags=keep", "--group-by=namespace")
    assert outcome["state"] == "success"
    assert sorted(project.notes()) == ["n1", "n3"]


EXACT = """
    import datetime
    import decimal
    import enum
    from dataclasses import dataclass, field

    import numpy as np
    import pandas as pd

    class Colour(enum.Enum):
        RED = "red"

    @dataclass
    class Tree:
        children: list = field(default_factory=list)
        parent: "Tree | None" = None

    def make():
        tree = Tree()
        tree.children.append(Tree(parent=tree))
        frame = pd.DataFrame({"c": pd.Categorical(["a", "b"]), "t": pd.to_datetime(["2024-01-01", None], utc=True)})
        frame.index = pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", None])
        return {
            "frame": frame, "array": np.arange(100_000, dtype="float32").reshape(100, -1)[:, ::2], "tree": tree,
            "colour": Colour.RED, "tuple": ((1,), {2: {3}}), "decimal": decimal.Decimal("1.10"), "none": [None],
            "when": datetime.timedelta(1), "function": lambda value: value + 1, "bytes": b"\\x00\\xff",
            "nan": float("nan"),
        }

    def check(made):
        frame = make()["frame"]
        pd.testing.assert_frame_equal(made["frame"], frame)
        assert str(made["frame"].dtypes.tolist()) == str(frame.dtypes.tolist())
        assert made["array"].dtype == "float32" and np.array_equal(made["array"], make()["array"])
        made["array"][0, 0] = 7  # writable, as in memory
        assert made["tree"].children[0].parent is made["tree"]
        assert made["colour"] is Colour.RED
        assert made["tuple"] == ((1,), {2: {3}}) and type(made["tuple"]) is tuple
        assert str(made["decimal"]) == "1.10" and made["none"] == [None] and made["nan"] != made["nan"]
        assert made["function"](1) == 2 and made["bytes"] == b"\\x00\\xff"
        return "exact"
"""


def test_what_lives_in_memory_crosses_tasks_exactly(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N8, A5, A21: a dataset that no catalog names is handed over, not refused; and removed when the run succeeded."""
    project = on_airflow(
        builder.functions(EXACT)
        .pipeline("__default__", 'node(make, None, "made", name="make"), node(check, "made", "verdict", name="check")')
        .pickles("verdict")
    )
    outcome = project.run()
    assert outcome["state"] == "success"
    assert project.pickled("verdict") == "exact"
    assert not list((project.handoff / outcome["dag_id"]).glob("*/*"))


def test_parameters_of_every_source_reach_the_nodes(
    on_airflow: OnAirflow, builder: ProjectBuilder, api: AirflowApi
) -> None:
    """Issue 2: conf, airflow.yml (static and templates), the trigger form, `run --params`; later ones win."""
    project = on_airflow(
        builder.functions("def show(options, run, dag): note((options, run, dag)); return 1")
        .pipeline("__default__", 'node(show, ["params:options", "params:run", "params:dag"], "x", name="show")')
        .parameters(options={"a": 1, "b": 2, "c": 3, "d": 4}, run="none", dag="none")
        .airflow_yml(
            """
            default:
              runtime_params:
                options: {b: 20, c: 20, d: 20}
                dag: "{{ dag.dag_id }}"
                run: "{{ 6 * 7 }}"
            """
        )
    )
    outcome = project.run("--params=options.d=400")
    dag_id = outcome["dag_id"]
    shown = api.dag_details(dag_id)["params"]
    assert {"options", "run", "dag"} <= {name.partition(".")[0] for name in shown}
    form = {"options.c": 300} if "options.c" in shown else {"options": {"a": 1, "b": 20, "c": 300, "d": 20}}
    run = api.trigger(dag_id, conf=form).run_id
    wait_until(lambda: api.run(dag_id, run).finished, "the run by the form")
    assert project.notes() == [
        str(({"a": 1, "b": 20, "c": 20, "d": 400}, 42, dag_id)),
        str(({"a": 1, "b": 20, "c": 300, "d": 20}, 42, dag_id)),
    ]


def test_kedros_log_lines_arrive_with_their_levels_and_loggers(
    on_airflow: OnAirflow, builder: ProjectBuilder, api: AirflowApi
) -> None:
    """N14, A24, facts 8: in Airflow's task log, not as `INFO stdout`, foldable per node."""
    project = on_airflow(
        builder.functions(
            """
            import logging

            def talk():
                logging.getLogger("shop.talk").warning("a warning of the node")
                logging.getLogger(__name__).info("an info of the node")
                return 1
            """
        ).pipeline("__default__", 'node(talk, None, "x", name="talk")')
    )
    outcome = project.run()
    log = task_log(api, outcome["dag_id"], outcome["run_id"], "talk")
    found = {entry["event"]: (entry.get("level"), entry.get("logger")) for entry in log}
    assert found["a warning of the node"] == ("warning", "shop.talk")
    assert found["an info of the node"] == ("info", f"{project.package}.functions")
    assert any(event.startswith("::group::Node talk") for event in found)
    assert {logger for _, logger in found.values()}.isdisjoint({"task.stdout", "stdout"})
    assert any(logger and logger.startswith("kedro.") for _, logger in found.values())


def test_data_that_the_catalog_gives_in_memory_is_there(on_airflow: OnAirflow, builder: ProjectBuilder) -> None:
    """N8: an input in memory that no node writes, but the catalog itself fills."""
    project = on_airflow(
        builder.functions("def double(value): return 2 * value")
        .pipeline("__default__", 'node(double, "raw", "x", name="a"), node(double, "x", "y", name="b")')
        .catalog("raw: {type: MemoryDataset, data: 21}")
        .pickles("y")
    )
    assert project.run()["state"] == "success"
    assert project.pickled("y") == 84
