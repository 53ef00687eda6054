"""The values that hold for one node, after the overrides in `tasks:`."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from kedro_aloft.settings.base import Settings
from kedro_aloft.settings.duration import format_duration
from kedro_aloft.settings.execution import CONTAINER_MODES, EXECUTION_SECTIONS, POD_MODES, SECTIONS
from kedro_aloft.settings.spark import SPARK_TAG, SUBMIT_VARIABLE, submit_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import timedelta

    from kedro_aloft.settings.execution import (
        DockerSettings,
        EcsSettings,
        GkeSettings,
        KubernetesSettings,
        VenvSettings,
    )
    from kedro_aloft.settings.models import DagSettings, TaskOverride
    from kedro_aloft.settings.spark import SparkSettings

DEFAULT_PROFILE = "default"
PROFILE_TAG = "airflow.resources."
"""A node's tag `airflow.resources.gpu` names the resource profile `gpu`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """What a node demands of its task. Nodes share a task only when theirs are equal.

    Args:
        retries: Tries after the first.
        retry_delay: Pause before the next try.
        timeout: Longest time of one try; None is no limit.
        pool: Airflow pool; None is Airflow's default pool.
        pool_slots: Slots of the pool.
        priority_weight: A higher weight is scheduled first.
        queue: Queue of the executor; None is its default.
        executor: Executor; None is Airflow's default.
        env_vars: Names and values, sorted by name.
        execution: Where the nodes run.
        image: Image of the container; None in modes without one.
        resource_profile: Name in `resource_profiles`; None for none.
        venv, docker, kubernetes, gke, ecs: The section of each mode; None where `execution` does not read it.
        spark: What the operator of a Spark task reads; None for other tasks, and where Spark is in the task itself.
    """

    retries: int
    retry_delay: timedelta
    timeout: timedelta | None = None
    pool: str | None = None
    pool_slots: int = 1
    priority_weight: int = 1
    queue: str | None = None
    executor: str | None = None
    env_vars: tuple[tuple[str, str], ...] = ()
    execution: str = "process"
    image: str | None = None
    resource_profile: str | None = None
    venv: VenvSettings | None = None
    docker: DockerSettings | None = None
    kubernetes: KubernetesSettings | None = None
    gke: GkeSettings | None = None
    ecs: EcsSettings | None = None
    spark: SparkSettings | None = None

    def as_text(self) -> str:
        """Return one line that is equal for equal settings; the planner compares it and never reads it."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        values["retry_delay"] = format_duration(self.retry_delay)
        values["timeout"] = None if self.timeout is None else format_duration(self.timeout)
        sections = (*EXECUTION_SECTIONS, "spark")
        values |= {name: None if values[name] is None else values[name].model_dump() for name in sections}
        return json.dumps(values, sort_keys=True, default=str)


def effective(
    settings: DagSettings, node_name: str, *, tags: Collection[str] = (), namespace: str | None = None
) -> TaskSettings:
    """Return the values that hold for a node: those of the DAG, then each matching override in order, key by key.

    Args:
        settings: The settings of the DAG.
        node_name: Full name with namespace.
        tags: Tags of the node.
        namespace: Dotted namespace, or None.
    """
    return effective_by_name(settings, [(node_name, tags, namespace)])[node_name]


def effective_by_name(
    settings: DagSettings, nodes: Iterable[tuple[str, Collection[str], str | None]]
) -> dict[str, TaskSettings]:
    """Return the values that hold for each node; nodes for which the same overrides hold share one object.

    Args:
        settings: The settings of the DAG.
        nodes: Name, tags and namespace of each node.
    """
    found: dict[tuple[str | None, bool, tuple[int, ...]], TaskSettings] = {}
    by_name: dict[str, TaskSettings] = {}
    for name, tags, namespace in nodes:
        chosen = tuple(
            position
            for position, override in enumerate(settings.tasks)
            if selects(override, name, tags=tags, namespace=namespace)
        )
        key = (_tagged_profile(tags), settings.spark is not None and SPARK_TAG in tags, chosen)
        if key not in found:
            overrides = [settings.tasks[position] for position in chosen]
            found[key] = _changed(settings, key[0], overrides, on_spark=key[1])
        by_name[name] = found[key]
    return by_name


def _changed(
    settings: DagSettings, profile: str | None, overrides: Iterable[TaskOverride], *, on_spark: bool
) -> TaskSettings:
    values: dict[str, Any] = {field.name: getattr(settings, field.name) for field in fields(TaskSettings)}
    values["resource_profile"] = profile or values["resource_profile"]
    for override in overrides:
        values = _apply(override, values)
    values = _for_spark(values) if on_spark else {**values, "spark": None}
    if values["resource_profile"] is None and DEFAULT_PROFILE in settings.resource_profiles:
        values["resource_profile"] = DEFAULT_PROFILE
    values["env_vars"] = tuple(sorted(values["env_vars"].items()))
    return TaskSettings(**_without_other_modes(values))


