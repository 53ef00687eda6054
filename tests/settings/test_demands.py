"""What a mode of execution cannot do without, which profile a node has, and whether handed-over data would arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.errors import SettingsError
from kedro_aloft.settings import (
    DagSettings,
    check_execution,
    check_handoff,
    effective,
    merge_requirements,
    with_pod_templates,
)
from kedro_aloft.settings.quantity import amount, is_quantity

if TYPE_CHECKING:
    from pathlib import Path


def settings(*tasks: dict[str, Any], **values: Any) -> DagSettings:
    return DagSettings.model_validate({"tasks": tasks, **values})


def check(of: DagSettings, *tags: str) -> None:
    check_execution(of, [("plain", (), None), ("train", tags, None)], source="airflow.yml")


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"execution": "docker"}, "image"),
        ({"execution": "kubernetes"}, "image"),
        ({"execution": "gke", "image": "a:1"}, "gke.project"),
        ({"execution": "gke", "image": "a:1", "gke": {"project": "p", "location": "l"}}, "gke.cluster"),
        ({"execution": "ecs"}, "ecs.cluster"),
    ],
)
def test_what_a_mode_needs_is_asked_for_by_name(values: dict[str, Any], missing: str) -> None:
    with pytest.raises(SettingsError) as error:
        check(settings(**values))
    assert error.value.where == f"airflow.yml: {missing}"
    assert "node 'plain'" in error.value.seen


def test_only_nodes_that_run_there_need_it() -> None:
    check(settings({"select": "train", "execution": "docker", "image": "a:1"}))
    with pytest.raises(SettingsError, match="needs `image`") as error:
        check(settings({"select": "train", "execution": "docker"}))
    assert "node 'train'" in error.value.seen


def test_what_no_mode_reads_is_not_asked_for() -> None:
    check(settings(execution="process"))
    check(settings(execution="venv"))


def test_a_profile_comes_from_the_override_the_tag_the_dag_or_the_default() -> None:
    profiles = {name: {} for name in ("default", "tagged", "chosen", "general")}
    of_dag = settings(execution="docker", image="a:1", resource_profiles=profiles)
    tags = ["airflow.resources.tagged"]
    assert effective(of_dag, "train").resource_profile == "default"
    general = of_dag.model_copy(update={"resource_profile": "general"})
    assert effective(general, "train").resource_profile == "general"
    assert effective(general, "train", tags=tags).resource_profile == "tagged"
    chosen = settings(
        {"select": "train", "resource_profile": "chosen"}, execution="docker", image="a:1", resource_profiles=profiles
    )
    assert effective(chosen, "train", tags=tags).resource_profile == "chosen"
    assert effective(settings(resource_profiles=profiles), "train", tags=tags).resource_profile is None


def test_an_unknown_profile_is_named_with_the_closest() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'large'"):
        check(settings(execution="docker", image="a:1", resource_profile="lage", resource_profiles={"large": {}}))


def test_two_tags_of_profiles_are_refused() -> None:
    of = settings(execution="docker", image="a:1", resource_profiles={"a": {}, "b": {}})
    with pytest.raises(SettingsError, match="tags of several resource profiles") as error:
        check(of, "airflow.resources.a", "airflow.resources.b")
    assert error.value.where == "airflow.resources.a, airflow.resources.b"


def test_sections_merge_key_by_key_and_what_a_mode_does_not_read_keeps_no_nodes_apart() -> None:
    of = settings(
        {"select": "train", "kubernetes": {"namespace": "gpu"}},
        execution="kubernetes",
        image="a:1",
        kubernetes={"namespace": "shop", "service_account": "runner"},
    )
    train, plain = effective(of, "train"), effective(of, "plain")
    assert train.kubernetes is not None
    assert (train.kubernetes.namespace, train.kubernetes.service_account) == ("gpu", "runner")
    assert merge_requirements([train, plain]) == ("kubernetes",)
    process = settings({"select": "train", "kubernetes": {"namespace": "gpu"}}, image="a:1")
    assert merge_requirements([effective(process, "train"), effective(process, "plain")]) == ()
    assert effective(process, "train").as_text() == effective(process, "plain").as_text()


# --- handed-over data


def arrives(source: str, target: str, *, uri: str = ".airflow/handoff", **kubernetes: Any) -> bool:
    of = settings(
        {"select": "b", "execution": target},
        execution=source,
        image="a:1",
        handoff=uri,
        kubernetes=kubernetes,
    )
    try:
        check_handoff(of, [("data", effective(of, "a"), effective(of, "b"))])
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize(
    ("source", "target", "uri", "expected"),
    [
        ("process", "process", ".airflow/handoff", True),
        ("process", "venv", ".airflow/handoff", True),
        ("docker", "docker", ".airflow/handoff", True),
        ("process", "docker", ".airflow/handoff", False),
        ("kubernetes", "kubernetes", ".airflow/handoff", False),
        ("kubernetes", "kubernetes", "/mnt/shared", False),
        ("kubernetes", "process", "s3://x/y", True),
        ("ecs", "ecs", "data", False),
    ],
)
def test_tasks_must_share_the_store(source: str, target: str, uri: str, expected: bool) -> None:
    assert arrives(source, target, uri=uri) is expected


# --- small values


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500m", 0.5), ("2", 2), ("1.5", 1.5), ("4Gi", 4 * 2**30), ("250M", 250e6), ("1k", 1000), ("1Ki", 1024)],
)
def test_quantities(text: str, expected: float) -> None:
    assert is_quantity(text)
    assert amount(text) == expected


@pytest.mark.parametrize("text", ["", "m", "4GB", "-1", "1 Gi", "4gi"])
def test_what_is_no_quantity(text: str) -> None:
    assert not is_quantity(text)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"resource_profiles": {"a": {"limits": {"memory": "4GB"}}}}, "quantity"),
        ({"docker": {"mounts": ["data"]}}, "mount"),
        ({"docker": {"secrets": {"A": {}}}}, "one source"),
        ({"docker": {"secrets": {"A": {"env": "X", "variable": "y"}}}}, "one source"),
        ({"kubernetes": {"secrets": [{"secret": "a", "key": "b"}]}}, "no place"),
        ({"kubernetes": {"secrets": [{"secret": "a", "env": "b", "mount": "/c"}]}}, "at once"),
        ({"kubernetes": {"namespac": "x"}}, "namespac"),
    ],
)
def test_bad_values_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        settings(**values)


# --- pod templates


def test_a_pod_template_is_read_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text("kind: Pod\nspec: {priorityClassName: batch}\n")
    of = settings({"select": "a", "kubernetes": {"pod_template": "pod.yaml"}}, kubernetes={"pod_template": "pod.yaml"})
    filled = with_pod_templates(of, project=tmp_path)
    assert filled.kubernetes.pod_template == {"kind": "Pod", "spec": {"priorityClassName": "batch"}}
    (task,) = filled.tasks
    assert task.kubernetes is not None
    assert task.kubernetes.pod_template == filled.kubernetes.pod_template


@pytest.mark.parametrize(
    ("text", "seen"), [("kind: Job\n", "Job"), ("[1]", "list"), ("a: [", "flow"), (None, "No such")]
)
def test_what_is_no_pod_is_refused(tmp_path: Path, text: str | None, seen: str) -> None:
    if text is not None:
        (tmp_path / "pod.yaml").write_text(text)
    with pytest.raises(SettingsError, match="pod template") as error:
        with_pod_templates(settings(kubernetes={"pod_template": "pod.yaml"}), project=tmp_path)
    assert seen in error.value.seen
