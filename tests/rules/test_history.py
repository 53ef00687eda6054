"""What a change of a DAG file does to the history that Airflow has of its tasks."""

from __future__ import annotations

import textwrap

from kedro_aloft.rules.history import history_breaks


def dag(text: str) -> str:
    return "with DAG(dag_id='d'):\n" + textwrap.indent(textwrap.dedent(text), "    ")


APART = dag("""
    with TaskGroup("long"):
        a = KedroOperator(task_id="one", kedro=kedro, nodes=["long.one"])
        b = KedroOperator(task_id="two", kedro=kedro, nodes=["long.two"])
    c = KedroOperator(task_id="a_b-12", kedro=kedro, nodes=["a b"])
""")
FUSED = dag("""
    with TaskGroup("long"):
        a = fused(task_id="both", kedro=kedro, nodes={"long.one": [], "long.two": ["long.one"]}, mirrors="live")
    c = fused(task_id="rest", kedro=kedro, nodes={"a b": [], "new": []}, mirrors="live", ids={"a b": "a_b-12"})
""")


def test_nodes_that_are_shown_where_their_tasks_were_keep_the_history() -> None:
    new = {f"Task '{one}' is new: it has no history." for one in ("long.both", "rest")}
    assert set(history_breaks(APART, FUSED)) == new
    gone = {f"Task '{one}' disappears with its history" for one in ("long.both", "rest")}
    assert {line.partition(";")[0] for line in history_breaks(FUSED, APART)} == gone


def test_fused_tasks_are_compared_as_others() -> None:
    assert history_breaks(FUSED, FUSED) == ()
    assert history_breaks(FUSED, FUSED.replace('"rest"', '"others"')) == (
        "Task 'rest' disappears with its history; its nodes run in others.",
        "Task 'others' is new: it has no history.",
    )
