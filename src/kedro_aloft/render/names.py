"""Names of DAGs and of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.graph.naming import MAX_ID_LENGTH, airflow_id, digest

if TYPE_CHECKING:
    from kedro_aloft.settings.models import DagSettings

DEFAULT_PIPELINE = "__default__"
DEFAULT_ENV = "local"
_FILE_SUFFIX = "_dag.py"


def dag_id_for(package: str, pipeline: str, env: str, settings: DagSettings, *, default_env: str = DEFAULT_ENV) -> str:
    """Return the id of a DAG: the one that is set, else one that no other pipeline or environment of the project has.

    Args:
        package: Python package of the project, which contains no hyphen.
        pipeline: Registered pipeline.
        env: Kedro environment of the DAG.
        settings: May set `dag_id`.
        default_env: The environment in which the project runs when none is named.

    Returns:
        `package` for the default pipeline in the default environment, else `package-pipeline[-env]`.
    """
    if settings.dag_id is not None:
        return settings.dag_id
    elsewhere = [] if env == default_env else [env]
    if pipeline == DEFAULT_PIPELINE and not elsewhere:
        return airflow_id(package)
    parts = [package, pipeline, *elsewhere]
    # `a-b` may be pipeline `a` in env `b` or pipeline `a-b`: names with hyphens are told apart by their digest.
    if "-" in pipeline or any("-" in part for part in elsewhere):
        parts.append(digest("\0".join(parts)))
    return airflow_id("-".join(parts))


def file_name(package: str, env: str, pipeline: str) -> str:
    """Return the name of a DAG file as kedro-airflow gives it: `<package>[_<env>][_<pipeline>]_dag.py`.

    The environment `local` and the default pipeline are not named. What no file system may have is replaced.
    """
    parts = [package, *([env] if env != DEFAULT_ENV else []), *([pipeline] if pipeline != DEFAULT_PIPELINE else [])]
    return airflow_id("_".join(parts), max_length=MAX_ID_LENGTH - len(_FILE_SUFFIX)) + _FILE_SUFFIX
