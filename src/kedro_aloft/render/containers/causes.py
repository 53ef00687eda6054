"""Why a pod failed, in the error of its task.

Airflow's operator knows no more than that the pod failed, or what it printed last; what the cluster says it only logs.
None of the operator's callbacks is called for a pod that does not start, and the pod is deleted before the error is
raised, so DAG files have a class of their own that asks in between.
Source: `cleanup` of `KubernetesPodOperator`, apache-airflow-providers-cncf-kubernetes 10.25.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

POD_CLASSES = {"PodOperator": "KubernetesPodOperator", "GKEPodOperator": "GKEStartPodOperator"}
"""Class of the DAG file → the stock operator that it is."""

_SOURCE = '''\
class {name}({base}):
    """The stock operator, with an error that says why the pod failed."""

    # Else the folder of this file would be part of the DAG's version.
    __module__ = {base}.__module__

    def cleanup(self, pod, remote_pod, **options):
        """Ask the cluster before the pod is deleted."""
        failed = remote_pod and remote_pod.status.phase != "Succeeded"
        said = self.said_of(pod) if failed else []
        try:
            super().cleanup(pod=pod, remote_pod=remote_pod, **options)
        except Exception as error:
            error.args = ("\\n".join([*map(str, error.args), *said]),)
            raise

    def said_of(self, pod):
        """Return what the cluster says of a pod and its containers, and its warnings."""
        try:
            status = self.pod_manager.read_pod(pod).status
            events = self.pod_manager.read_pod_events(pod).items
        except Exception as error:
            return [f"The cluster says of the pod: {{getattr(error, 'reason', error)}}"]
        said = [("pod", status.reason, status.message)] if status.reason else []
        containers = [*(status.init_container_statuses or []), *(status.container_statuses or [])]
        for one in containers:
            if waits := one.state.waiting:
                said.append((f"container {{one.name}} waits", waits.reason, waits.message))
            if ended := one.state.terminated:
                ended = (ended.reason, f"exit code {{ended.exit_code}}")
                said.append((f"container {{one.name}} ended", *ended))
        said += [(f"event {{one.reason}}", one.message) for one in events if one.type == "Warning"]
        return [": ".join(part for part in parts if part) for parts in said]
'''


def pod_classes(used: Collection[str]) -> tuple[list[str], frozenset[str]]:
    """Return the classes of the DAG file that the used names ask for, and the stock operators that these are."""
    found = {name: base for name, base in POD_CLASSES.items() if name in used}
    return [_SOURCE.format(name=name, base=base) for name, base in found.items()], frozenset(found.values())