def _apply(override: TaskOverride, values: dict[str, Any]) -> dict[str, Any]:
    changed = {key: _laid_over(values[key], getattr(override, key)) for key in override.changes}
    return {**values, **changed, "env_vars": {**values["env_vars"], **override.env_vars}}


def _for_spark(values: dict[str, Any]) -> dict[str, Any]:
    """What Spark's mode changes; a task that has Spark in itself differs from others by nothing but a variable."""
    spark: SparkSettings = values["spark"]
    if spark.mode in ("dataproc", "custom"):
        return {**values, "execution": spark.mode}
    on_pods = spark.mode == "kubernetes"
    if on_pods and values["execution"] not in POD_MODES:
        values = {**values, "execution": "kubernetes"}
    words = submit_words(spark, image=values["image"], pods=values["kubernetes"] if on_pods else None)
    told = {} if words is None else {SUBMIT_VARIABLE: words}
    return {**values, "env_vars": {**told, **values["env_vars"]}, "spark": spark if on_pods else None}


def _laid_over(below: Any, value: Any) -> Any:
    """Sections merge key by key, other values replace."""
    if not isinstance(value, Settings):
        return value
    return below.model_copy(update={key: getattr(value, key) for key in value.model_fields_set})


def _tagged_profile(tags: Collection[str]) -> str | None:
    """Return the profile that a tag of the node names; the first by name when several do, which is refused later."""
    return min((tag.removeprefix(PROFILE_TAG) for tag in tags if tag.startswith(PROFILE_TAG)), default=None)


def _without_other_modes(values: dict[str, Any]) -> dict[str, Any]:
    """Nodes may share a task although they differ in what their mode does not read."""
    mode = values["execution"]
    unread = dict.fromkeys(name for name in EXECUTION_SECTIONS if name not in SECTIONS[mode])
    if mode not in CONTAINER_MODES or mode == "dataproc":
        unread |= {"image": None, "resource_profile": None}
    return {**values, **unread}


def selects(
    override: TaskOverride, node_name: str, *, tags: Collection[str] = (), namespace: str | None = None
) -> bool:
    """Tell whether any selector of an override matches a node."""
    return selects_any(override.select, node_name, tags=tags, namespace=namespace)


def selects_any(
    selectors: Iterable[str], node_name: str, *, tags: Collection[str] = (), namespace: str | None = None
) -> bool:
    """Tell whether any selector matches a node."""
    return any(_matches(selector, node_name, tags, namespace) for selector in selectors)


def _matches(selector: str, node_name: str, tags: Collection[str], namespace: str | None) -> bool:
    kind, colon, pattern = selector.partition(":")
    if not colon:
        return _glob(node_name, selector)
    if kind == "tag":
        return any(_glob(tag, pattern) for tag in tags)
    if kind == "namespace":
        return any(_glob(name, pattern) for name in _with_parents(namespace))
    return _glob(node_name, pattern)


def _with_parents(namespace: str | None) -> tuple[str, ...]:
    """Return a namespace and those it lies in: Kedro's `--namespaces a` includes `a.b` as well."""
    parts = namespace.split(".") if namespace else []
    return tuple(".".join(parts[: length + 1]) for length in range(len(parts)))


def _glob(text: str, pattern: str) -> bool:
    """An equal name matches always, so that `[` in a name needs no escape."""
    return text == pattern or fnmatchcase(text, pattern)


def unused_overrides(
    settings: DagSettings, nodes: Iterable[tuple[str, Collection[str], str | None]]
) -> tuple[str, ...]:
    """Return the selectors that match no node, as `tasks[0].select: tag:gpu`, in their order.

    Args:
        settings: The settings of the DAG.
        nodes: Name, tags and namespace of each node.
    """
    known = tuple(nodes)
    return tuple(
        f"tasks[{index}].select: {selector}"
        for index, override in enumerate(settings.tasks)
        for selector in override.select
        if not any(_matches(selector, *node) for node in known)
    )


def merge_requirements(requirements: Iterable[TaskSettings]) -> tuple[str, ...]:
    """Return the keys in which nodes differ that are to share a task; empty when they may.

    Args:
        requirements: The effective settings of the nodes; with an empty result any of them holds for the task.

    Returns:
        Key names in the order of `TaskSettings`.
    """
    every = list(requirements)
    if all(one is every[0] for one in every):
        return ()
    return tuple(
        field.name
        for field in fields(TaskSettings)
        if any(getattr(one, field.name) != getattr(every[0], field.name) for one in every)
    )
