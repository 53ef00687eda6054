"""Where the nodes of a task run: in Airflow's own process, another Python, a container, a pod.

`execution` names the mode; what a mode needs to know stands in the section of its name. So one file can hold several
modes, and one word switches between them: `--set execution=docker`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from kedro_aloft.settings.base import Settings, key
from kedro_aloft.settings.duration import PositiveDuration
from kedro_aloft.settings.quantity import is_quantity
from kedro_aloft.settings.refusal import refusal
from kedro_aloft.settings.spark import SPARK_REQUIRED
from kedro_aloft.settings.values import (
    AirflowId,
    JsonMapping,
    Text,
    TextMapping,
    TextTuple,
    as_mapping,
    list_of,
)

_execution = partial(key, "execution")

Mode = Literal["process", "venv", "docker", "kubernetes", "gke", "ecs"]

CONTAINER_MODES = frozenset({"docker", "kubernetes", "gke", "ecs", "dataproc", "custom"})
"""Modes in which a task is somebody else's operator, and Airflow needs nothing of ours; the last two are Spark's."""

BUILT_IMAGE = "built"
"""What `image` says for the image that `kedro airflow image build` made last."""

POD_MODES = frozenset({"kubernetes", "gke"})

_MOUNT = re.compile(r"(?P<source>[^:]+):(?P<target>/[^:]*)(:(?P<access>ro|rw))?")


def _check_quantity(value: Any) -> str:
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_quantity(text):
        raise refusal(f"{value!r} is not a quantity of Kubernetes", allowed="such as 500m, 2, 250Mi, 4Gi")
    return text


def _check_mount(text: str) -> str:
    if not _MOUNT.fullmatch(text):
        raise refusal(
            f"'{text}' is not a mount",
            allowed="source:/target, source:/target:ro; a source that begins with . or / is a folder, else a volume",
        )
    return text


Quantity = Annotated[str, BeforeValidator(_check_quantity, json_schema_input_type=str | int | float)]
Quantities = Annotated[Mapping[str, Quantity], BeforeValidator(as_mapping)]
Mounts = Annotated[
    tuple[Annotated[Text, AfterValidator(_check_mount)], ...],
    BeforeValidator(list_of, json_schema_input_type=list[str] | str | None),
]


class ResourceProfile(Settings):
    """What a container may take, and which machines suit it."""

    requests: Quantities = _execution(
        {}, "What a pod is sure to get: `cpu`, `memory`, or any resource of the cluster.", {"cpu": "500m"}
    )
    limits: Quantities = _execution(
        {}, "What a container may take at most; `docker` reads `cpu` and `memory`.", {"cpu": 2, "memory": "4Gi"}
    )
    gpus: Annotated[StrictInt, Field(ge=0)] = _execution(0, "Number of NVIDIA GPUs.", 1)
    node_selector: TextMapping = _execution({}, "Labels of the machines that suit.", {"pool": "gpu"})
    tolerations: Annotated[tuple[JsonMapping, ...], BeforeValidator(list_of)] = _execution(
        (), "Taints that the pod bears, as in Kubernetes.", [{"key": "gpu", "operator": "Exists"}]
    )
    affinity: JsonMapping = _execution({}, "Affinity, as in Kubernetes.", {"nodeAffinity": {}})
    labels: TextMapping = _execution({}, "More labels of the pod.", {"cost-centre": "research"})
    annotations: TextMapping = _execution({}, "More annotations of the pod.", {"sidecar.istio.io/inject": "false"})


Profiles = Annotated[Mapping[str, ResourceProfile], BeforeValidator(as_mapping)]


class VenvSettings(Settings):
    """A Python environment of the project's own; Airflow's needs no Kedro then."""

    python: Text | None = _execution(
        None,
        "The interpreter that runs the nodes, relative to the project; null is `.venv/bin/python`. With "
        "`requirements`: the interpreter or version that their environment is made with; null is Airflow's.",
        ".venv/bin/python",
    )
    requirements: Text | None = _execution(
        None,
        "Requirements file of the project: the environment is built by uv, once per content, before the first task.",
        "requirements.lock",
    )
    cache: Text = _execution(
        ".airflow/venvs", "Folder for the environments that are built, relative to the project.", "/var/cache/venvs"
    )


class SecretSource(Settings):
    """Where the value of a secret variable comes from: exactly one of these."""

    variable: Text | None = _execution(None, "An Airflow variable.", "shop_api_key")
    connection: AirflowId | None = _execution(None, "An Airflow connection: its address as a URI.", "shop_db")
    env: Text | None = _execution(
        None, "An environment variable of the worker; it never appears in Airflow.", "API_KEY"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretSource:
        if len(self.model_fields_set) != 1:
            raise refusal("has not one source", allowed="exactly one of variable, connection, env")
        return self


class DockerSettings(Settings):
    """Containers of a Docker engine (`DockerOperator`)."""

    url: Text | None = _execution(
        None, "Address of the engine; null is the worker's own.", "unix:///var/run/docker.sock"
    )
    connection: AirflowId | None = _execution(None, "Airflow connection with the login to a registry.", "registry")
    mounts: Mounts = _execution(
        ("./data:/home/kedro/project/data",),
        "Folders (from `.` of the project, or absolute) and volumes in the containers, as `source:/target[:ro]`. A "
        "volume for `handoff` is mounted besides, unless that is an address that containers reach by themselves.",
        ["./data:/home/kedro/project/data", "shop-cache:/cache"],
    )
    network: Text | None = _execution(None, "Network of the containers.", "shop")
    user: Text | None = _execution(
        "worker", "User in the containers: `worker` is who runs the Airflow task, so that files are theirs; null is "
        "the image's own.", "1000:1000",
    )  # fmt: skip
    pull: Literal["missing", "always"] = _execution("missing", "When the image is pulled.", "always")
    keep: Literal["never", "on_failure", "always"] = _execution(
        "on_failure", "Which containers stay after their end, to be looked at.", "never"
    )
    shm_size: Quantity | None = _execution(None, "Size of /dev/shm.", "1Gi")
    secrets: Annotated[Mapping[str, SecretSource], BeforeValidator(as_mapping)] = _execution(
        {}, "Secret environment variables, by name.", {"API_KEY": {"variable": "shop_api_key"}}
    )


class PodSecret(Settings):
    """A Kubernetes secret in a pod: as a variable, or as files."""

    secret: Text = _execution(..., "Name of the secret.", "shop-db")
    key: Text | None = _execution(None, "One key of it; null takes all.", "password")
    env: Text | None = _execution(
        None, "Variable that holds the key; with no key, a prefix of their names.", "DB_PASSWORD"
    )
    mount: Text | None = _execution(None, "Folder in which the keys are files.", "/etc/shop")

    @model_validator(mode="after")
    def _somewhere(self) -> PodSecret:
        if self.mount is not None and self.env is not None:
            raise refusal("is to be a variable and files at once", allowed="env or mount")
        if self.key is not None and self.env is None and self.mount is None:
            raise refusal("has a key and no place for it", allowed="env (a variable) or mount (a folder)")
        return self


class VolumeSettings(Settings):
    """A claim for one run: made before its first task, deleted after its last."""

    size: Quantity = _execution("1Gi", "Size of the claim.", "20Gi")
    storage_class: Text | None = _execution(None, "Storage class; null is the cluster's default.", "fast")
    access_modes: TextTuple = _execution(
        ("ReadWriteOnce",), "How pods share it; `ReadWriteMany` when they run on several machines.", ["ReadWriteMany"]
    )
    mount: Text = _execution(
        "/home/kedro/project/data", "Folder in the containers that lies on it.", "/home/kedro/project/data"
    )
    initialise: StrictBool = _execution(True, "Whether it begins with what the image has in that folder.", False)
    owner: StrictInt | None = _execution(None, "Group id that owns its files.", 1000)
    keep: Literal["never", "on_failure", "always"] = _execution(
        "never", "When it stays after the run, to be looked at.", "on_failure"
    )


class KubernetesSettings(Settings):
    """Pods (`KubernetesPodOperator`; `gke` reads this section too)."""

    namespace: Text | None = _execution(None, "Namespace of the pods; null is the connection's.", "shop")
    service_account: Text | None = _execution(None, "Service account of the pods.", "shop-runner")
    pull: Literal["missing", "always", "never"] = _execution("missing", "When the image is pulled.", "always")
    pull_secrets: TextTuple = _execution((), "Secrets with the logins to registries.", ["registry"])
    startup_timeout: PositiveDuration = _execution(
        "10m", "How long a pod may take to start; then the task fails and says what it waited for.", "20m",
        validate_default=True,
    )  # fmt: skip
    node_selector: TextMapping = _execution({}, "Labels of the machines that suit.", {"pool": "batch"})
    tolerations: Annotated[tuple[JsonMapping, ...], BeforeValidator(list_of)] = _execution(
        (), "Taints that pods bear, as in Kubernetes.", [{"key": "batch", "operator": "Exists"}]
    )
    affinity: JsonMapping = _execution({}, "Affinity, as in Kubernetes.", {"nodeAffinity": {}})
    labels: TextMapping = _execution({}, "Labels of the pods, besides ours.", {"team": "data"})
    annotations: TextMapping = _execution({}, "Annotations of the pods.", {"sidecar.istio.io/inject": "false"})
    security_context: JsonMapping = _execution({}, "Security context of the pods.", {"runAsNonRoot": True})
    secrets: Annotated[tuple[PodSecret, ...], BeforeValidator(list_of)] = _execution(
        (),
        "Kubernetes secrets as variables or files.",
        [{"secret": "shop-db", "key": "password", "env": "DB_PASSWORD"}],
    )
    config_maps: TextTuple = _execution((), "Config maps whose keys are environment variables.", ["shop"])
    volume: Annotated[
        VolumeSettings | None, BeforeValidator(lambda value: {} if value is True else value)
    ] = _execution(
        None, "A claim for each run. Null: none, data is in an object store; true: one with the keys' defaults.",
        {"size": "20Gi"},
    )  # fmt: skip
    pod_template: Text | JsonMapping | None = _execution(
        None,
        "A pod to start from: a YAML file of the project, or the pod itself. All keys here are laid over it.",
        "conf/base/pod.yaml",
    )
    deferrable: StrictBool = _execution(
        False, "Whether the triggerer waits for the pod, so that a waiting task takes no worker.", True
    )
    poll: PositiveDuration = _execution("1s", "Pause between two looks at a pod.", "10s", validate_default=True)
    keep: Literal["never", "on_failure", "always"] = _execution(
        "never", "Which pods stay after their end, to be looked at.", "on_failure"
    )
    connection: AirflowId | None = _execution(None, "Airflow connection to the cluster.", "shop_cluster")
    in_cluster: StrictBool | None = _execution(
        None, "Whether Airflow runs in the same cluster and uses its own account; null: as the connection says.", True
    )
    context: Text | None = _execution(None, "Context of the kubeconfig.", "prod")
    config_file: Text | None = _execution(None, "Path of the kubeconfig on the workers.", "/etc/airflow/kubeconfig")


class GkeSettings(Settings):
    """The cluster of Google Kubernetes Engine (`GKEStartPodOperator`); pods are described in `kubernetes`."""

    project: Text | None = _execution(None, "Google Cloud project.", "shop-prod")
    location: Text | None = _execution(None, "Region or zone.", "europe-west1")
    cluster: Text | None = _execution(None, "Name of the cluster.", "batch")
    internal_ip: StrictBool = _execution(False, "Whether its private address is used.", True)
    connection: AirflowId | None = _execution(None, "Airflow connection to Google Cloud.", "google_cloud_default")
    impersonate: Text | None = _execution(
        None, "Service account to act as.", "runner@shop-prod.iam.gserviceaccount.com"
    )


class EcsSettings(Settings):
    """Tasks of Amazon ECS (`EcsRunTaskOperator`) on a task definition that has the project's image."""

    cluster: Text | None = _execution(None, "Name of the cluster.", "batch")
    task_definition: Text | None = _execution(None, "Task definition to run.", "shop")
    container: Text | None = _execution(None, "Name of its container that runs the nodes.", "shop")
    launch_type: Literal["FARGATE", "EC2", "EXTERNAL"] = _execution("FARGATE", "Launch type.", "EC2")
    subnets: TextTuple = _execution((), "Subnets of the task.", ["subnet-0a1b2c3d"])
    security_groups: TextTuple = _execution((), "Security groups of the task.", ["sg-0a1b2c3d"])
    public_ip: StrictBool = _execution(False, "Whether the task gets a public address.", True)
    region: Text | None = _execution(None, "Region.", "eu-west-1")
    connection: AirflowId | None = _execution(None, "Airflow connection to AWS.", "aws_default")
    log_group: Text | None = _execution(
        None, "CloudWatch group of the container's log, to be shown in Airflow.", "/ecs/shop"
    )
    log_prefix: Text | None = _execution(None, "Prefix of its streams, as in the task definition.", "ecs/shop")


SECTIONS: Mapping[str, tuple[str, ...]] = {
    "process": (),
    "venv": ("venv",),
    "docker": ("docker",),
    "kubernetes": ("kubernetes",),
    "gke": ("kubernetes", "gke"),
    "ecs": ("ecs",),
    "dataproc": (),
    "custom": (),
}
"""Mode → the sections that it reads."""

EXECUTION_SECTIONS = ("venv", "docker", "kubernetes", "gke", "ecs")
"""Keys of `DagSettings` that describe one mode each."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "venv": (),
    "docker": ("image",),
    "kubernetes": ("image",),
    "gke": ("image", "gke.project", "gke.location", "gke.cluster"),
    "ecs": ("ecs.cluster", "ecs.task_definition", "ecs.container"),
    **SPARK_REQUIRED,
}
"""Mode → keys that it cannot do without."""
