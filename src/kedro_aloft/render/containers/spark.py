"""Tasks of nodes that need Spark: jobs on a Dataproc cluster of the run's own, or what a factory makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.render.containers.work import RUN_COMMAND, Adapter, Constants, Work
from kedro_aloft.render.layout import Call
from kedro_aloft.render.slug import slugify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.settings.models import DagSettings
    from kedro_aloft.settings.overrides import TaskSettings
    from kedro_aloft.settings.spark import DataprocSettings, SparkSettings

JOB = "spark_job"
JOB_CONSTANTS = ("DATAPROC", "PYSPARK", "SPARK_CLUSTER")

JOB_SOURCE = '''\
def spark_job(variables, *words):
    """Return a Dataproc job that runs nodes, and is told which by its arguments."""
    arguments = [*words, *(f"{name}={value}" for name, value in variables.items())]
    return {
        "placement": {"cluster_name": SPARK_CLUSTER},
        "pyspark_job": {**PYSPARK, "args": arguments},
    }
'''
"""The function of the DAG file that `JOB` names."""

LAUNCHER, ARCHIVE, INIT = "launch.py", "project.zip", "init.sh"
"""Files of a package, in `spark.dataproc.artifacts`."""

_RUN_OF_DAG = "macros.uuid.uuid5(macros.uuid.NAMESPACE_URL, dag.dag_id ~ ' ' ~ run_id).hex[:20]"
_INIT_TIMEOUT_S = 1800


def _dataproc_arguments(work: Work, constants: Constants) -> dict[str, Any]:
    spark = _spark(work)
    constants.name("SPARK_CLUSTER", cluster_name(work.package))
    constants.name("PYSPARK", _pyspark(spark))
    words = work.command[len(RUN_COMMAND) :]
    return {
        "**options": constants.name("DATAPROC", _options(spark.dataproc)),
        "job": Call(JOB, (work.environment(), *words)),
    }


def _spark(work: Work) -> SparkSettings:
    assert work.demands.spark is not None
    return work.demands.spark


def cluster_name(package: str) -> str:
    """Return the template of a cluster's name: equal for all tries of a run, and no other run's.

    Dataproc allows 51 lower-case letters, digits and hyphens.
    """
    return f"kedro-{slugify(package)[:20].strip('-')}-{{{{ {_RUN_OF_DAG} }}}}"


def _options(dataproc: DataprocSettings) -> dict[str, Any]:
    optional = {
        "gcp_conn_id": dataproc.connection,
        "impersonation_chain": dataproc.impersonate,
        "deferrable": dataproc.deferrable,
    }
    return {
        "project_id": dataproc.project,
        "region": dataproc.region,
        **{name: value for name, value in optional.items() if value},
    }


def _pyspark(spark: SparkSettings) -> dict[str, Any]:
    artifacts = _artifacts(spark.dataproc)
    packages = {"spark.jars.packages": ",".join(spark.packages)} if spark.packages else {}
    optional = {"jar_file_uris": list(spark.jars), "properties": {**packages, **spark.conf}}
    return {
        "main_python_file_uri": f"{artifacts}/{LAUNCHER}",
        "python_file_uris": [f"{artifacts}/{ARCHIVE}"],
        **{name: value for name, value in optional.items() if value},
    }


def _artifacts(dataproc: DataprocSettings) -> str:
    return (dataproc.artifacts or "").rstrip("/")


def cluster_arguments(dataproc: DataprocSettings) -> dict[str, Any]:
    """Return what the cluster is like: as the settings say, with our initialization after the user's."""
    given = dict(dataproc.cluster)
    action = {
        "executable_file": f"{_artifacts(dataproc)}/{INIT}",
        "execution_timeout": {"seconds": _INIT_TIMEOUT_S},
    }
    idle = {"idle_delete_ttl": {"seconds": int(dataproc.idle_timeout.total_seconds())}}
    return {
        "cluster_config": {
            **given,
            "initialization_actions": [*given.get("initialization_actions", ()), action],
            "lifecycle_config": {**idle, **given.get("lifecycle_config", {})},
        },
        "labels": {"created-by": "kedro-aloft", **dataproc.labels},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """When a cluster is there.

    Args:
        after: The last tasks that all of the first Spark tasks wait for: none of these is kept waiting for the cluster
            by a task that it does not wait for itself.
        first: The Spark tasks that wait for no other one.
        last: The Spark tasks that no other one waits for.
    """

    after: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


def lifetime(plan: Plan, tasks: Iterable[str]) -> Lifetime:
    """Return when the cluster of some tasks has to be there; all ids in the plan's order."""
    on_cluster = set(tasks)
    above: dict[str, set[str]] = {}
    for task in plan.tasks:
        above[task.id] = set(task.upstream).union(*(above[one] for one in task.upstream))
    first = tuple(task.id for task in plan.tasks if task.id in on_cluster and not above[task.id] & on_cluster)
    followed = set().union(*(above[one] for one in on_cluster))
    common = set.intersection(*(above[one] for one in first))
    passed = set().union(*(above[one] for one in common))
    return Lifetime(
        after=tuple(task.id for task in plan.tasks if task.id in common - passed),
        first=first,
        last=tuple(task.id for task in plan.tasks if task.id in on_cluster - followed),
    )


def _custom_arguments(work: Work, constants: Constants) -> dict[str, Any]:
    spark = _spark(work)
    told = {
        "packages": list(spark.packages),
        "jars": list(spark.jars),
        "conf": dict(spark.conf),
        "options": dict(spark.options),
    }
    return {
        "command": list(work.command),
        "environment": work.environment(),
        "image": work.demands.image,
        "spark": constants.name("SPARK", told),
    }


def custom_modules(settings: DagSettings) -> dict[str, str]:
    """Return the module of the factory, by its name."""
    factory = settings.spark.factory if settings.spark is not None else None
    module, _, name = (factory or "").rpartition(".")
    return {name: module} if name else {}


DATAPROC = Adapter(
    operator="DataprocSubmitJobOperator",
    modules=dict.fromkeys(
        ("DataprocCreateClusterOperator", "DataprocDeleteClusterOperator", "DataprocSubmitJobOperator"),
        "airflow.providers.google.cloud.operators.dataproc",
    ),
    arguments=_dataproc_arguments,
)


def _factory(demands: TaskSettings) -> str:
    """The user's own function."""
    return ((demands.spark and demands.spark.factory) or "").rpartition(".")[2]


CUSTOM = Adapter(operator=_factory, modules={}, arguments=_custom_arguments)
