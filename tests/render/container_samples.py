"""Pipelines whose tasks run in containers, with settings that use every key of their modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.render import Around
from kedro_aloft.settings import DagSettings
from render.samples import Sample, node, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

_NODES = (
    node("load", "raw", "clean"),
    node("split", "clean params:size", "train test"),
    node("fit", "train", "model", "gpu", "airflow.resources.gpu"),
    node("score", "model test", "scores", namespace="report"),
)

PROFILES: dict[str, Any] = {
    "default": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
    "gpu": {
        "requests": {"cpu": 4},
        "limits": {"memory": "16Gi", "cpu": 8},
        "gpus": 1,
        "node_selector": {"pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "labels": {"cost-centre": "research"},
        "annotations": {"profile": "gpu"},
    },
}

POD_TEMPLATE: dict[str, Any] = {
    "metadata": {
        "annotations": {"vault.hashicorp.com/agent-inject-template": '{{- with secret "db" }}{{ .Data }}{{- end }}'}
    },
    "spec": {
        "priorityClassName": "batch",
        "containers": [
            {
                "name": "whatever",
                "env": [{"name": "TZ", "value": "UTC"}],
                "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
            },
            {"name": "proxy", "image": "proxy:1"},
        ],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    },
}

KUBERNETES: dict[str, Any] = {
    "namespace": "shop",
    "service_account": "runner",
    "pull": "always",
    "pull_secrets": ["registry"],
    "startup_timeout": "20m",
    "node_selector": {"arch": "amd64"},
    "tolerations": [{"key": "batch", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
    "labels": {"team": "data"},
    "annotations": {"sidecar.istio.io/inject": "false"},
    "security_context": {"runAsNonRoot": True, "fsGroup": 1000},
    "secrets": [
        {"secret": "db", "key": "password", "env": "DB_PASSWORD"},
        {"secret": "keys", "env": "KEY_"},
        {"secret": "certs", "mount": "/etc/certs"},
        {"secret": "token", "key": "jwt", "mount": "/etc/token"},
    ],
    "config_maps": ["shop"],
    "pod_template": POD_TEMPLATE,
    "deferrable": True,
    "poll": "10s",
    "keep": "on_failure",
    "connection": "cluster",
    "in_cluster": False,
    "context": "prod",
    "config_file": "/etc/kubeconfig",
}

_COMMON: dict[str, Any] = {
    "image": "registry.example.org/shop@sha256:" + "0" * 64,
    "handoff": "s3://shop/handoff",
    "resource_profiles": PROFILES,
    "env_vars": {"OMP_NUM_THREADS": "2", "STAGE": "{{ var.value.stage }}"},
    "runtime_params": {"day": "{{ ds }}", "braces": "{{ '{{' }} and {x}", "n": 3},
    "timezone": "Europe/Zurich",
    "schedule": "0 6 * * *",
    "interval": "data",
    "start_date": "2024-01-01",
    "timeout": "1h",
    "retries": 2,
    "wait_for": [{"dag_id": "ingest", "task_id": "orders", "execution_delta": "1h"}],
    "notify": {"on_failure": {"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": "a@b.c"}},
    "tasks": [{"select": "fit", "retries": 0, "pool": "gpu"}],
}


def _sample(pipeline: str, *, around: Around | None = None, **settings: Any) -> Sample:
    memory = {"train", "test", "model"}
    parameters: Mapping[str, Any] = {"size": 0.2}
    return Sample(
        snapshot(_NODES, memory=memory, versioned={"clean"}, parameters=dict(parameters), pipeline=pipeline),
        DagSettings.model_validate({**_COMMON, **settings}),
        around=around or Around(),
    )


CONTAINER_SAMPLES = {
    "docker": _sample(
        "docker",
        execution="docker",
        handoff=".airflow/handoff",
        docker={
            "url": "unix:///run/docker.sock",
            "connection": "registry",
            "mounts": ["./data:/home/kedro/project/data", "/etc/shop:/etc/shop:ro", "cache:/cache"],
            "network": "shop",
            "user": "1000:1000",
            "pull": "always",
            "keep": "on_failure",
            "shm_size": "1Gi",
            "secrets": {
                "API_KEY": {"variable": "api_key"},
                "DB": {"connection": "db"},
                "TOKEN": {"env": "WORKER_TOKEN"},
            },
        },
    ),
    "kubernetes": _sample(
        "kubernetes",
        execution="kubernetes",
        kubernetes=KUBERNETES,
        around=Around(mlflow=True, filtered=True),
        pipeline_hooks="per_run",
        depends_on_past=True,
    ),
    "gke": _sample(
        "gke",
        execution="gke",
        kubernetes={"namespace": "shop", "service_account": "runner"},
        gke={
            "project": "shop-prod",
            "location": "europe-west1",
            "cluster": "batch",
            "internal_ip": True,
            "connection": "google",
            "impersonate": "runner@shop-prod.iam.gserviceaccount.com",
        },
    ),
    "volume": _sample(
        "volume",
        execution="kubernetes",
        handoff="data/.handoff",
        kubernetes={
            "volume": {
                "size": "20Gi",
                "storage_class": "fast",
                "access_modes": ["ReadWriteMany"],
                "mount": "/home/kedro/project/data",
                "initialise": True,
                "owner": 1000,
                "keep": "on_failure",
            },
        },
    ),
    "ecs": _sample(
        "ecs",
        execution="ecs",
        ecs={
            "cluster": "batch",
            "task_definition": "shop",
            "container": "shop",
            "subnets": ["subnet-1"],
            "security_groups": ["sg-1"],
            "region": "eu-west-1",
            "connection": "aws",
            "log_group": "/ecs/shop",
            "log_prefix": "ecs/shop",
        },
    ),
    "mixed": _sample(
        "mixed",
        around=Around(mlflow=True),
        tasks=[
            {"select": "tag:gpu", "execution": "kubernetes", "kubernetes": {"namespace": "gpu"}},
            {"select": "split", "execution": "venv", "venv": {"requirements": "requirements.lock"}},
        ],
    ),
}
"""By pipeline; every key of each mode is used by one of them."""
