"""Operators that a DAG file makes of stock ones, where these do not do what their page says or what people need.

- Airflow's pod operator knows no more than that the pod failed, or what it printed last; what the cluster says it only
  logs. None of its callbacks is called for a pod that does not start, and the pod is deleted before the error is
  raised, so a method of it asks in between.
  Source: `cleanup` of `KubernetesPodOperator`, apache-airflow-providers-cncf-kubernetes 10.25.
- With `auto_remove="success"` Airflow's Docker operator removes containers that failed, too; and it does not tell one
  that was killed for want of memory.
  Source: `_run_image_with_mounts` of `DockerOperator`, apache-airflow-providers-docker 4.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_POD = '''\
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
_CONTAINER = '''\
class {name}({base}):
    """The stock operator, which leaves the container of a failed task to be looked at."""

    # Else the folder of this file would be part of the DAG's version.
    __module__ = {base}.__module__

    def execute(self, context):
        """Remove the container when all went well; tell want of memory from other failures."""
        try:
            result = super().execute(context)
        except Exception as error:
            there = self.cli.inspect_container(self.container["Id"]) if self.container else None
            if there and there["State"]["OOMKilled"]:
                error.args = (f"{{error}} OOMKilled: it wanted more memory than its limit.",)
            raise
        self.cli.remove_container(self.container["Id"])
        return result
'''
_CLASSES = {
    "PodOperator": ("KubernetesPodOperator", _POD),
    "GKEPodOperator": ("GKEStartPodOperator", _POD),
    "KeptContainerOperator": ("DockerOperator", _CONTAINER),
}

OPERATORS = frozenset(_CLASSES)
"""Names of all classes that a DAG file may have."""


def operator_classes(used: Collection[str]) -> tuple[list[str], frozenset[str]]:
    """Return the classes of the DAG file that the used names ask for, and the stock operators that these are."""
    found = {name: _CLASSES[name] for name in _CLASSES if name in used}
    blocks = [source.format(name=name, base=base) for name, (base, source) in found.items()]
    return blocks, frozenset(base for base, _ in found.values())
