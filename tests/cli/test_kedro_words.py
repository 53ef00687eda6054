"""Which tasks run a node or a namespace, or make a dataset: asked of what a DAG file says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kedro_aloft.cli.kedro_words import (
    nodes_of_namespaces,
    tasks_of_datasets,
    tasks_of_nodes,
    tasks_to_clear,
    with_givers,
)
from kedro_aloft.errors import UsageError
from kedro_aloft.render.read import WrittenTask

TASKS = {
    task.id: task
    for task in (
        WrittenTask(id="wait_for_ingest", operator="ExternalTaskSensor"),
        WrittenTask(id="load", operator="KedroOperator", nodes=("load",), writes=("raw",), gives=("raw",)),
        WrittenTask(
            id="ml.fit__score",
            operator="KedroOperator",
            nodes=("ml.fit", "ml.deep.score"),
            reads=("raw",),
            writes=("model", "score"),
            takes=("raw",),
            gives=("model",),
        ),
        WrittenTask(
            id="report", operator="KedroOperator", nodes=("report",), reads=("model", "score"), takes=("model",)
        ),
    )
}


def test_a_node_of_a_task_with_several_names_that_task() -> None:
    assert tasks_of_nodes(TASKS, ["ml.deep.score", "load"]) == ("load", "ml.fit__score")


@pytest.mark.parametrize(("namespace", "found"), [("ml", ("ml.fit", "ml.deep.score")), ("ml.deep", ("ml.deep.score",))])
def test_a_namespace_is_in_front_of_its_nodes(namespace: str, found: tuple[str, ...]) -> None:
    assert nodes_of_namespaces(TASKS, [namespace]) == found


def test_a_node_that_has_a_task_to_show_it_is_cleared_by_that() -> None:
    assert tasks_to_clear(TASKS, ["ml.fit", "load"]) == ("load", "ml.fit__score")
    mirrors = ("gate", "shows_fit", "ml.deep.score", "done")
    shown = {**TASKS, "ml.fit__score": replace(TASKS["ml.fit__score"], mirrors=mirrors)}
    assert tasks_to_clear(shown, ["ml.fit", "load"]) == ("load", "shows_fit")
    assert tasks_to_clear(shown, ["ml.deep.score", "ml.fit"]) == ("ml.deep.score", "shows_fit")


def test_a_dataset_names_the_task_that_makes_it() -> None:
    assert tasks_of_datasets(TASKS, ["model"]) == ("ml.fit__score",)


@pytest.mark.parametrize(
    ("ask", "name", "remedy"),
    [
        (tasks_of_nodes, "loadx", "Did you mean 'load'?"),
        (nodes_of_namespaces, "report", "--task"),
        (tasks_of_datasets, "modelx", "Did you mean 'model'?"),
    ],
    ids=["node", "namespace", "dataset"],
)
def test_what_no_task_has_is_refused_with_the_closest(ask: object, name: str, remedy: str) -> None:
    assert callable(ask)
    with pytest.raises(UsageError) as caught:
        ask(TASKS, [name])
    assert remedy in caught.value.remedy


def test_givers_are_found_through_several_tasks_and_in_the_order_of_the_file() -> None:
    assert with_givers(TASKS, ["report"]) == ("load", "ml.fit__score", "report")
    assert with_givers(TASKS, ["load"]) == ("load",)
    assert with_givers(TASKS, ["clean_up_handoff", "load"]) == ("load", "clean_up_handoff")
