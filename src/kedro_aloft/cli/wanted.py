"""What compiled DAGs demand of clusters, engines and environments, as `preflight` is asked about it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro_aloft.preflight import ClusterWanted, EngineWanted, PodWanted, PythonWanted, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.settings import DagSettings, TaskSettings
    from kedro_aloft.settings.execution import KubernetesSettings

Demanded = tuple["CompiledDag", str, "TaskSettings"]
"""A DAG, a task of it, and what its nodes demand."""


def demanded(compiled: Iterable[CompiledDag]) -> list[Demanded]:
    """Return every task with what its nodes demand."""
    from kedro_aloft.render.running import share_arguments

    return [
        (dag, task_id, demands)
        for dag in compiled
        for task_id, demands in share_arguments(dag.plan, dag.settings, nodes=dag.snapshot.by_name).demands.items()
    ]


def clusters_wanted(tasks: Iterable[Demanded]) -> tuple[ClusterWanted, ...]:
    """Return the clusters of the tasks with `execution: kubernetes`, each with its pods; equal pods are one."""
    from kedro_aloft.render.containers.pods import pod_of
    from kedro_aloft.render.containers.work import work_of

    places: dict[ClusterWanted, dict[str, tuple[PodWanted, list[str]]]] = {}
    for dag, task_id, demands in tasks:
        if demands.execution != "kubernetes" or demands.kubernetes is None or _by_connection(demands.kubernetes):
            continue
        volume = demands.kubernetes.volume
        pod = PodWanted(
            pod=pod_of(work_of(dag.plan, dag.settings, demands)),
            tasks=(),
            claims_volume=volume is not None,
            storage_class=volume.storage_class if volume else None,
        )
        key = json.dumps([pod.pod, pod.claims_volume, pod.storage_class], sort_keys=True)
        places.setdefault(place_of(demands.kubernetes), {}).setdefault(key, (pod, []))[1].append(task_id)
    return tuple(_with_pods(place, pods.values()) for place, pods in places.items())


def places_unasked(tasks: Iterable[Demanded]) -> tuple[Unreachable, ...]:
    """Return the places of tasks that only Airflow's connections, or a cloud's own login, lead to."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for _, task_id, demands in tasks:
        place = _unasked(demands)
        if place is not None:
            found.setdefault(place, []).append(task_id)
    return tuple(Unreachable(name=name, why=why, remedy=do, tasks=tuple(ids)) for (name, why, do), ids in found.items())


def _unasked(demands: TaskSettings) -> tuple[str, str, str] | None:
    """Return name, reason and remedy of a place that cannot be asked."""
    by_context = "ask with --set=execution=kubernetes --set=kubernetes.context=NAME, a context of your kubeconfig"
    kubernetes, gke, ecs = demands.kubernetes, demands.gke, demands.ecs
    if demands.execution == "gke" and gke is not None:
        get = (
            f"gcloud container clusters get-credentials {gke.cluster} --location={gke.location} --project={gke.project}"
        )
        return f"Cluster {gke.cluster} of gke", "its login is Google's", f"`{get}`, then {by_context}"
    if demands.execution == "ecs" and ecs is not None:
        region = f" --region={ecs.region}" if ecs.region else ""
        look = f"aws ecs describe-task-definition --task-definition={ecs.task_definition}{region}"
        return (
            f"Cluster {ecs.cluster} of ecs",
            "its login is Amazon's",
            f"`{look}` shows whether image and roles are right",
        )
    if demands.execution == "kubernetes" and kubernetes is not None and _by_connection(kubernetes):
        return f"Cluster of the connection {kubernetes.connection}", "connections are Airflow's", by_context
    return None


def _by_connection(kubernetes: KubernetesSettings) -> bool:
    """Whether nothing but a connection of Airflow says which cluster it is; the user's own may be another one."""
    named = kubernetes.config_file or kubernetes.context or kubernetes.in_cluster
    return kubernetes.connection is not None and not named


def place_of(kubernetes: Any) -> ClusterWanted:
    """Return where the section `kubernetes` says that the cluster is; with no word, the user's kubeconfig or ours."""
    inside = "KUBERNETES_SERVICE_HOST" in os.environ and not (kubernetes.config_file or kubernetes.context)
    return ClusterWanted(
        config_file=kubernetes.config_file, context=kubernetes.context, in_cluster=bool(kubernetes.in_cluster) or inside
    )


def namespaces_of(settings: DagSettings) -> tuple[str, ...]:
    """Return the namespaces that settings name for pods of some task, or a pod template does; each once."""
    sections = [settings.kubernetes, *(one.kubernetes for one in settings.tasks if one.kubernetes)]
    names = [name for one in sections for name in (one.namespace, _namespace_of(one.pod_template))]
    return tuple(dict.fromkeys(name for name in names if name))


def _namespace_of(pod_template: Any) -> str | None:
    metadata = pod_template.get("metadata") if isinstance(pod_template, Mapping) else None
    return metadata.get("namespace") if isinstance(metadata, Mapping) else None


def _with_pods(place: ClusterWanted, pods: Iterable[tuple[PodWanted, list[str]]]) -> ClusterWanted:
    from dataclasses import replace

    return replace(place, pods=tuple(replace(pod, tasks=tuple(tasks)) for pod, tasks in pods))


def engines_wanted(tasks: Iterable[Demanded], project: Path) -> tuple[EngineWanted, ...]:
    """Return the engines of the tasks with `execution: docker`, each with what their containers need."""
    found: dict[str | None, tuple[set[str], set[Path], set[str]]] = {}
    for _, _, demands in tasks:
        docker = demands.docker
        if demands.execution != "docker" or docker is None:
            continue
        images, folders, networks = found.setdefault(docker.url, (set(), set(), set()))
        images.add(str(demands.image))
        folders |= {project / source for source in _sources(docker.mounts)}
        networks |= {docker.network} if docker.network else set()
    return tuple(
        EngineWanted(url=url, images=tuple(images), folders=tuple(folders), networks=tuple(networks))
        for url, (images, folders, networks) in found.items()
    )


def _sources(mounts: Iterable[str]) -> Iterator[str]:
    """The folders among the sources of mounts; the engine makes volumes when they are first asked for."""
    for mount in mounts:
        source = mount.split(":")[0]
        if source.startswith((".", "/")):
            yield source


def pythons_wanted(tasks: Iterable[Demanded], project: Path) -> tuple[PythonWanted, ...]:
    """Return the environments of the tasks with `execution: venv`, each once; paths as the tasks will read them."""
    from kedro_aloft.contract.keys import DEFAULT_VENV_PYTHON

    found: dict[PythonWanted, None] = {}
    for _, _, demands in tasks:
        venv = demands.venv
        if demands.execution != "venv" or venv is None:
            continue
        python = venv.python
        if venv.requirements is None:
            python = str(project / (python or DEFAULT_VENV_PYTHON))
        elif python is not None and os.sep in python:
            python = str(project / python)
        requirements = project / venv.requirements if venv.requirements else None
        found[PythonWanted(python=python, requirements=requirements, cache=project / venv.cache)] = None
    return tuple(found)
