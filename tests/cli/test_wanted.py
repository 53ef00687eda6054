"""What settings say of the places of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_aloft.cli.wanted import namespaces_of
from kedro_aloft.settings import DagSettings


@pytest.mark.parametrize(
    ("kubernetes", "override", "names"),
    [
        ({}, {"service_account": "a"}, ()),
        ({"namespace": "shop"}, {"service_account": "a"}, ("shop",)),
        ({"namespace": "shop"}, {"namespace": "gpu"}, ("shop", "gpu")),
        ({"pod_template": {"metadata": {"namespace": "shop"}}}, {"namespace": "shop"}, ("shop",)),
        ({"namespace": "shop"}, {"pod_template": {"metadata": {"namespace": "gpu"}}}, ("shop", "gpu")),
        ({"pod_template": {"spec": {}}}, {"pod_template": "pod.yaml"}, ()),
    ],
    ids=["none", "one", "an override's", "once", "a template's", "a file that was not read"],
)
def test_the_namespaces_of_all_tasks_are_known(
    kubernetes: dict[str, Any], override: dict[str, Any], names: tuple[str, ...]
) -> None:
    tasks = [{"select": "tag:gpu", "kubernetes": override}]
    assert namespaces_of(DagSettings.model_validate({"kubernetes": kubernetes, "tasks": tasks})) == names
