"""Plans by example: ids, task groups, what crosses, what is refused."""

from __future__ import annotations

import itertools
import json

import pytest

from graph.strategies import GROUPINGS, HOSTILE_NAMES, chain_of, info, snapshot_of
from kedro_aloft.errors import PlanError
from kedro_aloft.graph.grouping import GroupBy
from kedro_aloft.graph.naming import MAX_ID_LENGTH, airflow_id, digest
from kedro_aloft.graph.plan import Crossing, Plan, Task, build_plan
from kedro_aloft.graph.snapshot import DatasetKind, NodeInfo, Parameter, Snapshot

LENGTH = 1500


def _ids(snapshot: Snapshot, **options: object) -> list[str]:
    return [task.id for task in build_plan(snapshot, **options).tasks]  # type: ignore[arg-type]


def _plan(*tasks: Task, **more: object) -> Plan:
    return Plan(package="shop", pipeline="__default__", env="local", group_by="none", tasks=tasks, **more)  # type: ignore[arg-type]


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(PlanError, match="no node is left to run") as caught:
        build_plan(snapshot_of(()))
    assert caught.value.code == "ALOFT-301"
    assert caught.value.where == "pipeline '__default__', env 'local'"


def test_an_input_that_can_never_be_there_is_refused() -> None:
    nodes = (NodeInfo(name="a", inputs=("lost", "kept")), NodeInfo(name="b", inputs=("lost", "params:x")))
    datasets = {
        "lost": info("lost", DatasetKind.MEMORY),
        "kept": info("kept"),
        "params:x": info("params:x", DatasetKind.PARAMETER),
    }
    with pytest.raises(PlanError, match=r"No node writes and no catalog entry keeps: lost\.") as caught:
        build_plan(snapshot_of(nodes, datasets=datasets))
    assert caught.value.code == "ALOFT-302"
    assert caught.value.where.startswith("read by a, b in pipeline")
    filled = {**datasets, "lost": info("lost", DatasetKind.MEMORY, filled=True)}
    assert build_plan(snapshot_of(nodes, datasets=filled)).crossings == ()


def test_in_memory_each_transcoded_name_has_data_of_its_own() -> None:
    nodes = (NodeInfo(name="a", outputs=("x@one",)), NodeInfo(name="b", inputs=("x@two",)))
    datasets = {name: info(name, DatasetKind.MEMORY) for name in ("x@one", "x@two")}
    with pytest.raises(PlanError, match=r"keeps: x@two\."):
        build_plan(snapshot_of(nodes, datasets=datasets))
    datasets["x@two"] = info("x@two", DatasetKind.MEMORY, filled=True)
    plan = build_plan(snapshot_of(nodes, datasets=datasets))
    assert [(one.dataset, one.handed_over) for one in plan.crossings] == [("x@two", False)]
    assert plan.gives("a") == plan.takes("b") == ()


def test_transcoded_files_cross_under_the_name_of_their_reader() -> None:
    nodes = (NodeInfo(name="a", outputs=("x@pandas",)), NodeInfo(name="b", inputs=("x@spark",)))
    datasets = {name: info(name, location="data/x.parquet", versioned=True) for name in ("x@pandas", "x@spark")}
    plan = build_plan(snapshot_of(nodes, datasets=datasets))
    assert plan.crossings == (
        Crossing(dataset="x@spark", source="a", target="b", handed_over=False, location="data/x.parquet"),
    )
    assert [(task.versioned, task.pinned) for task in plan.tasks] == [
        (("x@pandas",), ("x@pandas",)),
        ((), ("x@spark",)),
    ]


def test_a_task_that_writes_and_reads_a_transcoded_file_needs_no_input() -> None:
    nodes = (NodeInfo(name="a", outputs=("x@pandas",)), NodeInfo(name="b", inputs=("x@spark",)))
    (task,) = build_plan(snapshot_of(nodes), group_by=GroupBy.CHAIN).tasks
    assert (task.inputs, task.outputs) == ((), ("x@pandas",))


def test_versioned_files_that_the_plan_only_reads_are_not_pinned() -> None:
    datasets = {"old": info("old", location="m", versioned=True), "new": info("new", location="m", versioned=True)}
    (task,) = build_plan(snapshot_of([NodeInfo(name="a", inputs=("old",), outputs=("new",))], datasets=datasets)).tasks
    assert (task.pinned, task.versioned, task.inputs) == (("new",), ("new",), ("old",))


