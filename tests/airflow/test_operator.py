"""The operator as Airflow stores and stops it."""

from __future__ import annotations

import multiprocessing
import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

pytest.importorskip("airflow.sdk")

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, TaskGroup

from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline, fused, instant
from kedro_aloft.airflow.mirror import KedroMirror
from kedro_aloft.airflow.operator import _environment
from kedro_aloft.contract.keys import MIRROR_OPERATOR
from support.airflow import serialize

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.airflow

KEDRO = KedroPipeline(package="shop", runtime_params={"day": "{{ ds }}"})


def dag_of(*nodes: str, **arguments: Any) -> DAG:
    with DAG("shop", schedule=None, start_date=instant("2024-01-01T00:00:00+00:00")) as dag:
        KedroOperator(task_id="task", kedro=KEDRO, nodes=list(nodes), **arguments) >> KedroCleanup(kedro=KEDRO)
    return dag


def test_node_names_are_no_templates() -> None:
    assert tuple(KedroOperator.template_fields) == ("runtime_params", "env_vars")
    assert not KedroOperator.template_ext
    assert set(KedroOperator.template_fields_renderers) == set(KedroOperator.template_fields)


def test_a_dag_serializes_the_same_twice() -> None:
    names = ["{{ ds }}", "query.sql", "<lambda>__1", "ünï"]
    one, two = (serialize(dag_of(*names, gives=["b", "a"], env_vars={"A": "{{ ds }}"})) for _ in range(2))
    assert one == two


def test_tasks_of_one_dag_do_not_share_their_parameters() -> None:
    dag = dag_of("a")
    task = dag.get_task("task")
    task.runtime_params["day"] = "changed"  # what rendering does
    assert KEDRO.runtime_params == {"day": "{{ ds }}"}


class CountedParam(Param):
    """Notes when it is copied."""

    copies: ClassVar[list[str]] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> CountedParam:
        self.copies.append(self.value)
        return CountedParam(self.value, schema=self.schema)


def test_a_task_has_the_form_of_its_dag_as_stock_tasks_have_it_and_copies_it_once() -> None:
    form = {"x": CountedParam("a", type="string"), "y": CountedParam("b", type="string")}
    own: dict[str, Any] = {"y": "mine", "z": 3}
    with DAG("shop", schedule=None, start_date=instant("2024-01-01T00:00:00+00:00"), params=form) as dag:
        CountedParam.copies.clear()
        ours = KedroOperator(task_id="ours", kedro=KEDRO, nodes=["a"], params=own)
        assert CountedParam.copies == ["a", "b"]
        stock = EmptyOperator(task_id="stock", params=own)
    assert {name: vars(param) for name, param in ours.params.items()} == {
        name: vars(param) for name, param in stock.params.items()
    }
    assert ours.params.get_param("x") is not dag.params.get_param("x")
    assert dag.params.dump() == {"x": "a", "y": "b"}


def test_a_task_that_is_refused_leaves_the_form_of_its_dag() -> None:
    with DAG("shop", schedule=None, start_date=instant("2024-01-01T00:00:00+00:00"), params={"x": 1}) as dag:
        with pytest.raises(Exception, match="no id at all!"):
            KedroOperator(task_id="no id at all!", kedro=KEDRO, nodes=["a"])
        assert dag.params.dump() == {"x": 1}


def test_the_cleanup_is_a_teardown_that_never_decides_and_never_retries() -> None:
    cleanup = dag_of("a").get_task("clean_up_handoff")
    assert cleanup.is_teardown
    assert not cleanup.on_failure_fail_dagrun
    assert cleanup.retries == 0


@pytest.mark.parametrize("mirrors", ["live", "static"])
def test_tasks_that_run_nothing_do_not_copy_the_parameters_of_the_dag(mirrors: str) -> None:
    with DAG("shop", schedule=None, start_date=instant("2024-01-01T00:00:00+00:00"), params={"rate": 0.1}) as dag:
        fused(task_id="all", kedro=KEDRO, nodes={"a": [], "b": ["a"]}, mirrors=mirrors)
        KedroCleanup(kedro=KEDRO)
    with_params = {task_id for task_id, task in dag.task_dict.items() if task.params}
    assert with_params == {"all", "clean_up_handoff"}
    assert dict(dag.params) == dict(dag.get_task("all").params) == {"rate": 0.1}


@pytest.mark.parametrize("mirrors", ["live", "static"])
def test_people_read_names_of_a_fused_task_that_its_ids_do_not_say(mirrors: str) -> None:
    with DAG("shop", schedule=None, start_date=instant("2024-01-01T00:00:00+00:00")) as dag, TaskGroup("early"):
        fused(task_id="all", kedro=KEDRO, nodes={"a": [], "b": ["a"]}, mirrors=mirrors)
        fused(task_id="one", kedro=KEDRO, nodes={"c": []}, mirrors=mirrors, task_display_name="mine")
    stored = [task["__var"] for task in serialize(dag)["dag"]["tasks"]]
    names = {"all": "all (2 nodes)", "all.gate": "nodes of all", "all.done": "end of all"}
    names |= {"one": "mine", "one.gate": "nodes of one", "one.done": "end of one", **dict.fromkeys("abc")}
    assert {task["task_id"]: task.get("_task_display_name") for task in stored} == {
        f"early.{task_id}": name for task_id, name in names.items()
    }


def test_commands_know_a_mirror_by_what_airflow_calls_its_class() -> None:
    assert KedroMirror.__name__ == MIRROR_OPERATOR


def test_environment_variables_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "old")
    monkeypatch.delenv("NEW", raising=False)
    with pytest.raises(KeyError, match="new and 1"), _environment({"KEPT": "new", "NEW": "1"}):
        raise KeyError(f"{os.environ['KEPT']} and {os.environ['NEW']}")
    assert os.environ["KEPT"] == "old"
    assert "NEW" not in os.environ


def test_a_kill_when_nothing_runs_raises_nothing() -> None:
    dag_of("a").get_task("task").on_kill()


def _wait_forever(names: Sequence[str]) -> None:
    while names:
        time.sleep(60)


def test_a_kill_ends_the_nodes_and_what_they_started() -> None:
    task = dag_of("a").get_task("task")
    child = multiprocessing.get_context("fork").Process(target=_wait_forever, args=(["x"],), daemon=True)
    child.start()
    with pytest.raises(SystemExit) as caught, task._stoppable():
        task.on_kill()
    assert caught.value.code == 143
    child.join(timeout=180)
    assert child.exitcode == -9
    task.on_kill()  # as after a timeout: once is enough
