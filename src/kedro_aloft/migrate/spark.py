"""How the Spark section of kedro-airflow-k8s becomes `spark`; each function is a row's `become`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro_aloft.migrate.rows import Around, NeedsHand
from kedro_aloft.settings.spark import conf_word

if TYPE_CHECKING:
    from collections.abc import Callable

_MODES = {"none": "local", "dataproc": "dataproc", "k8s": "kubernetes", "kubernetes": "kubernetes", "custom": "custom"}
_NOTHING = (None, "", "None")
"""The old plugin's default for texts was the word None."""

_CONF = {
    "image": "spark.kubernetes.container.image",
    "num_executors": "spark.executor.instances",
    "driver_port": "spark.driver.port",
    "block_manager_port": "spark.blockManager.port",
    "requests.cpu": "spark.kubernetes.executor.request.cores",
    "limits.cpu": "spark.kubernetes.executor.limit.cores",
    "limits.memory": "spark.executor.memory",
}
"""Key of `cluster_config` on Kubernetes → Spark's own configuration."""

_NAMED = {"labels": "spark.kubernetes.executor.label", "env_vars": "spark.executorEnv"}
_DISK = "spark.kubernetes.executor.volumes.persistentVolumeClaim.spark-local-dir-1"
_OBSOLETE = frozenset({"run_script"})
"""The runtime is the program."""


def as_finding(value: Any, around: Around) -> Mapping[str, Any]:
    """`group_spark_nodes: true` is the section itself; with a type, that says more."""
    return {"spark.mode": "local"} if value and _mode(around) == "local" else {}


def as_mode(value: Any, around: Around) -> Mapping[str, Any]:
    """The family of operators; it counted only with `group_spark_nodes`, whose default the old page told wrongly."""
    if str(value).lower() not in _MODES:
        raise NeedsHand(f"the old plugin knew {', '.join(_MODES)}")
    mode = _mode(around)
    return {"spark.mode": mode} if mode not in ("local", "") else {}


def _mode(around: Around) -> str:
    if around.section.get("group_spark_nodes") is False:
        return ""
    return _MODES.get(str(around.section.get("spark.type") or "none").lower(), "")


def for_dataproc(key: str) -> Callable[[Any, Around], Mapping[str, Any]]:
    """Return the function for a key that has the same value in `spark.dataproc`."""

    def become(value: Any, around: Around) -> Mapping[str, Any]:
        return {f"spark.dataproc.{key}": value} if value not in _NOTHING and _mode(around) == "dataproc" else {}

    return become


def as_connection(value: Any, around: Around) -> Mapping[str, Any]:
    """On Dataproc a name of the cluster, on Kubernetes a connection."""
    if value not in _NOTHING and _mode(around) == "kubernetes":
        raise NeedsHand("it was an Airflow connection to Spark: its address is `spark.master` now")
    return {}


def as_factory(value: Any, around: Around) -> Mapping[str, Any]:
    """The old class made strings of source; ours is a function that makes operators."""
    if value in _NOTHING or _mode(around) != "custom":
        return {}
    raise NeedsHand("write a function that returns an operator, and name it in `spark.factory`")


def as_cluster(value: Any, around: Around) -> Mapping[str, Any]:
    """On Dataproc the cluster itself, on Kubernetes what Spark is told."""
    if not value or _mode(around) not in ("dataproc", "kubernetes"):
        return {}
    if _mode(around) == "dataproc":
        return {"spark.dataproc.cluster": value}
    flat = _flat(value)
    conf = {str(name): conf_word(item) for name, item in (value.get("conf") or {}).items()}
    conf |= {_CONF[key]: str(flat[key]) for key in _CONF if flat.get(key) is not None} | _disk(value)
    for key, prefix in _NAMED.items():
        conf |= {f"{prefix}.{name}": str(item) for name, item in (value.get(key) or {}).items()}
    if value.get("repositories"):
        conf["spark.jars.repositories"] = ",".join(_listed(value["repositories"]))
    _refuse_rest(value)
    settings = {"spark.conf": conf, **{f"spark.{key}": _listed(value.get(key)) for key in ("jars", "packages")}}
    return {key: item for key, item in settings.items() if item}


def _flat(value: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        f"{key}.{name}": item
        for key in ("requests", "limits")
        if isinstance(value.get(key), Mapping)
        for name, item in value[key].items()
    }
    return {**value, **inner}


def _disk(value: Mapping[str, Any]) -> dict[str, str]:
    disk = value.get("local_storage")
    if not isinstance(disk, Mapping):
        return {}
    return {
        f"{_DISK}.options.claimName": "OnDemand",
        f"{_DISK}.options.storageClass": str(disk.get("class_name", "standard")),
        f"{_DISK}.options.sizeLimit": str(disk.get("size", "")),
        f"{_DISK}.mount.path": "/tmp/spark-local",  # noqa: S108  a folder in the executors' pods
        f"{_DISK}.mount.readOnly": "false",
    }


def _listed(value: Any) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else list(value or ())


def _refuse_rest(value: Mapping[str, Any]) -> None:
    known = {"conf", "repositories", "jars", "packages", "local_storage", *_OBSOLETE, *_NAMED}
    known |= {key.partition(".")[0] for key in _CONF}
    rest = sorted(set(value) - known)
    if rest:
        raise NeedsHand(f"write what {', '.join(rest)} said into `spark.conf`, as Spark calls it")