def test_memory_that_crosses_is_given_once_and_taken_by_all() -> None:
    nodes = (
        NodeInfo(name="make", outputs=("m", "f")),
        NodeInfo(name="one", inputs=("m", "params:x")),
        NodeInfo(name="two", inputs=("m", "f")),
    )
    datasets = {
        "m": info("m", DatasetKind.MEMORY),
        "f": info("f", location="data/f"),
        "params:x": info("params:x", DatasetKind.PARAMETER),
    }
    plan = build_plan(snapshot_of(nodes, datasets=datasets))
    assert plan.gives("make") == ("m",)
    assert plan.takes("one") == plan.takes("two") == ("m",)
    assert [(one.dataset, one.target, one.location) for one in plan.crossings] == [
        ("m", "one", None),
        ("f", "two", "data/f"),
        ("m", "two", None),
    ]
    assert plan.handed_over == tuple(one for one in plan.crossings if one.dataset == "m")


def test_namespaces_become_nested_task_groups() -> None:
    nodes = (
        NodeInfo(name="load", outputs=("1",)),
        NodeInfo(name="a.split", inputs=("1",), outputs=("2",), namespace="a"),
        NodeInfo(name="a.b.fit", inputs=("2",), namespace="a.b"),
    )
    snapshot = snapshot_of(nodes)
    grouped = build_plan(snapshot).tasks
    assert [(task.id, task.task_group) for task in grouped] == [
        ("load", ()),
        ("a.split", ("a",)),
        ("a.b.fit", ("a", "b")),
    ]
    flat = build_plan(snapshot, task_groups=False).tasks
    assert [(task.id, task.task_group) for task in flat] == [("load", ()), ("a.split", ()), ("a.b.fit", ())]


def test_task_groups_that_would_wait_for_each_other_are_not_shown() -> None:
    """Airflow 3.3 answers with an error where it sorts such groups; the ids stay."""
    owners = {"a.1": "a", "b.2": "b", "a.3": "a", "c.4": "c", "c.d.5": "c.d"}
    names = list(owners)
    nodes = [
        NodeInfo(name=name, namespace=owners[name], inputs=(names[i - 1],) if i else (), outputs=(name,))
        for i, name in enumerate(names)
    ]
    plan = build_plan(snapshot_of(nodes))
    assert [(task.id, task.task_group) for task in plan.tasks] == [
        ("a.1", ()),
        ("b.2", ()),
        ("a.3", ()),
        ("c.4", ("c",)),
        ("c.d.5", ("c", "d")),
    ]


def test_a_task_group_and_a_task_beside_it_may_wait_for_each_other_too() -> None:
    nodes = (
        NodeInfo(name="a.b.1", namespace="a.b", outputs=("x",)),
        NodeInfo(name="a.2", namespace="a", inputs=("x",), outputs=("y",)),
        NodeInfo(name="a.b.3", namespace="a.b", inputs=("y",)),
    )
    plan = build_plan(snapshot_of(nodes))
    assert [task.task_group for task in plan.tasks] == [("a",), ("a",), ("a",)]


@pytest.mark.parametrize("inner", [(), ("x",), ("x", "y")], ids=len)
def test_a_task_of_a_namespace_is_called_like_it_however_deep_its_nodes_lie(inner: tuple[str, ...]) -> None:
    namespace = ".".join(("a", *inner))
    nodes = [NodeInfo(name=f"{namespace}.{name}", namespace=namespace) for name in "12"]
    (task,) = build_plan(snapshot_of(nodes), group_by=GroupBy.NAMESPACE).tasks
    assert (task.id, task.task_group) == ("a", ())


def test_fused_nodes_without_a_label_are_called_after_the_first_and_the_last() -> None:
    assert _ids(snapshot_of(chain_of(3)), group_by=GroupBy.CHAIN) == ["n0000__n0002"]


@pytest.mark.parametrize("group_by", [one for one in GROUPINGS if one is not GroupBy.PIPELINE])
def test_any_names_can_stand_side_by_side(group_by: GroupBy) -> None:
    plan = build_plan(snapshot_of(NodeInfo(name=name) for name in HOSTILE_NAMES), group_by=group_by)
    assert {task.nodes[0]: task.id for task in plan.tasks} == {name: airflow_id(name) for name in HOSTILE_NAMES}


def test_names_with_one_slug_are_told_apart() -> None:
    names = ("load data", "load/data", "load_data")
    ids = _ids(snapshot_of(NodeInfo(name=name) for name in names))
    assert ids == [f"load_data-{digest('load data')}", f"load_data-{digest('load/data')}", "load_data"]


