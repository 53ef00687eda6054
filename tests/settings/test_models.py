from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from kedro_aloft.settings import DagSettings, TaskOverride
from kedro_aloft.settings.models import TASK_KEYS, NotifySettings, WaitFor
from kedro_aloft.settings.overrides import TaskSettings
from kedro_aloft.settings.problems import MODELS


def models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for argument in get_args(annotation) for model in models_in(argument)}


def nested_models(model: type[BaseModel]) -> dict[str, set[type[BaseModel]]]:
    found = {name: models_in(field.annotation) for name, field in model.model_fields.items()}
    return {name: models for name, models in found.items() if models}


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        DagSettings().retries = 2


def test_every_nested_model_is_known_to_the_problems() -> None:
    found = {name: models for name, models in nested_models(DagSettings).items() if name != "schedule"}
    deeper = {
        f"{name}.{key}": inner
        for name, models in found.items()
        for model in models
        for key, inner in nested_models(model).items()
        if name not in ("tasks", "notify")
    }
    assert found | deeper == {name: {model} for name, model in MODELS.items() if name}


def test_overrides_and_task_settings_have_the_same_keys() -> None:
    assert {*TASK_KEYS, "spark"} == set(TaskSettings.__dataclass_fields__)  # Spark is one for the whole DAG
    assert set(TASK_KEYS) <= set(DagSettings.model_fields)


def test_overrides_accept_what_the_dag_accepts() -> None:
    for name in TASK_KEYS:
        for example in TaskOverride.model_fields[name].examples or ():
            of_dag = getattr(DagSettings.model_validate({name: example}), name)
            of_task = getattr(TaskOverride.model_validate({"select": "a", name: example}), name)
            assert of_dag == of_task, name


def test_defaults_are_valid_values() -> None:
    settings = DagSettings()
    dumped = settings.model_dump(mode="json")
    assert DagSettings.model_validate(dumped) == settings


def test_a_dump_reads_back() -> None:
    settings = DagSettings.model_validate(
        {
            "timezone": "Europe/Zurich",
            "schedule": {"every": "15m"},
            "wait_for": ["ingest", {"dag_id": "b", "timeout": "90m"}],
            "handoff": "s3://x",
            "tasks": [{"select": "a", "retry_delay": 5}],
        }
    )
    dumped = settings.model_dump(mode="json", exclude_unset=True)
    assert DagSettings.model_validate(dumped) == settings
    assert dumped["schedule"] == {"every": "15m"}


def test_one_item_may_stand_without_its_list() -> None:
    settings = DagSettings.model_validate({"tags": "a", "wait_for": "ingest", "notify": {"on_failure": "a.B"}})
    assert settings.tags == ("a",)
    assert settings.wait_for == (WaitFor(dag_id="ingest"),)
    assert settings.wait_for[0].timeout == timedelta(days=1)
    assert settings.notify.on_failure[0].class_path == "a.B"


def test_lists_keep_their_order_without_repeats() -> None:
    assert DagSettings.model_validate({"tags": ["b", "a", "b"]}).tags == ("b", "a")


def test_a_notifier_is_a_class_and_its_arguments() -> None:
    notify = NotifySettings.model_validate({"on_failure": [{"class": "a.b.C", "text": "{{ ds }}", "n": [1]}]})
    assert (notify.on_failure[0].class_path, notify.on_failure[0].kwargs) == ("a.b.C", {"text": "{{ ds }}", "n": [1]})


@pytest.mark.parametrize("written", ["MEMORY", " Memory ", "memory"])
def test_group_by_has_any_case(written: str) -> None:
    assert DagSettings.model_validate({"group_by": written}).group_by == "memory"


@pytest.mark.parametrize("written", [None, "None", "none"])
def test_no_group_by_is_none(written: str | None) -> None:
    assert DagSettings.model_validate({"group_by": written}).group_by == "none"


def test_group_by_has_the_words_of_the_planner() -> None:
    from kedro_aloft.graph.grouping import GroupBy, OnCycle

    assert set(get_args(DagSettings.model_fields["on_cycle"].annotation)) == {word.value for word in OnCycle}
    assert set(get_args(DagSettings.model_fields["group_by"].annotation)) == {word.value for word in GroupBy}


def test_distributions_have_one_spelling() -> None:
    settings = DagSettings.model_validate({"skip_plugin_hooks": ["Kedro_Telemetry", "kedro.viz", "kedro-viz"]})
    assert settings.skip_plugin_hooks == ("kedro-telemetry", "kedro-viz")


def test_the_room_imports_neither_kedro_nor_airflow_nor_yaml() -> None:
    code = "import kedro_aloft.settings, sys; print(*{'kedro', 'airflow', 'yaml', 'click'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
