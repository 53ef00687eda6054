"""TaskRequest: everything that the runtime must know to run one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import FINISH, NODES, PER_TASK, START
from kedro_aloft.contract.wire import from_json, to_json
from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One task's work, as the Airflow side asks for it.

    Args:
        dag_id, run_id, task_id, try_number: Who asks; for logs and errors.
        version: Kedro session id and save version of the DAG run (`RunIdentity.version`).
        run_directory: `<dag>/<run>` below the handoff store (`RunIdentity.directory`).
        project_path: Absolute path of the Kedro project; the runtime's working directory.
        package: Python package of the project.
        pipeline: Registered pipeline that owns the nodes.
        nodes: Names of the nodes to run, and no others.
        env: Kedro environment, or None for the project's default.
        conf_source: Configuration directory or archive, or None for the project's own.
        selective: Whether Kedro may load this pipeline alone.
        runtime_params: Kedro runtime parameters, nested.
        load_versions: Versions to load, by dataset.
        pinned: Versioned datasets to read at the run's own version.
        versioned: Versioned datasets that the task writes; what an earlier try of this run wrote is replaced.
        handoff_uri: Root of the handoff store: any fsspec URI, or a path relative to the project.
        gives, takes: Datasets to put into, and to find in, the handoff store.
        runner: Kedro runner: a name in `kedro.runner` or a dotted path.
        skip_plugin_hooks: Distributions whose Kedro hooks are not loaded.
        stage: `nodes` runs them; `start` and `finish` do what is done once per DAG run, before and after all of them.
            Then no node is run, and no name means that the pipeline's own nodes are all in the DAG.
        mlflow: Whether all tasks of the DAG run log into one MLflow run.
        pipeline_hooks: `per_task`, or `per_run`: hooks around the pipeline are called by `start` and `finish` alone.
        resume: Whether a task of several nodes goes on where an earlier try of it failed.
        clear_number: How often the DAG run was cleared. The same as in an earlier try: Airflow tries again by itself.
        rerun: Nodes that must run, whatever earlier tries did, and those that they need; None to go by earlier tries.
        doubtful: Nodes that must run with those of `rerun` unless earlier tries are known to have done them.
        states: How the run's tasks ended, by task id; for `finish`.
        errors: What tasks that failed said, by task id, as far as it is known; for `finish`.
    """

    dag_id: str
    run_id: str
    task_id: str
    try_number: int = 1
    version: str
    run_directory: str
    project_path: str
    package: str
    pipeline: str
    nodes: tuple[str, ...] = ()
    env: str | None = None
    conf_source: str | None = None
    selective: bool = True
    runtime_params: Mapping[str, Any] = field(default_factory=dict)
    load_versions: Mapping[str, str] = field(default_factory=dict)
    pinned: tuple[str, ...] = ()
    versioned: tuple[str, ...] = ()
    handoff_uri: str = ""
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    runner: str = "SequentialRunner"
    skip_plugin_hooks: tuple[str, ...] = ()
    stage: str = NODES
    mlflow: bool = False
    pipeline_hooks: str = PER_TASK
    resume: bool = True
    clear_number: int = 0
    rerun: tuple[str, ...] | None = None
    doubtful: tuple[str, ...] = ()
    states: Mapping[str, str | None] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a request that cannot be served."""
        if self.stage not in (NODES, START, FINISH):
            raise RequestError(f"'{self.stage}' is no stage of a run.", seen=f"{NODES}, {START}, {FINISH}")
        if not self.nodes and self.stage == NODES:
            raise RequestError("The request names no node.", where=f"task '{self.task_id}'")
        if (self.gives or self.takes) and not self.handoff_uri:
            raise RequestError("The request hands datasets over but names no store.", where=f"task '{self.task_id}'")

    def to_json(self) -> str:
        """Return the request as one line of JSON."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> TaskRequest:
        """Return the request that `to_json` wrote.

        Raises:
            RequestError: If it is of another wire version or malformed.
        """
        return cls(**from_json(cls, text))
