"""Why a task of a run failed or waits: Airflow's log, what is left of its pod or container, and the cause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import ImageError, RemoteError
from kedro_aloft.preflight.causes import Hint, explain
from kedro_aloft.preflight.kept import find_container

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kedro_aloft.client import AirflowApi, TaskState
    from kedro_aloft.preflight.cluster import Cluster
    from kedro_aloft.preflight.wanted import EngineWanted

OPEN_STATES = frozenset({"failed", "up_for_retry", "queued", "scheduled", "deferred", "running", "restarting"})
_WAITS = {
    "scheduled": Hint(
        code="no-slot",
        text="Airflow has not given it a slot.",
        remedy="see the pool, `max_active_tasks` of the DAG and Airflow's parallelism",
    ),
    "queued": Hint(
        code="no-worker",
        text="No worker has taken it.",
        remedy="see that a worker of its executor and queue runs, and the log of the scheduler",
    ),
}
_LOG_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is known of one task.

    Args:
        task: The task as Airflow sees it.
        pod: Name of its latest pod; None when there is none.
        container: Name of its latest container; None when there is none.
        hint: The cause; None when nothing tells one.
        said: What containers and events say, and why they could not be read.
        log: End of the task's log.
    """

    task: TaskState
    pod: str | None
    container: str | None
    hint: Hint | None
    said: tuple[str, ...]
    log: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        return {
            "task": self.task.task_id,
            "map_index": self.task.map_index,
            "state": self.task.state,
            "tries": self.task.tries,
            "pod": self.pod,
            "container": self.container,
            "cause": self.hint.code if self.hint else None,
            "hint": self.hint.text if self.hint else "",
            "remedy": self.hint.remedy if self.hint else "",
            "said": list(self.said),
            "log": list(self.log),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What is left of a task."""

    pod: str | None = None
    container: str | None = None
    said: tuple[str, ...] = ()
    started: bool = False


def diagnose_task(
    api: AirflowApi,
    dag_id: str,
    run_id: str,
    *,
    task: TaskState,
    cluster: Cluster | None = None,
    namespaces: Collection[str] = (),
    engine: EngineWanted | None = None,
) -> Diagnosis:
    """Return why a task failed or waits.

    Args:
        api: The Airflow.
        dag_id, run_id, task: The task.
        cluster: Where its pod may be; None when there is no cluster.
        namespaces: Of the cluster, in which it may be; none means the one of the cluster's login.
        engine: Where its container may be; None when there is no engine. Where neither is left, its log alone tells.
    """
    log = tuple(_log_lines(api.log(dag_id, run_id, task.task_id, task.tries, map_index=task.map_index)))
    left = _Left()
    if cluster is not None:
        left = _left_of_pod(cluster, namespaces or (cluster.namespace,), dag_id, run_id, task.task_id)
    if engine is not None and left.pod is None:
        container = _left_of_container(engine, dag_id, run_id, task.task_id)
        left = replace(container, said=(*left.said, *container.said))
    hint = explain(left.said, started=left.started) or explain(log, started=left.started) or _WAITS.get(task.state)
    return Diagnosis(
        task=task, pod=left.pod, container=left.container, hint=hint, said=left.said, log=log[-_LOG_LINES:]
    )


def _left_of_pod(cluster: Cluster, namespaces: Collection[str], dag_id: str, run_id: str, task_id: str) -> _Left:
    try:
        found = cluster.pods_of(dag_id, run_id, task_id, namespaces=namespaces)
        if not found.value:
            return _Left(said=(f"the pods cannot be read: {found.refusal}",) if found.refusal else ())
        pod = found.value[-1]
        said, started = look_at_pod(cluster, pod)
    except RemoteError as error:
        return _Left(said=(f"{error.what} {error.seen}",))
    return _Left(pod=pod["metadata"]["name"], said=tuple(said), started=started)


def _left_of_container(engine: EngineWanted, dag_id: str, run_id: str, task_id: str) -> _Left:
    try:
        found = find_container(engine.url, dag_id, run_id, task_id)
    except ImageError as error:
        return _Left(said=(f"the containers cannot be read: {error.seen or error.what}",))
    if found is None:
        return _Left()
    return _Left(container=found.name, said=(found.said,), started=found.started)


def look_at_pod(cluster: Cluster, pod: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Return what a pod's containers and events say, and whether a container has run."""
    lines = list(_states(pod))
    started = any(" ended: " in line or " runs" in line for line in lines)
    events = cluster.events_of(pod)
    lines += [f"event {one.get('reason')}: {one.get('message')}" for one in events.value]
    return [*lines, *([f"its events cannot be read: {events.refusal}"] if events.refusal else [])], started


def _states(pod: Mapping[str, Any]) -> Iterator[str]:
    status = pod.get("status") or {}
    if status.get("reason"):
        yield f"pod {status['reason']}: {status.get('message', '')}"
    containers = pod["spec"]["containers"]
    limits = {one["name"]: ((one.get("resources") or {}).get("limits") or {}).get("memory") for one in containers}
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state, name = one.get("state") or {}, one["name"]
        if waits := state.get("waiting"):
            yield f"container {name} waits: {waits.get('reason')} {waits.get('message') or ''}".rstrip()
        elif ended := state.get("terminated"):
            limit = f", memory limit {limits[name]}" if limits.get(name) else ""
            yield f"container {name} ended: {ended.get('reason')}, exit code {ended.get('exitCode')}{limit}"
        elif "running" in state:
            yield f"container {name} runs"


def _log_lines(entries: list[Any]) -> Iterator[str]:
    """The texts of a log, with the exceptions that stand beside them."""
    for entry in entries:
        if not isinstance(entry, dict):
            yield from str(entry).splitlines()
            continue
        yield from str(entry.get("event", "")).splitlines()
        for one in entry.get("error_detail") or ():
            yield from f"{one.get('exc_type')}: {one.get('exc_value')}".splitlines()
