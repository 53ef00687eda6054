"""`execution: kubernetes` and `gke`: pods of a cluster.

All pods of a DAG begin as one template, a plain dict as `kubectl` would show it; a task adds what it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.render.containers.volume import VOLUME_MODULES, claim_constant
from kedro_aloft.render.containers.work import RUN_COMMAND, Adapter, Constants, Work, literal_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.render.layout import Name
    from kedro_aloft.settings.execution import KubernetesSettings, PodSecret, ResourceProfile

CONTAINER = "base"
"""`KubernetesPodOperator.BASE_CONTAINER_NAME`: whose log is that of the task."""

_PULL = {"missing": "IfNotPresent", "always": "Always", "never": "Never"}
_ON_FINISH = {"never": "delete_pod", "on_failure": "delete_succeeded_pod", "always": "keep_pod"}
_GPU = "nvidia.com/gpu"
_VOLUME = "run"
_OWN_ADDRESS = [
    {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
    for name, path in (
        ("POD_NAME", "metadata.name"),
        ("POD_NAMESPACE", "metadata.namespace"),
        ("POD_IP", "status.podIP"),
    )
]
"""What a driver of Spark tells its executors; `settings.spark` refers to these names."""


def _kubernetes_arguments(work: Work, constants: Constants) -> dict[str, Any]:
    return _pod_arguments(work, constants)


def _gke_arguments(work: Work, constants: Constants) -> dict[str, Any]:
    gke = work.demands.gke
    assert gke is not None
    optional = {
        "use_internal_ip": gke.internal_ip,
        "gcp_conn_id": gke.connection,
        "impersonation_chain": gke.impersonate,
    }
    cluster = {
        "project_id": gke.project,
        "location": gke.location,
        "cluster_name": gke.cluster,
        **{name: value for name, value in optional.items() if value},
    }
    return {"**cluster": constants.name("CLUSTER", cluster), **_pod_arguments(work, constants, of_connection=False)}


def _pod_arguments(work: Work, constants: Constants, *, of_connection: bool = True) -> dict[str, Any]:
    """What the operator is told beside the pod itself; the longer part is the same for all tasks."""
    kubernetes = work.demands.kubernetes
    assert kubernetes is not None
    words = ("POD", "spark" if work.demands.spark is not None else "", work.demands.resource_profile)
    name = "_".join(word for word in words if word)
    command = {} if work.command == RUN_COMMAND else {"cmds": list(work.command)}
    claim = claim_constant(work.package, constants) if kubernetes.volume is not None else None
    return {
        "pod_template_dict": constants.name(_constant(name), pod_of(work, claim)),
        **command,
        "env_vars": work.environment(),
        "**options": constants.name("POD_OPTIONS", _options(kubernetes, of_connection=of_connection)),
    }


def _constant(name: str) -> str:
    return "".join(one if one.isascii() and one.isalnum() else "_" for one in name).upper()


def _options(kubernetes: KubernetesSettings, *, of_connection: bool) -> dict[str, Any]:
    connection = {
        "kubernetes_conn_id": kubernetes.connection,
        "in_cluster": kubernetes.in_cluster,
        "cluster_context": kubernetes.context,
        "config_file": kubernetes.config_file,
    }
    poll = kubernetes.poll.total_seconds()
    return {
        **({name: value for name, value in connection.items() if value is not None} if of_connection else {}),
        "startup_timeout_seconds": int(kubernetes.startup_timeout.total_seconds()),
        "startup_check_interval_seconds": max(1, int(min(poll, 5))),
        **({"deferrable": True, "poll_interval": poll} if kubernetes.deferrable else {"deferrable": False}),
        "base_container_status_polling_interval": poll,
        "on_finish_action": _ON_FINISH[kubernetes.keep],
        "termination_message_policy": "FallbackToLogsOnError",
        "log_events_on_failure": True,
        "log_pod_spec_on_failure": False,
        "do_xcom_push": False,
    }


def pod_of(work: Work, claim: Name | None = None) -> dict[str, Any]:
    """Return the pod that a task begins with: the user's template, and our keys laid over it.

    Args:
        work: What it is for.
        claim: Name of the run's claim, when the settings want one.
    """
    kubernetes = work.demands.kubernetes
    assert kubernetes is not None
    profile = work.profile
    template = kubernetes.pod_template if isinstance(kubernetes.pod_template, dict) else {}
    metadata = {
        "namespace": kubernetes.namespace,
        "labels": {**work.labels, **kubernetes.labels, **(profile.labels if profile else {})},
        "annotations": {**kubernetes.annotations, **(profile.annotations if profile else {})},
    }
    ours = {"metadata": _given(metadata), "spec": _spec(work, kubernetes, profile, claim)}
    pod: dict[str, Any] = _laid_over({"apiVersion": "v1", "kind": "Pod", **template}, ours)
    return {key: literal_text(value) for key, value in pod.items()}


def _spec(
    work: Work, kubernetes: KubernetesSettings, profile: ResourceProfile | None, claim: Name | None
) -> dict[str, Any]:
    files = [secret for secret in kubernetes.secrets if secret.mount is not None]
    return _given(
        {
            "serviceAccountName": kubernetes.service_account,
            "imagePullSecrets": [{"name": name} for name in kubernetes.pull_secrets],
            "nodeSelector": {**kubernetes.node_selector, **(profile.node_selector if profile else {})},
            "tolerations": [*kubernetes.tolerations, *(profile.tolerations if profile else ())],
            "affinity": dict(profile.affinity if profile and profile.affinity else kubernetes.affinity),
            "securityContext": {**kubernetes.security_context, **_owner(kubernetes)},
            "restartPolicy": "Never",
            "containers": [_container(work, kubernetes, profile)],
            "volumes": [
                *[_secret_volume(secret) for secret in files],
                *([{"name": _VOLUME, "persistentVolumeClaim": {"claimName": claim}}] if claim else []),
            ],
        }
    )


def _container(work: Work, kubernetes: KubernetesSettings, profile: ResourceProfile | None) -> dict[str, Any]:
    return _given(
        {
            "name": CONTAINER,
            "image": work.demands.image,
            "imagePullPolicy": _PULL[kubernetes.pull],
            "command": list(RUN_COMMAND),
            "env": [
                *(_OWN_ADDRESS if work.demands.spark is not None else ()),
                *[_secret_variable(secret) for secret in kubernetes.secrets if secret.env and secret.key],
            ],
            "envFrom": [
                *[{"configMapRef": {"name": name}} for name in kubernetes.config_maps],
                *[_secret_variables(one) for one in kubernetes.secrets if one.mount is None and one.key is None],
            ],
            "resources": _resources(profile) if profile else {},
            "volumeMounts": [
                *[
                    {"name": _volume_name(one), "mountPath": one.mount, "readOnly": True}
                    for one in kubernetes.secrets
                    if one.mount is not None
                ],
                *_volume_mount(work, kubernetes),
            ],
        }
    )


def _owner(kubernetes: KubernetesSettings) -> dict[str, Any]:
    volume = kubernetes.volume
    return {} if volume is None or volume.owner is None else {"fsGroup": volume.owner}


def _volume_mount(work: Work, kubernetes: KubernetesSettings) -> list[dict[str, Any]]:
    volume = kubernetes.volume
    return [] if volume is None else [{"name": _VOLUME, "mountPath": work.volume_place or volume.mount}]


def _resources(profile: ResourceProfile) -> dict[str, Any]:
    gpus = {_GPU: str(profile.gpus)} if profile.gpus else {}
    return _given({"requests": dict(profile.requests), "limits": {**profile.limits, **gpus}})


def _secret_variable(secret: PodSecret) -> dict[str, Any]:
    return {"name": secret.env, "valueFrom": {"secretKeyRef": {"name": secret.secret, "key": secret.key}}}


def _secret_variables(secret: PodSecret) -> dict[str, Any]:
    prefix = {"prefix": secret.env} if secret.env else {}
    return {**prefix, "secretRef": {"name": secret.secret}}


def _secret_volume(secret: PodSecret) -> dict[str, Any]:
    items = {"items": [{"key": secret.key, "path": secret.key}]} if secret.key else {}
    return {"name": _volume_name(secret), "secret": {"secretName": secret.secret, **items}}


def _volume_name(secret: PodSecret) -> str:
    return f"secret-{secret.secret}" + (f"-{secret.key}" if secret.key else "")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [], ())}


def _laid_over(below: Any, above: Any) -> Any:
    """Mappings merge, lists of named things merge by name, other lists are joined, values above win."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}
    if isinstance(below, list) and isinstance(above, list):
        return _joined(below, above)
    return below if above is None else above


def _joined(below: list[Any], above: list[Any]) -> list[Any]:
    """Containers merge with the one of their name; a template's only container is ours, whatever it is called."""
    if not all(isinstance(one, dict) and "name" in one for one in (*below, *above)):
        return [*below, *(one for one in above if one not in below)]
    if [one["name"] for one in above] == [CONTAINER] and CONTAINER not in {one["name"] for one in below}:
        return [_laid_over(below[0], above[0]), *below[1:]] if below else above
    named = {one["name"]: one for one in below}
    for one in above:
        named[one["name"]] = _laid_over(named.get(one["name"]), one)
    return list(named.values())


KUBERNETES = Adapter(
    operator="PodOperator",
    modules={"KubernetesPodOperator": "airflow.providers.cncf.kubernetes.operators.pod", **VOLUME_MODULES},
    arguments=_kubernetes_arguments,
)

GKE = Adapter(
    operator="GKEPodOperator",
    modules={"GKEStartPodOperator": "airflow.providers.google.cloud.operators.kubernetes_engine", **VOLUME_MODULES},
    arguments=_gke_arguments,
)
