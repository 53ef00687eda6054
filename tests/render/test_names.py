from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.render import dag_id_for, file_name
from kedro_aloft.render.variables import name_variables
from kedro_aloft.settings import DagSettings
from render.samples import HOSTILE

names = (
    st.sampled_from(HOSTILE) | st.text(min_size=1) | st.sampled_from(["a", "b", "a-b", "b-c", "a_b", "prod", "local"])
)
DEFAULTS = DagSettings()


@pytest.mark.parametrize(
    ("pipeline", "env", "expected"),
    [
        ("__default__", "local", "shop"),
        ("train", "local", "shop-train"),
        ("__default__", "prod", "shop-__default__-prod"),
        ("train", "prod", "shop-train-prod"),
    ],
)
def test_a_dag_id_names_what_is_not_the_default(pipeline: str, env: str, expected: str) -> None:
    assert dag_id_for("shop", pipeline, env, DEFAULTS) == expected


def test_the_default_environment_of_the_project_is_not_named() -> None:
    assert dag_id_for("shop", "train", "prod", DEFAULTS, default_env="prod") == "shop-train"
    assert dag_id_for("shop", "train", "local", DEFAULTS, default_env="prod") == "shop-train-local"


@given(st.tuples(names, names), st.tuples(names, names))
def test_two_pipelines_never_share_a_dag_id(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = {dag_id_for("shop", *pair, DEFAULTS) for pair in {one, other}}
    assert len(ids) == len({one, other})


def test_hyphens_in_names_are_told_from_those_between_them() -> None:
    pairs = [("a", "b-c"), ("a-b", "c"), ("a-b-c", "local"), ("a", "b")]
    assert len({dag_id_for("shop", *pair, DEFAULTS) for pair in pairs}) == len(pairs)


@given(names, names)
def test_a_dag_id_is_valid(pipeline: str, env: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,250}", dag_id_for("shop", pipeline, env, DEFAULTS))


def test_a_dag_id_can_be_set() -> None:
    assert dag_id_for("shop", "train", "prod", DagSettings(dag_id="mine")) == "mine"


@pytest.mark.parametrize(
    ("env", "pipeline", "expected"),
    [
        ("local", "__default__", "shop_dag.py"),
        ("prod", "__default__", "shop_prod_dag.py"),
        ("local", "train", "shop_train_dag.py"),
        ("prod", "train", "shop_prod_train_dag.py"),
    ],
)
def test_a_file_is_named_as_kedro_airflow_names_it(env: str, pipeline: str, expected: str) -> None:
    assert file_name("shop", env, pipeline) == expected


@given(names, names)
def test_a_file_name_is_one_that_every_file_system_takes(env: str, pipeline: str) -> None:
    name = file_name("shop", env, pipeline)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*_dag\.py", name)
    assert len(name) <= 255


@given(st.lists(names, unique=True), st.integers(12, 80))
def test_variables_are_unique_short_identifiers(ids: list[str], room: int) -> None:
    found = name_variables(dict.fromkeys(ids, room), taken={"kedro", "DAG"})
    assert list(found) == ids
    assert len(set(found.values())) == len(ids)
    for name in found.values():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
        assert len(name) <= room
        compile(f"{name} = 1", "", "exec")


def test_a_variable_never_hides_a_name_of_the_file_or_of_python() -> None:
    ids = ["kedro", "print", "import", "match", "DAG", "l", "task", "1_load", "_", "a.b", "a_b"]
    found = name_variables(dict.fromkeys(ids, 60), taken={"kedro", "DAG"})
    assert list(found.values()) == [
        "kedro_2",
        "print_task",
        "import_task",
        "match_task",
        "DAG_2",
        "l_task",
        "task",
        "task_1_load",
        "task_2",
        "a_b",
        "a_b_2",
    ]