def test_a_node_called_like_a_namespace_gives_way_to_the_task_group() -> None:
    nodes = (NodeInfo(name="a"), NodeInfo(name="a.b", namespace="a"))
    assert _ids(snapshot_of(nodes)) == [f"a-{digest('a')}", "a.b"]
    assert _ids(snapshot_of(nodes), task_groups=False) == ["a", "a.b"]


@pytest.mark.parametrize("first", [False, True])
def test_a_node_goes_before_groups_that_want_its_name(first: bool) -> None:
    node = NodeInfo(name="n0000__n0001")
    plan = build_plan(snapshot_of((node, *chain_of(2)) if first else (*chain_of(2), node)), group_by=GroupBy.CHAIN)
    assert {task.nodes: task.id for task in plan.tasks} == {
        ("n0000__n0001",): "n0000__n0001",
        ("n0000", "n0001"): f"n0000__n0001-{digest('n0000__n0001')}",
    }


def test_one_label_with_three_requirements_makes_three_ids() -> None:
    nodes = [NodeInfo(name=f"a.{name}", namespace="a") for name in "xyz"]
    needs = {"a.y": "big", "a.z": "gpu"}
    ids = _ids(snapshot_of(nodes), group_by=GroupBy.NAMESPACE, requirements=needs)
    assert ids == ["a", f"a-{digest('a')}", f"a-{digest('a.z')}"]


@pytest.mark.parametrize("length", [100, 120, 125, 199, 201, 240, 300])
def test_long_namespaces_and_names_fit(length: int) -> None:
    nodes = [
        NodeInfo(name=f"{space}.{short}", namespace=space)
        for space, short in itertools.product(("n" * length, "n" * length + ".m"), ("x", "y" * length))
    ]
    ids = _ids(snapshot_of(nodes))
    assert len(set(ids)) == 4
    assert max(map(len, ids)) <= MAX_ID_LENGTH


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_long_chains_are_planned(group_by: GroupBy) -> None:
    chain = chain_of(
        LENGTH, namespace=lambda i: f"s{i // 100}", tags=lambda i: (f"t{i // 100}",), pipelines=lambda _: ("p",)
    )
    plan = build_plan(snapshot_of(chain, memory=["d0700"]), group_by=group_by)
    assert [name for task in plan.tasks for name in task.nodes] == [node.name for node in chain]
    wanted = {"none": LENGTH, "chain": 1, "memory": LENGTH - 1, "namespace": 15, "tag": 15, "pipeline": 1}
    assert len(plan.tasks) == wanted[group_by.value]
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_plans_of_today_have_the_hash_of_yesterday() -> None:
    """The hash stands in DAG files: when it changes for one plan, every DAG file changes."""
    plan = _plan(
        Task(id="a", nodes=("a",), outputs=("x",)),
        Task(id="b", nodes=("b",), upstream=("a",), inputs=("x",)),
        crossings=(Crossing(dataset="x", source="a", target="b", handed_over=True),),
        parameters=(Parameter(name="p", default={"é": [1, None]}),),
    )
    assert plan.hash == "bfc022c0bc92cddc"


@pytest.mark.parametrize(
    "tasks",
    [
        (),
        (Task(id="a", nodes=()),),
        (Task(id="a", nodes=("x",)), Task(id="a", nodes=("y",))),
        (Task(id="a", nodes=("x",)), Task(id="b", nodes=("x",))),
        (Task(id="a", nodes=("x",), upstream=("gone",)),),
        (Task(id="a", nodes=("x",), upstream=("a",)),),
        (Task(id="a", nodes=("x",), upstream=("b",)), Task(id="b", nodes=("y",), upstream=("a",))),
    ],
    ids=["nothing", "no node", "one id twice", "one node twice", "unknown upstream", "itself", "circle"],
)
def test_what_no_airflow_would_load_is_no_plan(tasks: tuple[Task, ...]) -> None:
    with pytest.raises(PlanError):
        _plan(*tasks)


def test_a_node_may_be_called_like_another_nodes_task() -> None:
    assert len(_plan(Task(id="a", nodes=("b",)), Task(id="b", nodes=("a",))).tasks) == 2


def test_plans_of_another_schema_are_refused() -> None:
    content = _plan(Task(id="a", nodes=("a",))).to_dict()
    assert Plan.from_dict({**content, "hash": "ignored"}) == _plan(Task(id="a", nodes=("a",)))
    with pytest.raises(PlanError, match="The plan has schema 2"):
        Plan.from_dict({**content, "schema": 2})
    with pytest.raises(PlanError, match="The plan has schema None"):
        Plan.from_dict({key: value for key, value in content.items() if key != "schema"})
