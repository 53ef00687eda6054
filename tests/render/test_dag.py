"""The DAG file as a whole: groups, edges, assets, sizes, and what it refuses."""

from __future__ import annotations

import ast
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.errors import RenderError
from kedro_aloft.graph.plan import Plan, Task
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Parameter
from kedro_aloft.render import render_dag
from kedro_aloft.render.groups import shown_groups
from kedro_aloft.render.statements import asset_calls, sensor_calls
from kedro_aloft.settings import DagSettings
from render.samples import HOSTILE, Sample, node, snapshot
from support.airflow import edges, load_one, nodes_by_task

if TYPE_CHECKING:
    from pathlib import Path


def plan_of(*tasks: Task, **more: Any) -> Plan:
    return Plan(package="p", pipeline="p", env="e", group_by="none", tasks=tasks, **more)


def source_of(plan: Plan, settings: DagSettings | None = None) -> str:
    return render_dag(plan, settings or DagSettings(), node_info={}, dag_id="d", command="kedro airflow create").source


# --- groups


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("a", "b"), ("a", "b")),
        (("a", "x" * 200), ("a", "x" * 200)),
        (("a", "x" * 201, "b"), ("a",)),
        (("a", "b.c"), ("a",)),
        (("a", "upstream_join_id"), ("a",)),
        (("downstream_join_id", "a"), ()),
        (tuple("abcdefghijklmnopqrst"), tuple("abcdefghijklmno")),
    ],
)
def test_a_group_that_airflow_would_refuse_ends_the_path(path: tuple[str, ...], shown: tuple[str, ...]) -> None:
    plan = plan_of(Task(id=f"{'.'.join(path)}.t", nodes=("n",), task_group=path))
    assert list(shown_groups(plan).values()) == [shown]


def test_a_task_called_like_a_joint_of_its_group_keeps_its_id() -> None:
    plan = plan_of(
        Task(id="a.upstream_join_id", nodes=("n",), task_group=("a",)), Task(id="a.t", nodes=("m",), task_group=("a",))
    )
    assert shown_groups(plan) == {"a.upstream_join_id": (), "a.t": ()}


@pytest.mark.airflow
def test_groups_that_airflow_refuses_do_not_change_ids(tmp_path: Path) -> None:
    tasks = [
        Task(id="upstream_join_id.t", nodes=("1",), task_group=("upstream_join_id",)),
        Task(id="a.downstream_join_id", nodes=("2",), task_group=("a",)),
        Task(id="a.t", nodes=("3",), task_group=("a",), upstream=("a.downstream_join_id",)),
        Task(id=f"{'.'.join('bcdefghijklmnopqrstuvw')}.t", nodes=("4",), task_group=tuple("bcdefghijklmnopqrstuvw")),
        Task(id=f"b.{'y' * 201}.t", nodes=("5",), task_group=("b", "y" * 201)),
        Task(id="upstream_join_id", nodes=("6",)),
    ]
    (tmp_path / "dag.py").write_text(source_of(plan_of(*tasks)))
    dag = load_one(tmp_path)
    assert nodes_by_task(dag) == {task.id: list(task.nodes) for task in tasks}


def test_the_tasks_of_one_group_stand_together() -> None:
    nodes = [node("a", "r", "x", namespace="g"), node("b", "r", "y"), node("c", "x", "z", namespace="g")]
    source = Sample(snapshot(nodes)).render().source
    assert source.count('with TaskGroup("g"):') == 1
    assert source.index("g_c = ") < source.index("    b = ")


# --- edges


def test_edges_are_written_once_and_readable() -> None:
    nodes = [node("a", "r", "x"), node("b", "x", "y"), node("c", "x", "z"), node("d", "y z", "end")]
    source = Sample(snapshot(nodes)).render().source
    assert source.endswith("    a >> [b, c]\n    [b, c] >> d\n")


def test_a_pipeline_without_edges_has_none() -> None:
    assert ">>" not in Sample(snapshot([node("a", "r", "x"), node("b", "r", "y")])).render().source


def test_nothing_is_cleaned_up_when_nothing_is_handed_over() -> None:
    assert "KedroCleanup" not in Sample(snapshot([node("a", "r", "x"), node("b", "x", "y")])).render().source


def test_the_cleanup_waits_for_leaves_and_for_whoever_touches_the_store() -> None:
    nodes = [node("a", "r", "x"), node("b", "x", "y"), node("c", "y", "z"), node("d", "z", "end")]
    source = Sample(snapshot(nodes, memory={"x"})).render().source
    assert source.endswith("    [a, b, d] >> clean_up_handoff\n")


@pytest.mark.airflow
def test_fifteen_hundred_nodes_in_a_chain_load(tmp_path: Path) -> None:
    nodes = [node(f"n{number}", f"d{number}", f"d{number + 1}") for number in range(1500)]
    sample = Sample(snapshot(nodes, memory={f"d{number}" for number in range(1, 1500)}))
    (tmp_path / "dag.py").write_text(sample.render().source)
    dag = load_one(tmp_path)
    assert edges(dag) == {(f"n{number}", f"n{number + 1}") for number in range(1499)}


