"""Pipelines with nodes that need Spark, in every mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.compiler import plan_snapshot, with_spark
from kedro_aloft.rules import Sources
from kedro_aloft.settings import DagSettings
from render.samples import Sample, node, snapshot

if TYPE_CHECKING:
    from kedro_aloft.graph.plan import Plan

TAG = "airflow.spark"


class NoFiles:
    """A project without source text."""

    def text(self, path: str) -> None:
        """No file is there."""

    def paths(self) -> tuple[str, ...]:
        """Nothing is there."""
        return ()


_NO_SOURCES = Sources(files=NoFiles())


@dataclass(frozen=True, repr=False)
class SparkSample(Sample):
    """A sample whose Spark nodes are grouped as the compiler does it."""

    def plan(self) -> Plan:
        """Return the plan, as the compiler makes it."""
        _, groups = with_spark(self.snapshot, self.settings, _NO_SOURCES)
        return plan_snapshot(self.snapshot, self.settings, together=groups)


_NODES = (
    node("load", "raw", "clean"),
    node("count", "clean", "counts", TAG),
    node("between", "counts", "shares"),  # joins: `join` waits for it and for `count`
    node("join", "counts shares", "joined", TAG),
    node("fit", "joined", "model"),
    node("score", "model test", "scores", TAG, namespace="report"),
    node("split", "clean", "test"),
    node("show", "scores model", "chart"),
)

_COMMON: dict[str, Any] = {
    "group_by": "none",
    "image": "registry.example.org/shop@sha256:" + "0" * 64,
    "handoff": "gs://shop/handoff",
    "env_vars": {"STAGE": "{{ var.value.stage }}"},
    "tasks": [{"select": f"tag:{TAG}", "retries": 3}],
}

SPARK: dict[str, Any] = {
    "packages": ["org.apache.spark:spark-avro_2.12:3.5.1"],
    "jars": ["gs://shop/jars/shop.jar"],
    "conf": {"spark.executor.memory": "4g"},
}

DATAPROC: dict[str, Any] = {
    "project": "shop-prod",
    "region": "europe-west1",
    "artifacts": "gs://shop/spark/0123456789ab",
    "cluster": {
        "master_config": {"num_instances": 1, "machine_type_uri": "n2-standard-4"},
        "initialization_actions": [{"executable_file": "gs://shop/proxy.sh"}],
    },
    "labels": {"team": "data"},
    "idle_timeout": "30m",
    "deferrable": True,
    "connection": "google",
    "impersonate": "runner@shop-prod.iam.gserviceaccount.com",
}


def _sample(pipeline: str, spark: dict[str, Any], **settings: Any) -> SparkSample:
    read = DagSettings.model_validate({**_COMMON, "spark": {**SPARK, **spark}, **settings})
    marked, _ = with_spark(snapshot(_NODES, memory={"model", "shares"}, pipeline=pipeline), read, _NO_SOURCES)
    return SparkSample(marked, read)


SPARK_SAMPLES = {
    "spark_local": _sample("spark_local", {"mode": "local"}),
    "spark_dataproc": _sample("spark_dataproc", {"mode": "dataproc", "dataproc": DATAPROC}, depends_on_past=True),
    "spark_dataproc_pods": _sample(
        "spark_dataproc_pods",
        {"mode": "dataproc", "dataproc": DATAPROC},
        execution="kubernetes",
        wait_for=[{"dag_id": "ingest"}],
    ),
    "spark_kubernetes": _sample(
        "spark_kubernetes",
        {"mode": "kubernetes"},
        execution="kubernetes",
        kubernetes={"namespace": "shop", "service_account": "spark", "pull_secrets": ["registry"]},
    ),
    "spark_custom": _sample(
        "spark_custom",
        {"mode": "custom", "factory": "shop_operators.make_spark_task", "options": {"pool": "databricks"}},
        execution="kubernetes",
    ),
}
"""By pipeline."""
