from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kedro_aloft.errors import RenderError
from kedro_aloft.graph.plan import Plan, Task
from kedro_aloft.graph.snapshot import NodeInfo
from kedro_aloft.render.running import share_arguments
from kedro_aloft.settings import DagSettings

NODES = {name: NodeInfo(name=name, tags=("heavy",) if name == "b" else ()) for name in ("a", "b", "c")}
PLAN = Plan(
    package="p",
    pipeline="p",
    env="e",
    group_by="none",
    tasks=tuple(Task(id=f"task_{name}", nodes=(name,)) for name in NODES),
)


def divided(**settings: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    running = share_arguments(PLAN, DagSettings(**settings), nodes=NODES)
    return dict(running.shared), {task_id.removeprefix("task_"): dict(own) for task_id, own in running.own.items()}


def test_what_all_tasks_share_is_said_once() -> None:
    shared, own = divided(retries=3, pool="gpu", timeout="1h")
    assert shared == {
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=1),
        "pool": "gpu",
    }
    assert own == {"a": {}, "b": {}, "c": {}}


def test_a_task_that_differs_says_so_itself() -> None:
    shared, own = divided(pool="small", tasks=[{"select": "tag:heavy", "pool": "big", "retries": 0}])
    assert shared["pool"] == "small"
    assert own == {"a": {}, "b": {"pool": "big", "retries": 0}, "c": {}}


def test_who_wants_airflows_own_default_again_gets_it() -> None:
    """`queue=None` is no queue, so nothing may be shared that one task takes back."""
    shared, own = divided(queue="large", timeout="1h", tasks=[{"select": "b", "queue": None, "timeout": None}])
    assert "queue" not in shared
    assert "execution_timeout" not in shared
    assert own == {
        "a": {"queue": "large", "execution_timeout": timedelta(hours=1)},
        "b": {},
        "c": {"queue": "large", "execution_timeout": timedelta(hours=1)},
    }


def test_numbers_can_be_taken_back_by_saying_them() -> None:
    shared, own = divided(pool_slots=2, priority_weight=5, tasks=[{"select": "c", "pool_slots": 1}])
    assert (shared["pool_slots"], shared["priority_weight"]) == (2, 5)
    assert own["c"] == {"pool_slots": 1}


def test_variables_are_added_one_by_one() -> None:
    shared, own = divided(env_vars={"A": "1"}, tasks=[{"select": "b", "env_vars": {"B": "2"}}])
    assert shared["env_vars"] == {"A": "1"}
    assert own["b"] == {"env_vars": {"A": "1", "B": "2"}}


def test_sensors_do_not_inherit_the_time_limit_of_tasks() -> None:
    shared, own = divided(timeout="1h", wait_for=["other"])
    assert "execution_timeout" not in shared
    assert {tuple(one) for one in own.values()} == {("execution_timeout",)}


def test_nodes_of_one_task_that_want_different_things_are_refused() -> None:
    plan = Plan(package="p", pipeline="p", env="e", group_by="chain", tasks=(Task(id="all", nodes=("a", "b")),))
    settings = DagSettings(tasks=[{"select": "b", "pool": "gpu", "retries": 4}])
    with pytest.raises(RenderError) as caught:
        share_arguments(plan, settings, nodes=NODES)
    assert caught.value.code == "ALOFT-403"
    assert "retries, pool" in caught.value.what
    assert caught.value.seen == "it runs a, b"
