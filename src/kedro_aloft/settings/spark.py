"""Where nodes that need Spark run, and what Spark is told when it starts."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, StrictBool

from kedro_aloft.settings.base import Settings, key
from kedro_aloft.settings.duration import PositiveDuration
from kedro_aloft.settings.values import (
    AirflowId,
    DottedPath,
    JsonMapping,
    Text,
    TextMapping,
    TextTuple,
    Uri,
    as_mapping,
)

if TYPE_CHECKING:
    from kedro_aloft.settings.execution import KubernetesSettings

_execution = partial(key, "execution")

SPARK_TAG = "airflow.spark"
"""A node with this tag needs Spark; the nodes that are found get it in the plan, so that `select: tag:…` finds them."""

SUBMIT_VARIABLE = "PYSPARK_SUBMIT_ARGS"
"""What pyspark passes to `spark-submit` when a session starts. Source: pyspark 3.5 `java_gateway.launch_gateway`."""


def conf_word(value: object) -> str:
    """Return a value as Spark's configuration has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_conf(value: Any) -> Any:
    """YAML reads `3` and `true` as what they look like; Spark wants words."""
    if not isinstance(value, Mapping):
        return as_mapping(value)
    plain = (bool, int, float)
    return {name: conf_word(item) if isinstance(item, plain) else item for name, item in value.items()}


Conf = Annotated[
    Mapping[str, Text],
    BeforeValidator(_as_conf, json_schema_input_type=Mapping[str, str | bool | int | float] | None),
]


class DataprocSettings(Settings):
    """A Dataproc cluster for each run."""

    project: Text | None = _execution(None, "Google Cloud project.", "shop-prod")
    region: Text | None = _execution(None, "Region of the cluster.", "europe-west1")
    artifacts: Uri | None = _execution(
        None,
        "Folder of a bucket for the project's package, which `kedro airflow spark package` writes.",
        "gs://shop-airflow/spark",
    )
    cluster: JsonMapping = _execution(
        {},
        "The cluster, as Dataproc's `ClusterConfig`. Our initialization action is added: it installs the requirements.",
        {"master_config": {"num_instances": 1, "machine_type_uri": "n2-standard-4"}},
    )
    labels: TextMapping = _execution({}, "Labels of the cluster.", {"team": "data"})
    init: Text | None = _execution(
        None, "Shell script of the project that machines run before the requirements are installed.", "spark/init.sh"
    )
    post_init: Text | None = _execution(
        None, "Shell script of the project that they run after it.", "spark/post_init.sh"
    )
    idle_timeout: PositiveDuration = _execution(
        "1h",
        "Idle time after which Dataproc deletes the cluster by itself, should its deletion fail; 5 minutes at least.",
        "30m",
        validate_default=True,
    )
    deferrable: StrictBool = _execution(
        False, "Whether the triggerer waits for the cluster and the jobs, so that a waiting task takes no worker.", True
    )
    connection: AirflowId | None = _execution(None, "Airflow connection to Google Cloud.", "google_cloud_default")
    impersonate: Text | None = _execution(
        None, "Service account to act as.", "runner@shop-prod.iam.gserviceaccount.com"
    )


class SparkSettings(Settings):
    """Nodes that need Spark: connected ones share a task."""

    mode: Literal["local", "dataproc", "kubernetes", "custom"] = _execution(
        "local",
        "`local`: where `execution` says, with Spark in the task itself; `dataproc`: jobs on a cluster that a run "
        "makes and deletes; `kubernetes`: the pod of a task is the driver and starts executors; `custom`: `factory`.",
        "dataproc",
    )
    find: StrictBool = _execution(
        True,
        "Whether nodes count that use a Spark dataset, or whose function names types of pyspark in its annotations. "
        "Those with the tag `airflow.spark` always do.",
        False,
    )
    select: TextTuple = _execution((), "More nodes that need Spark, as in `tasks`.", ["node:train_*", "tag:heavy"])
    packages: TextTuple = _execution(
        (), "Maven coordinates that Spark loads.", ["org.apache.spark:spark-avro_2.12:3.5.1"]
    )
    jars: TextTuple = _execution((), "Addresses of jars that Spark loads.", ["gs://shop-airflow/jars/shop.jar"])
    conf: Conf = _execution({}, "Spark's configuration.", {"spark.executor.memory": "4g"})
    master: Text = _execution(
        "k8s://https://kubernetes.default.svc", "For `mode: kubernetes`: where executors are asked for.",
        "k8s://https://10.0.0.1:6443",
    )  # fmt: skip
    dataproc: Annotated[
        DataprocSettings, BeforeValidator(as_mapping, json_schema_input_type=DataprocSettings | None)
    ] = _execution(DataprocSettings(), "For `mode: dataproc`.", {"project": "shop-prod", "region": "europe-west1"})
    factory: DottedPath | None = _execution(
        None,
        "For `mode: custom`: function that the DAG file imports, and that makes each task.",
        "shop.airflow.make_spark_task",
    )
    options: JsonMapping = _execution({}, "For `mode: custom`: passed on to `factory`.", {"pool": "databricks"})


SPARK_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "dataproc": ("spark.dataproc.project", "spark.dataproc.region", "spark.dataproc.artifacts"),
    "custom": ("spark.factory",),
}
"""Mode → keys that it cannot do without."""


def submit_words(
    spark: SparkSettings, *, image: str | None = None, pods: KubernetesSettings | None = None
) -> str | None:
    """Return the value of `SUBMIT_VARIABLE`; None when Spark needs to be told nothing.

    Args:
        spark: What Spark is told.
        image: Image of the executors.
        pods: What pods are like where the executors are pods; None where Spark stays in one process.
    """
    conf = {**(_executors(image, pods) if pods is not None else {}), **spark.conf}
    words = [
        *(("--master", spark.master) if pods is not None else ()),
        *(("--packages", ",".join(spark.packages)) if spark.packages else ()),
        *(("--jars", ",".join(spark.jars)) if spark.jars else ()),
        *(word for name, value in sorted(conf.items()) for word in ("--conf", f"{name}={value}")),
    ]
    return shlex.join([*words, "pyspark-shell"]) if words else None


def _executors(image: str | None, pods: KubernetesSettings) -> dict[str, str]:
    """The driver is a pod: executors call it by its address, and go when it goes.

    Kubernetes itself fills in `$(…)`. Source: Spark 3.5, Running on Kubernetes, Client Mode.
    """
    optional = {
        "spark.kubernetes.container.image": image,
        "spark.kubernetes.authenticate.executor.serviceAccountName": pods.service_account,
        "spark.kubernetes.container.image.pullSecrets": ",".join(pods.pull_secrets),
    }
    return {
        "spark.driver.host": "$(POD_IP)",
        "spark.kubernetes.driver.pod.name": "$(POD_NAME)",
        "spark.kubernetes.namespace": "$(POD_NAMESPACE)",
        **{name: value for name, value in optional.items() if value},
    }
