from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.settings import DagSettings, effective, merge_requirements, unused_overrides


def settings(*tasks: dict[str, Any], **values: Any) -> DagSettings:
    return DagSettings.model_validate({"tasks": tasks, **values})


def test_without_overrides_the_values_of_the_dag_hold() -> None:
    task = effective(settings(retries=4, pool="p", env_vars={"B": "2", "A": "1"}), "node")
    assert (task.retries, task.pool, task.env_vars) == (4, "p", (("A", "1"), ("B", "2")))
    assert task.retry_delay == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("select", "matches"),
    [
        ("a.load_x", True),
        ("node:a.load_x", True),
        ("*load_*", True),
        ("load_*", False),
        ("node:a.load_?", True),
        ("tag:gpu", True),
        ("tag:g*", True),
        ("tag:cpu", False),
        ("gpu", False),
        ("namespace:a", True),
        ("namespace:a.b", True),
        ("namespace:a.*", True),
        ("namespace:b", False),
        ("namespace:a.b.c", False),
        (["tag:cpu", "namespace:a"], True),
        (["tag:cpu", "x"], False),
    ],
)
def test_selectors_choose_by_name_tag_and_namespace(select: Any, matches: bool) -> None:
    task = effective(settings({"select": select, "retries": 9}), "a.load_x", tags=["gpu"], namespace="a.b")
    assert (task.retries == 9) is matches


@given(st.text(min_size=1).filter(lambda text: ":" not in text))
def test_a_name_selects_itself_whatever_its_characters(name: str) -> None:
    assert effective(settings({"select": name, "retries": 9}), name).retries == 9
    assert effective(settings({"select": f"node:{name}", "retries": 9}), name).retries == 9


def test_the_last_match_wins_key_by_key() -> None:
    chosen = settings(
        {"select": "*", "retries": 2, "pool": "a", "env_vars": {"X": "1", "Y": "1"}},
        {"select": "node", "pool": "b", "env_vars": {"X": "2"}},
        {"select": "other", "pool": "c"},
        env_vars={"Z": "0"},
    )
    task = effective(chosen, "node")
    assert (task.retries, task.pool) == (2, "b")
    assert dict(task.env_vars) == {"X": "2", "Y": "1", "Z": "0"}


def test_null_takes_a_limit_away() -> None:
    chosen = settings({"select": "long", "timeout": None, "pool": None}, timeout="1h", pool="p")
    assert effective(chosen, "long").timeout is None
    assert effective(chosen, "long").pool is None
    assert effective(chosen, "short").timeout == timedelta(hours=1)


def test_minutes_and_durations_work_in_overrides_as_above() -> None:
    assert effective(settings({"select": "n", "retry_delay": 2}), "n").retry_delay == timedelta(minutes=2)


def test_nodes_that_demand_the_same_may_share_a_task() -> None:
    chosen = settings({"select": "c", "pool": "gpu", "retries": 3})
    same = [effective(chosen, name) for name in "ab"]
    assert merge_requirements(same) == ()
    assert merge_requirements([]) == ()
    assert same[0].as_text() == same[1].as_text()


def test_nodes_that_demand_other_things_differ_in_named_keys() -> None:
    chosen = settings({"select": "c", "pool": "gpu", "retries": 3})
    tasks = [effective(chosen, name) for name in "abc"]
    assert merge_requirements(tasks) == ("retries", "pool")
    assert tasks[0].as_text() != tasks[2].as_text()


def test_selectors_that_match_nothing_are_named() -> None:
    chosen = settings({"select": ["tag:gpu", "a"], "retries": 1}, {"select": "namespace:x", "retries": 1})
    assert unused_overrides(chosen, [("a", (), None)]) == ("tasks[0].select: tag:gpu", "tasks[1].select: namespace:x")
    assert unused_overrides(chosen, [("a", ("gpu",), "x.y")]) == ()
