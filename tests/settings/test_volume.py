"""What modes of execution cannot do without, and what pods of a run share."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_aloft.contract.keys import PROJECT_IN_IMAGE
from kedro_aloft.errors import SettingsError
from kedro_aloft.settings import DagSettings, check_execution, check_handoff, effective
from kedro_aloft.settings.demands import IN_IMAGE

VOLUME = {"size": "2Gi"}


def pods(*tasks: dict[str, Any], handoff: str = "data/.handoff", volume: Any = VOLUME) -> DagSettings:
    return DagSettings.model_validate(
        {
            "execution": "kubernetes",
            "image": "shop:1",
            "handoff": handoff,
            "kubernetes": {"namespace": "shop", "volume": volume},
            "tasks": tasks,
        }
    )


def hand_over(settings: DagSettings) -> None:
    check_handoff(settings, [("model", effective(settings, "fit"), effective(settings, "score"))])


def test_the_project_is_where_images_have_it() -> None:
    assert IN_IMAGE == PROJECT_IN_IMAGE


@pytest.mark.parametrize(
    "uri", ["data/.handoff", "./data/.handoff", "/home/kedro/project/data/x/../y", "s3://shop/handoff"]
)
def test_what_lies_on_the_claim_crosses_from_pod_to_pod(uri: str) -> None:
    hand_over(pods(handoff=uri))


@pytest.mark.parametrize("uri", [".airflow/handoff", "data/../x", "/home/kedro/project/data2", "/mnt/handoff"])
def test_what_lies_beside_the_claim_does_not(uri: str) -> None:
    with pytest.raises(SettingsError, match="would not cross") as caught:
        hand_over(pods(handoff=uri))
    assert "{uri: /home/kedro/project/data/.handoff}" in str(caught.value)


def test_without_a_claim_pods_share_no_folder() -> None:
    with pytest.raises(SettingsError, match="would not cross") as caught:
        hand_over(pods(volume=None))
    assert "{uri: s3://" in str(caught.value)


def test_a_task_without_the_claim_reads_nothing_from_it() -> None:
    with pytest.raises(SettingsError, match="would not cross"):
        hand_over(pods({"select": "score", "kubernetes": {"volume": None}}))


@pytest.mark.parametrize("other", [{"volume": {"size": "3Gi"}}, {"namespace": "gpu"}, {"connection": "elsewhere"}])
def test_a_run_has_one_claim(other: dict[str, Any]) -> None:
    settings = pods({"select": "score", "kubernetes": other})
    with pytest.raises(SettingsError, match="share one claim"):
        check_execution(settings, [("fit", (), None), ("score", (), None)], source="airflow.yml")


def test_tasks_without_a_claim_may_be_anywhere() -> None:
    settings = pods({"select": "score", "kubernetes": {"volume": None, "namespace": "gpu"}})
    check_execution(settings, [("fit", (), None), ("score", (), None)], source="airflow.yml")
