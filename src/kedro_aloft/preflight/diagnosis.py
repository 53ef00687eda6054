"""Why a task of a run failed or waits: Airflow's log and what the cluster still has of its pod, with the cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RemoteError
from kedro_aloft.preflight.causes import Hint, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kedro_aloft.client import AirflowApi, TaskState
    from kedro_aloft.preflight.cluster import Cluster

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
        hint: The cause; None when nothing tells one.
        said: What containers and events say, and why they could not be read.
        log: End of the task's log.
    """

    task: TaskState
    pod: str | None
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
            "cause": self.hint.code if self.hint else None,
            "hint": self.hint.text if self.hint else "",
            "remedy": self.hint.remedy if self.hint else "",
            "said": list(self.said),
            "log": list(self.log),
        }


def diagnose_task(api: AirflowApi, dag_id: str, run_id: str, *, task: TaskState, cluster: Cluster | None) -> Diagnosis:
    """Return why a task failed or waits; without a cluster, and without a pod, its log alone tells."""
    log = tuple(_log_lines(api.log(dag_id, run_id, task.task_id, task.tries, map_index=task.map_index)))
    pod, said, started = None, list[str](), False
    if cluster is not None:
        try:
            found = cluster.pods_of(dag_id, run_id, task.task_id, namespace=cluster.namespace)
            if found.value:
                pod = found.value[-1]
                said, started = look_at_pod(cluster, pod)
            elif found.refusal:
                said = [f"the pods cannot be read: {found.refusal}"]
        except RemoteError as error:
            said = [f"{error.what} {error.seen}"]
    hint = explain(said, started=started) or explain(log, started=started) or _WAITS.get(task.state)
    name = pod["metadata"]["name"] if pod else None
    return Diagnosis(task=task, pod=name, hint=hint, said=tuple(said), log=log[-_LOG_LINES:])


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
