"""A claim for each run: made and filled by setup tasks, mounted by pods, deleted by a teardown.

The DAG file makes and deletes it by functions of its own, which ask the first pod's operator for its cluster: the same
for every operator that derives from Airflow's, and a try that is made again finds what the one before it left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.render.containers.work import FILL_COMMAND
from kedro_aloft.render.layout import Call, Name
from kedro_aloft.render.slug import slugify
from kedro_aloft.render.statements import free_id, open_call

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.render.containers.work import Constants
    from kedro_aloft.settings.execution import VolumeSettings
    from kedro_aloft.settings.overrides import TaskSettings

VOLUME_NAMES = ("VOLUME", "CLAIM")
CREATE, DELETE = "create_claim", "delete_claim"
EMPTY_PLACE = "/kedro-aloft/volume"
"""Where the pod that fills the claim has it: over `volume.mount` it would hide what the image has there."""

_NAME = "{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_OID, ti.dag_id ~ '/' ~ ti.run_id) }}"
_MAX_PREFIX = 24

_SOURCE = f'''\
def {CREATE}(claim, beside, dag, ti):
    """Create the claim of a run where the pods of a task will be; one that is there already will do."""
    pod = dag.get_task(beside)
    namespace = pod.build_pod_request_obj().metadata.namespace
    run = {{"dag_id": make_safe_label_value(ti.dag_id), "run_id": make_safe_label_value(ti.run_id)}}
    labels = {{**claim["metadata"]["labels"], **run}}
    claim = {{**claim, "metadata": {{**claim["metadata"], "labels": labels}}}}
    name = claim["metadata"]["name"]
    try:
        pod.client.create_namespaced_persistent_volume_claim(namespace, claim)
    except ApiException as error:
        if error.status != 409:
            raise
        there = pod.client.read_namespaced_persistent_volume_claim(name, namespace)
        if there.metadata.deletion_timestamp:
            raise RuntimeError(f"The claim {{name}} is still being deleted.") from None
    print(f"Claim {{name}} in namespace {{namespace}}.")


def {DELETE}(claim, beside, keep, dag, ti):
    """Delete the claim of a run, or keep it to be looked at; one that is gone already is fine."""
    pod, name = dag.get_task(beside), claim["metadata"]["name"]
    namespace = pod.build_pod_request_obj().metadata.namespace
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {{}})
    bad = {{"failed", "upstream_failed"}} & set(states.values())
    if keep == "always" or (keep == "on_failure" and bad):
        print(f"Keeping the claim {{name}} in namespace {{namespace}}.")
        return
    try:
        pod.client.delete_namespaced_persistent_volume_claim(name, namespace)
    except ApiException as error:
        if error.status != 404:
            raise
'''
_NAMES_IN_SOURCE = frozenset({"ApiException", "make_safe_label_value"})

VOLUME_MODULES: Mapping[str, str] = {
    "ApiException": "kubernetes.client.exceptions",
    "PythonOperator": "airflow.providers.standard.operators.python",
    "make_safe_label_value": "airflow.providers.cncf.kubernetes.pod_generator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeTasks:
    """The tasks around a claim.

    Args:
        calls: Call and suffix by task id, in their order.
        edges: What runs before what: ids, and the id that waits for them.
    """

    calls: Mapping[str, tuple[Call, str]]
    edges: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def volume_of(demands: TaskSettings) -> VolumeSettings | None:
    """Return the claim that a task wants, None for none."""
    return demands.kubernetes.volume if demands.kubernetes is not None else None


def without_volume(demands: TaskSettings) -> TaskSettings:
    """Return the demands of a task that needs no claim."""
    if demands.kubernetes is None:
        return demands
    return replace(demands, kubernetes=demands.kubernetes.model_copy(update={"volume": None}))


def claim_name(package: str) -> str:
    """Return the template of a claim's name: the same in each try of a run, another in each run."""
    return f"{slugify(package, max_length=_MAX_PREFIX) or 'run'}-{_NAME}"


def claim_constant(package: str, constants: Constants) -> Name:
    """Return the constant with the name of a run's claim."""
    return constants.name("VOLUME", claim_name(package))


def volume_source(used: Collection[str]) -> tuple[list[str], frozenset[str]]:
    """Return the functions of the DAG file that make and delete claims, and the names that they use."""
    return ([_SOURCE], _NAMES_IN_SOURCE) if CREATE in used else ([], frozenset())


def volume_tasks(
    plan: Plan,
    demands: Mapping[str, TaskSettings],
    constants: Constants,
    *,
    labels: Mapping[str, str],
    fill: Callable[[TaskSettings, str], Call],
    taken: Collection[str],
) -> VolumeTasks | None:
    """Return the tasks that make, fill and delete the claim of a run; None when no task wants one.

    Args:
        plan: What runs.
        demands: What each task demands, by id.
        constants: Of the file.
        labels: Of the claim.
        fill: Returns the call of the pod of an id that fills the claim, with the demands of a task.
        taken: Ids of tasks and groups.
    """
    users = [task for task in plan.tasks if volume_of(demands[task.id]) is not None]
    if not users:
        return None
    first = demands[users[0].id]
    volume = volume_of(first)
    assert volume is not None
    create, filled, delete = (free_id(name, taken) for name in ("create_volume", "fill_volume", "delete_volume"))
    claim = constants.name("CLAIM", _claim(volume, claim_constant(plan.package, constants), labels))
    ids = {task.id for task in users}
    roots = tuple(task.id for task in users if not ids.intersection(task.upstream))
    calls = {create: (_function(create, CREATE, [claim, users[0].id]), ".as_setup()")}
    ready = create
    if volume.initialise:
        calls[filled] = (fill(first, filled), ".as_setup()")
        ready = filled
    calls[delete] = (_function(delete, DELETE, [claim, users[0].id, volume.keep]), ".as_teardown()")
    edges = [((create,), (filled,))] if volume.initialise else []
    # All of its users, not the last ones alone: those end at once as `upstream_failed` while another one still runs.
    return VolumeTasks(
        calls=calls, edges=(*edges, ((ready,), roots), ((create, *(task.id for task in users)), (delete,)))
    )


def _function(task_id: str, function: str, arguments: list[Any]) -> Call:
    return open_call("PythonOperator", {"task_id": task_id, "python_callable": Name(function), "op_args": arguments})


def _claim(volume: VolumeSettings, name: Name, labels: Mapping[str, str]) -> dict[str, Any]:
    storage_class = {"storageClassName": volume.storage_class} if volume.storage_class is not None else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "accessModes": list(volume.access_modes),
            **storage_class,
            "resources": {"requests": {"storage": volume.size}},
        },
    }


def fill_command(volume: VolumeSettings) -> tuple[str, ...]:
    """Return what the pod runs that copies what the image has into the empty claim."""
    return (*FILL_COMMAND, volume.mount, EMPTY_PLACE)
