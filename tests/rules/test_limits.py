"""Resources and limits: widths, pools, queues, images, requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kedro_aloft.graph.snapshot import NodeInfo
from kedro_aloft.rules import Finding, SettingsView, Severity, TaskView, find_problems
from kedro_aloft.rules.limits import widest
from support.subjects import subject


def fan(width: int) -> tuple[NodeInfo, ...]:
    """One node, then some side by side, then one again."""
    middle = tuple(NodeInfo(name=f"m{number}", inputs=("a",), outputs=(f"o{number}",)) for number in range(width))
    last = NodeInfo(name="last", inputs=tuple(f"o{number}" for number in range(width)), outputs=("z",))
    return (NodeInfo(name="first", outputs=("a",)), *middle, last)


def found(code: str, *nodes: NodeInfo, **more: Any) -> tuple[Finding, ...]:
    return find_problems(
        subject(*(nodes or fan(2)), **more), select=[code], locate=lambda _, spot: (spot.name, spot.line)
    )


def views(**by_node: TaskView) -> dict[str, Any]:
    return {"task_view": lambda node: by_node.get(node.name, TaskView())}


def everywhere(**values: Any) -> dict[str, Any]:
    return {"task_view": lambda _: TaskView(**values)}


# --- widths


def test_the_widest_place() -> None:
    assert len(widest(subject(*fan(5)).plan.tasks)) == 5
    chain = [NodeInfo(name=f"n{k}", inputs=(f"d{k}",), outputs=(f"d{k + 1}",)) for k in range(5)]
    assert len(widest(subject(*chain).plan.tasks)) == 1


@pytest.mark.parametrize(
    ("width", "more", "limit"),
    [
        (16, {}, None),
        (17, {}, "max_active_tasks_per_dag"),
        (5, {"settings": SettingsView(slots=4)}, "slots"),
        (3, everywhere(pool_slots=50), "pool default_pool"),
        (2, everywhere(pool_slots=50), None),
        (5, {"files": {"docker-compose.yml": "  AIRFLOW__CORE__PARALLELISM: '4'\n"}}, "parallelism"),
        (20, {"files": {".env": "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG=64\n"}}, None),
        (3, {**everywhere(pool="gpu"), "files": {"pools.json": '{"gpu": {"slots": 2}}'}}, "pool gpu"),
        (3, everywhere(pool="gpu"), None),
    ],
)
def test_which_limit_binds(width: int, more: dict[str, Any], limit: str | None) -> None:
    messages = [one.message for one in found("L01", *fan(width), **more)]
    assert len(messages) == (limit is not None)
    assert not limit or f"`{limit}`" in messages[0]


def test_many_tasks() -> None:
    assert len(found("L02", *fan(250))) == 1
    assert found("L02", *fan(200)) == ()
    assert found("L02", *fan(250), group_by="chain") == ()


def test_a_runner_with_one_node() -> None:
    threads = SettingsView(runner="kedro.runner.ThreadRunner")
    assert len(found("L03", settings=threads)) == 1
    assert found("L03", settings=threads, group_by="pipeline") == ()
    assert found("L03") == ()
    assert found("L03", settings=SettingsView(runner="shop.runners.MyRunner")) == ()


# --- pools and queues


POOLS = {"files": {"conf/pools.json": json.dumps({"training": {"slots": 4, "description": ""}})}}


def test_unknown_pools() -> None:
    (finding,) = found("L04", **everywhere(pool="trainin"), **POOLS)
    assert "did you mean 'training'" in finding.remedy
    assert found("L04", **everywhere(pool="training"), **POOLS) == ()
    assert found("L04", **everywhere(pool="default_pool"), **POOLS) == ()
    assert found("L04", **everywhere(pool="trainin")) == ()
    assert found("L04", **everywhere(pool="x"), files={"pools.json": "[1, 2", "carpools.json": "[]"}) == ()


def test_pools_that_are_too_small() -> None:
    assert len(found("L05", **views(m0=TaskView(pool="training", pool_slots=5)), **POOLS)) == 1
    assert found("L05", **views(m0=TaskView(pool="training", pool_slots=4)), **POOLS) == ()
    assert found("L05", **everywhere(pool="other", pool_slots=900), **POOLS) == ()
    assert len(found("L05", **views(m0=TaskView(pool_slots=129)))) == 1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("training", "trainning", True),
        ("training", "Training", True),
        ("heavy-jobs", "heavy_jobs", True),
        ("gpu1", "gpu2", False),
        ("worker_1", "worker_12", False),
        ("gpu", "cpu", False),
        ("large", "small", False),
        ("training", "scoring", False),
        ("training", "training_large", False),
    ],
)
def test_names_that_look_alike(one: str, other: str, alike: bool) -> None:
    for key in ("pool", "queue"):
        hits = found(
            "L06", **views(first=TaskView(**{key: one}), m0=TaskView(**{key: one}), m1=TaskView(**{key: other}))
        )
        assert [hit.where for hit in hits] == (["node m1"] if alike else [])


@pytest.mark.parametrize(
    ("executor", "count"),
    [
        ("LocalExecutor", 1),
        ("airflow.executors.local_executor.LocalExecutor", 1),
        ("KubernetesExecutor", 1),
        ("CeleryExecutor", 0),
        (None, 0),
    ],
)
def test_queues_without_effect(executor: str | None, count: int) -> None:
    assert len(found("L07", **everywhere(executor=executor, queue="large"))) == count
    assert found("L07", **everywhere(executor=executor)) == ()


# --- images and pods


@pytest.mark.parametrize(
    ("image", "floats"),
    [
        ("shop", True),
        ("shop:latest", True),
        ("registry.example.org:5000/shop", True),
        ("registry.example.org:5000/team/shop:1.4.2", False),
        ("shop@sha256:0123456789abcdef", False),
        ("registry.example.org/shop:{{ var.value.tag }}", False),
        ("shop:latest-3.11", False),
    ],
)
def test_images(image: str, floats: bool) -> None:
    assert len(found("L08", **everywhere(execution="docker", image=image))) == floats


def test_bases_of_images() -> None:
    text = "ARG TAG=1\nFROM python\nFROM --platform=linux/amd64 python:3.11 AS build\n"
    text += "FROM build\nFROM x:${TAG}\nfrom y:latest\n"
    assert [one.line for one in found("L09", files={"Dockerfile": text})] == [2, 6]
    assert found("L09", files={"docs/Docker.md": text}) == ()
    assert [one.line for one in found("L09", files={"docker/Dockerfile.gpu": "FROM scratch\nFROM a\n"})] == [2]


GIB = 1024.0**3
WHOLE = {"requests": (("cpu", 1.0), ("memory", GIB)), "limits": (("memory", GIB),)}


def test_requests_and_limits() -> None:
    for mode in ("kubernetes", "gke"):
        (none,) = found("L10", **everywhere(execution=mode))
        (half,) = found("L10", **everywhere(execution=mode, requests=(("cpu", 1.0),)))
        assert ["no cpu and no memory" in none.message, "no memory" in half.message] == [True, True]
        assert found("L10", **everywhere(execution=mode, has_template=True)) == ()
        assert len(found("L11", **everywhere(execution=mode))) == 1
        assert found("L10", **everywhere(execution=mode, **WHOLE)) == ()
        assert found("L11", **everywhere(execution=mode, **WHOLE)) == ()
    assert found("L10", **everywhere(execution="docker")) == found("L10") == ()
    assert len(found("L11", **everywhere(execution="docker"))) == 1
    assert found("L11", **everywhere(execution="process")) == found("L11", **everywhere(execution="venv")) == ()


def test_requests_beyond_limits() -> None:
    (finding,) = found(
        "L12", **everywhere(execution="kubernetes", requests=(("memory", 2 * GIB),), limits=(("memory", GIB),))
    )
    assert finding.severity is Severity.ERROR
    assert (
        found("L12", **everywhere(execution="kubernetes", requests=(("memory", 2 * GIB),), limits=(("cpu", 1),))) == ()
    )
    assert found("L12", **everywhere(execution="kubernetes", **WHOLE)) == ()


def test_claims_of_one_machine() -> None:
    once = everywhere(execution="kubernetes", claim_modes=("ReadWriteOnce",))
    assert len(found("L13", *fan(2), **once)) == 1
    assert found("L13", *fan(1), **once) == ()
    assert found("L13", *fan(2), **everywhere(execution="kubernetes", claim_modes=("ReadWriteMany",))) == ()
    assert found("L13", *fan(2), **everywhere(execution="kubernetes")) == ()
