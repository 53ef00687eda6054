"""Every golden DAG file, as the installed Airflow loads and stores it: the same files for every version."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import edges, kedro_tasks, load_dags, nodes_by_task, serialize

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.airflow

_GOLDEN = Path(__file__).parents[1] / "render" / "golden"
GOLDEN = sorted([*_GOLDEN.glob("*.py"), *(_GOLDEN / "mirrors").glob("*.py")])


def dag_id_of(path: Path) -> str:
    """Return the id that stands in a DAG file."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    dag = next(call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "DAG")
    return str(next(ast.literal_eval(word.value) for word in dag.keywords if word.arg == "dag_id"))


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All of them, loaded at once, far from any project."""
    folder = tmp_path_factory.mktemp("golden")
    for path in GOLDEN:
        shutil.copy(path, folder)
    loaded, errors = load_dags(folder)
    assert errors == {}
    return loaded


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def dag(request: pytest.FixtureRequest, dags: dict[str, Any]) -> Any:
    """One of them."""
    return dags[dag_id_of(request.param)]


def test_every_file_gives_one_dag(dags: dict[str, Any]) -> None:
    assert len(GOLDEN) >= 5
    assert sorted(dags) == sorted(map(dag_id_of, GOLDEN))


def test_airflow_stores_it_and_reads_it_back(dag: Any) -> None:
    stored = serialize(dag)
    assert json.loads(json.dumps(stored)) == stored
    again = deserialized(stored)
    assert again.dag_id == dag.dag_id
    assert sorted(again.task_ids) == sorted(dag.task_ids)
    assert {task.task_id: set(task.downstream_task_ids) for task in again.tasks} == {
        task.task_id: set(task.downstream_task_ids) for task in dag.tasks
    }


def deserialized(stored: dict[str, Any]) -> Any:
    """Return the DAG that the scheduler works with."""
    from airflow.serialization import serialized_objects

    serializer = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    return serializer.from_dict(stored)


def test_each_node_is_in_one_task_and_the_tasks_have_no_circle(dag: Any) -> None:
    nodes = [name for names in nodes_by_task(dag).values() for name in names]
    assert nodes
    assert len(nodes) == len(set(nodes))
    assert len(list(sorted_tasks(dag))) == len(kedro_tasks(dag))


def sorted_tasks(dag: Any) -> Iterator[str]:
    """Yield the tasks so that each comes after those that it waits for; those on a circle never come."""
    links, waiting = edges(dag), set(kedro_tasks(dag))
    while ready := {task for task in waiting if not any(parent in waiting for parent, child in links if child == task)}:
        yield from ready
        waiting -= ready


def test_the_cleanup_is_a_teardown_that_hides_no_failure(dag: Any) -> None:
    cleanups = [task for task in dag.tasks if type(task).__name__ == "KedroCleanup"]
    assert bool(cleanups) == any(task.gives for task in kedro_tasks(dag).values())
    for cleanup in cleanups:
        assert cleanup.is_teardown
        assert not cleanup.on_failure_fail_dagrun


def test_a_data_interval_is_there_in_every_version(dags: dict[str, Any]) -> None:
    """The timetable is part of the Task SDK since Airflow 3.2; before, it is taken from Airflow's core."""
    stored = {name: serialize(dag)["dag"]["timetable"] for name, dag in dags.items()}
    kinds = {name: str(timetable["__type"]).rpartition(".")[2] for name, timetable in stored.items()}
    assert kinds["shop-scheduled-prod"] == "CronDataIntervalTimetable"
    assert "NullTimetable" in kinds.values()


def test_the_exceptions_that_decide_on_retries_are_airflows_own() -> None:
    """They moved to the Task SDK with Airflow 3.2."""
    from kedro_aloft.compat import airflow_exception, airflow_fail_exception

    never, again = (
        [kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("airflow.")]
        for error in (airflow_fail_exception("never again"), airflow_exception("again"))
    )
    assert never[0] == "AirflowFailException"
    assert again[0] == "AirflowException"
