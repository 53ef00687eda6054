"""KedroPipeline: what all tasks of one DAG share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import DEFAULT_HANDOFF_URI, PER_TASK

if TYPE_CHECKING:
    from collections.abc import Mapping

WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True, eq=False)  # to make the class takes a third longer with it, at every parse
class KedroPipeline:
    """A Kedro pipeline as a DAG sees it.

    Args:
        package: Python package of the Kedro project.
        pipeline: Registered pipeline.
        env: Kedro environment; None for the project's default.
        conf_source: Configuration directory or archive; None for the project's own.
        project_path: Where the project is on the workers: absolute, or relative to the DAG file. None to look for it
            (see `locate.find_project`).
        release: Id of the release that the tasks run; empty for the project that is found on the worker. A run keeps
            the release with which it began.
        releases: Where releases are kept: a path relative to the DAG file, or any fsspec URI.
        selective: Whether Kedro may load this pipeline alone.
        handoff: Store for in-memory datasets that cross tasks: any fsspec URI, or a path relative to the project.
        handoff_ttl: Seconds after which what failed runs left in the store is removed.
        handoff_keep: `on_failure` keeps the data of failed runs until the TTL, `always` removes nothing, `never`
            removes everything at the end of each run.
        runner: Kedro runner for tasks of several nodes: a name in `kedro.runner` or a dotted path.
        resume: Whether a task of several nodes goes on where an earlier try of it failed.
        warm: `auto` lets tasks start as forks of a warm server on workers that offer it (see `launch`); `never`.
        skip_plugin_hooks: Distributions whose Kedro hooks are not loaded in tasks.
        runtime_params: Kedro runtime parameters; texts may be Airflow templates.
        load_versions: Versions of datasets to load.
        mlflow: Whether all tasks of a DAG run log into one MLflow run, through kedro-mlflow; the DAG then has a
            `KedroStart` and a `KedroFinish`.
        pipeline_hooks: `per_task` calls Kedro's hooks around the pipeline in every task; `per_run` once per DAG run, by
            `KedroStart` and `KedroFinish`.
    """

    package: str
    pipeline: str = "__default__"
    env: str | None = None
    conf_source: str | None = None
    project_path: str | None = None
    release: str = ""
    releases: str = ""
    selective: bool = True
    handoff: str = DEFAULT_HANDOFF_URI
    handoff_ttl: int = WEEK_S
    handoff_keep: str = "on_failure"
    runner: str = "SequentialRunner"
    resume: bool = True
    warm: str = "auto"
    skip_plugin_hooks: tuple[str, ...] = ("kedro-mlflow", "kedro-telemetry", "kedro-viz")
    runtime_params: Mapping[str, Any] = field(default_factory=dict)
    load_versions: Mapping[str, str] = field(default_factory=dict)
    mlflow: bool = False
    pipeline_hooks: str = PER_TASK