# --- sensors and cleanup


@given(
    st.lists(st.sampled_from(["a", "a.b", "x" * 240, "schön", "clean_up_handoff"]), max_size=6),
    st.sets(st.sampled_from(["wait_for_a", "wait_for_a_2", "a"])),
)
def test_sensors_have_ids_of_their_own(dags: list[str], taken: set[str]) -> None:
    found = sensor_calls(DagSettings(wait_for=[{"dag_id": one} for one in dags]).wait_for, taken=taken)
    assert len(found) == len(dags)
    assert not set(found) & taken
    assert all(len(task_id) <= 250 for task_id in found)
    assert [dict(call.kwargs)["dag_id"] for call in found.values()] == dags
    assert [dict(call.kwargs)["task_id"] for call in found.values()] == list(found)


def test_a_node_called_like_the_cleanup_keeps_its_name() -> None:
    nodes = [node("clean_up_handoff", "r", "x"), node("b", "x", "y")]
    source = Sample(snapshot(nodes, memory={"x"})).render().source
    assert 'task_id="clean_up_handoff",' in source
    assert 'KedroCleanup(task_id="clean_up_handoff_2", kedro=kedro)' in source


# --- assets


def assets(name: str, kind: DatasetKind = DatasetKind.PERSISTED) -> list[dict[str, str]]:
    task = Task(id="t", nodes=("n",), outputs=(name,))
    return [dict(call.kwargs) for call in asset_calls(task, plan_of(task), {name: DatasetInfo(name=name, kind=kind)})]


@given((st.sampled_from(HOSTILE) | st.text(min_size=1)).map(lambda text: text.replace("@", "") or "x"))
def test_an_asset_has_a_name_that_every_airflow_takes(name: str) -> None:
    (asset,) = assets(name)
    for text in asset.values():
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= 1500


def test_long_names_of_assets_stay_different() -> None:
    assert assets("x" * 2000 + "a") != assets("x" * 2000 + "b")


def test_only_what_is_kept_is_an_asset() -> None:
    assert assets("model@pandas") == [{"name": "p/model", "uri": "kedro://p/model"}]
    assert assets("model", DatasetKind.MEMORY) == []


def test_the_assets_of_a_task_are_sorted_for_another_order_is_another_dag_version() -> None:
    names = [f"d{number}" for number in range(20)]
    task = Task(id="t", nodes=("n",), outputs=tuple(reversed(names)))
    kept = {name: DatasetInfo(name=name, kind=DatasetKind.PERSISTED) for name in names}
    found = [dict(call.kwargs)["name"] for call in asset_calls(task, plan_of(task), kept)]
    assert found == [f"p/{name}" for name in sorted(names)]


def test_a_transcoded_output_is_one_asset() -> None:
    task = Task(id="t", nodes=("n",), outputs=("x@a", "x@b"))
    kept = {name: DatasetInfo(name=name, kind=DatasetKind.PERSISTED) for name in task.outputs}
    assert len(asset_calls(task, plan_of(task), kept)) == 1


# --- what is said and refused


def test_settings_that_are_everybodys_defaults_are_not_written() -> None:
    source = Sample(snapshot([node("a", "r", "x")])).render().source
    assert "handoff" not in source
    assert "runner" not in source
    assert "pool" not in source
    assert "email" not in source


def test_deprecated_mail_settings_arrive() -> None:
    source = source_of(plan_of(Task(id="t", nodes=("n",))), DagSettings(email=["a@b.org"], email_on_failure=True))
    assert '"email": ["a@b.org"],' in source
    assert '"email_on_failure": True,' in source
    assert '"email_on_retry": False,' in source


def test_a_value_without_literal_is_refused() -> None:
    """Kedro's parameters may hold dates; the snapshot must have made texts of them."""
    plan = plan_of(Task(id="t", nodes=("n",)))
    object.__setattr__(plan, "parameters", (Parameter(name="day", default=date(2024, 1, 1)),))
    with pytest.raises(RenderError) as caught:
        source_of(plan)
    assert caught.value.code == "ALOFT-401"
    assert "date" in caught.value.what


@pytest.mark.parametrize("depth", [200, 250])
def test_what_no_python_can_read_is_refused_before_it_is_written(depth: int) -> None:
    deep: list[Any] = []
    for _ in range(depth):
        deep = [deep]
    with pytest.raises(RenderError) as caught:
        source_of(plan_of(Task(id="t", nodes=("n",)), parameters=(Parameter(name="deep", default=deep),)))
    assert caught.value.code == "ALOFT-404"
    assert "params_hide" in caught.value.remedy


def test_a_file_is_one_module_with_one_dag() -> None:
    tree = ast.parse(Sample(snapshot([NodeInfo(name="a", outputs=("x",))])).render().source)
    assert [type(one).__name__ for one in tree.body] == ["Expr", "ImportFrom", "ImportFrom", "Assign", "Assign", "With"]
