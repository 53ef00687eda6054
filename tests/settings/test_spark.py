"""What Spark is told, and what a node that needs it demands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.errors import SettingsError
from kedro_aloft.settings import SPARK_TAG, DagSettings, check_execution, effective
from kedro_aloft.settings.spark import SUBMIT_VARIABLE

if TYPE_CHECKING:
    from kedro_aloft.settings.overrides import TaskSettings


def demands(spark: Any, *, tags: tuple[str, ...] = (SPARK_TAG,), **settings: Any) -> TaskSettings:
    return effective(DagSettings.model_validate({"spark": spark, **settings}), "node", tags=tags)


@pytest.mark.parametrize("spark", [None, True, {"mode": "local"}])
def test_a_node_with_spark_in_its_task_may_share_it_with_others_when_spark_is_told_nothing(spark: Any) -> None:
    assert demands(spark) == demands(spark, tags=())


def test_the_tag_means_nothing_where_nobody_asked_for_spark() -> None:
    assert demands(None).execution == "process"


def test_words_of_yaml_are_words_of_spark() -> None:
    conf = {"a": True, "b": 3, "c": 0.5, "d": "x y"}
    words = shlex.split(dict(demands({"conf": conf}).env_vars)[SUBMIT_VARIABLE])
    assert words == ["--conf", "a=true", "--conf", "b=3", "--conf", "c=0.5", "--conf", "d=x y", "pyspark-shell"]


def test_what_the_user_tells_spark_wins() -> None:
    own = demands({"conf": {"a": "1"}}, env_vars={SUBMIT_VARIABLE: "pyspark-shell"})
    assert dict(own.env_vars) == {SUBMIT_VARIABLE: "pyspark-shell"}
    pods = demands({"mode": "kubernetes", "conf": {"spark.driver.host": "driver"}}, image="a:1")
    assert "spark.driver.host=driver" in shlex.split(dict(pods.env_vars)[SUBMIT_VARIABLE])


@pytest.mark.parametrize(("execution", "found"), [("process", "kubernetes"), ("gke", "gke"), ("docker", "kubernetes")])
def test_a_driver_is_a_pod(execution: str, found: str) -> None:
    assert demands({"mode": "kubernetes"}, execution=execution, image="a:1").execution == found


@pytest.mark.parametrize(
    ("spark", "missing"),
    [
        ({"mode": "dataproc"}, "spark.dataproc.project"),
        ({"mode": "dataproc", "dataproc": {"project": "a", "region": "b"}}, "spark.dataproc.artifacts"),
        ({"mode": "custom"}, "spark.factory"),
        ({"mode": "kubernetes"}, "image"),
    ],
)
def test_a_mode_says_what_it_cannot_do_without(spark: dict[str, Any], missing: str) -> None:
    settings = DagSettings.model_validate({"spark": spark})
    check_execution(settings, [("other", (), None)], source="airflow.yml")
    with pytest.raises(SettingsError, match=f"`{missing}`"):
        check_execution(settings, [("node", (SPARK_TAG,), None)], source="airflow.yml")


def test_overrides_reach_all_nodes_that_need_spark() -> None:
    tasks = [{"select": f"tag:{SPARK_TAG}", "retries": 5}]
    assert demands(True, tasks=tasks).retries == 5
    assert demands(True, tasks=tasks, tags=()).retries == 1
