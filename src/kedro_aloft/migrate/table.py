"""What becomes of every key of kedro-airflow 0.11, of kedro-airflow-k8s 0.8.2 and of the Composer/GKE example.

A row whose feature does not exist here yet says so; when it does, its row becomes `mapped`. Sources: the configuration
of kedro-airflow 0.11.0 (`plugin.py`, template), of kedro-airflow-k8s 0.8.2 (`config.py`), and `conf/base/airflow.yml`
with `templates/gke_operator.pytpl` of getindata/kedro-airflow-gke-example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.migrate.become import (
    as_date,
    as_dependencies,
    as_duration_of_minutes,
    as_groups,
    as_id,
    as_id_without_run_name,
    as_mail,
    as_mlflow_credentials,
    as_notifiers,
    as_schedule,
    as_variables,
    macros_as_params,
    variables_as_params,
)
from kedro_aloft.migrate.pods import (
    as_gke_image,
    as_image,
    as_machines,
    as_pod_templates,
    as_profiles,
    as_pull,
    as_pull_secrets,
    as_secrets,
    as_startup_timeout,
    as_volume,
    volume_key,
)
from kedro_aloft.migrate.rows import Default, Row, by_hand, kept, mapped, obsolete, renamed
from kedro_aloft.migrate.spark import as_cluster, as_connection, as_factory, as_finding, as_mode, for_dataproc
from kedro_aloft.migrate.values import Fate, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMAGE = "the image needs kedro-aloft, and the project in `/home/kedro/project`"
_GKE = "pods on Google Kubernetes Engine"
_MLFLOW = (
    "The experiment has its name in mlflow.yml, `tracking.experiment.name`; a DAG run is one MLflow run by itself."
)

KEDRO_AIRFLOW: tuple[Row, ...] = (
    kept("owner"),
    mapped("start_date", "`start_date`", as_date, "one spelling: an ISO date"),
    kept("max_active_runs"),
    mapped("schedule", "`schedule`", as_schedule),
    mapped("schedule_interval", "`schedule`", as_schedule, "the old name, which Airflow 3 refuses"),
    kept("catchup"),
    kept("depends_on_past"),
    mapped(
        "email_on_failure", "`notify.on_failure`", as_mail, "Airflow 3 deprecates it, and kedro-airflow had no address"
    ),
    mapped("email_on_retry", "`notify.on_retry`", as_mail, "Airflow 3 deprecates it, and kedro-airflow had no address"),
    kept("retries"),
    mapped(
        "retry_delay",
        "`retry_delay`",
        as_duration_of_minutes("retry_delay"),
        "a number of minutes, with its unit",
    ),
)

K8S: tuple[Row, ...] = (
    by_hand("host", "The address of a target beside `default:`, `targets: {prod: {…, airflow: {url: …}}}`."),
    by_hand("output", "The folder of a target beside `default:`, `targets: {prod: {kind: folder, path: …}}`."),
    mapped("run_config.image", "`execution: kubernetes`, `image`", as_image, _IMAGE),
    mapped("run_config.image_pull_policy", "`kubernetes.pull`", as_pull),
    mapped("run_config.image_pull_secrets", "`kubernetes.pull_secrets`", as_pull_secrets, "a list"),
    mapped("run_config.startup_timeout", "`kubernetes.startup_timeout`", as_startup_timeout, "with its unit"),
    obsolete("run_config.startup_time", "The old documentation called `startup_timeout` so; it never had an effect."),
    renamed("run_config.namespace", "kubernetes.namespace"),
    renamed("run_config.service_account_name", "kubernetes.service_account"),
    Row(
        key="run_config.experiment_name",
        fate=Fate.BY_HAND,
        new="`dag_id`, where there is no `run_name`",
        why=_MLFLOW,
        become=as_id_without_run_name,
    ),
    mapped(
        "run_config.run_name",
        "`dag_id`",
        as_id,
        "it was DAG id and file name; the file name follows project and pipeline now",
    ),
    mapped("run_config.cron_expression", "`schedule`", as_schedule),
    mapped(
        "run_config.start_date",
        "`start_date`",
        as_date,
        "the default `days_ago(2)` is gone from Airflow 3; a fixed date",
    ),
    renamed("run_config.description", "description"),
    mapped(
        "run_config.failure_handlers",
        "`notify.on_failure`",
        as_notifiers,
        "called once when the run fails, no longer for each task. Make the connection anew in Airflow, of type "
        "Slack Incoming Webhook: the old operator's arguments are gone from the provider.",
    ),
    mapped("run_config.volume.disabled", "`kubernetes.volume`", as_volume, "a volume is made when the key is there"),
    mapped(
        "run_config.volume.storageclass",
        "`kubernetes.volume.storage_class`",
        volume_key("storageclass", "storage_class"),
        "the old plugin asked for a class called None where there was none",
    ),
    mapped(
        "run_config.volume.size",
        "`kubernetes.volume.size`",
        volume_key("size", "size"),
        "mounted at `/home/kedro/project/data`, was `/home/kedro/data`: the catalog's paths begin at the project",
    ),
    mapped(
        "run_config.volume.access_modes", "`kubernetes.volume.access_modes`", volume_key("access_modes", "access_modes")
    ),
    mapped("run_config.volume.skip_init", "`kubernetes.volume.initialise`", volume_key("skip_init", "initialise")),
    mapped("run_config.volume.owner", "`kubernetes.volume.owner`", volume_key("owner", "owner")),
    mapped("run_config.secrets", "`kubernetes.secrets`", as_secrets, "as `env` or `mount`"),
    mapped(
        "run_config.macro_params",
        "`runtime_params`, `interval`",
        macros_as_params,
        "templates; what Airflow 3 removed is computed. `interval: data` keeps the meaning that `ds` had in Airflow 2.",
    ),
    mapped(
        "run_config.variables_params", "`runtime_params`", variables_as_params, "templates of the Airflow variables"
    ),
    mapped("run_config.env_vars", "`env_vars`", as_variables, "templates of the Airflow variables"),
    mapped(
        "run_config.resources",
        "`resource_profiles`",
        as_profiles,
        "chosen by a tag `airflow.resources.<name>`, or by `resource_profile`; `__default__` is called `default`",
    ),
    mapped(
        "run_config.kubernetes_pod_templates",
        "`kubernetes.pod_template`, `tasks`",
        as_pod_templates,
        "all other keys are laid over the template; the old plugin dropped them",
    ),
    mapped(
        "run_config.external_dependencies",
        "`wait_for`",
        as_dependencies,
        "waits without holding a worker's slot, and fails when the other run fails; existence is always checked",
    ),
    mapped(
        "run_config.authentication",
        "`env_vars`, or `mlflow.yml`",
        as_mlflow_credentials,
        "`Vars` becomes environment variables; for tokens kedro-mlflow has a request header provider",
    ),
    mapped(
        "run_config.group_spark_nodes",
        "`spark`",
        as_finding,
        "connected Spark nodes share a task; the tag is `airflow.spark`",
    ),
    mapped("run_config.spark.type", "`spark.mode`", as_mode, "`none` is `local`"),
    mapped("run_config.spark.region", "`spark.dataproc.region`", for_dataproc("region")),
    mapped("run_config.spark.project_id", "`spark.dataproc.project`", for_dataproc("project")),
    mapped(
        "run_config.spark.cluster_name",
        "`spark.master` on Kubernetes",
        as_connection,
        "the name of a Dataproc cluster is made of DAG and run, so that runs do not share one",
    ),
    mapped(
        "run_config.spark.cluster_config",
        "`spark.dataproc.cluster`; on Kubernetes `spark.conf`, `spark.jars`, `spark.packages`, `tasks`",
        as_cluster,
        "`run_script` is not needed: the runtime is the program",
    ),
    mapped("run_config.spark.operator_factory", "`spark.factory`", as_factory, "a function that returns an operator"),
    mapped(
        "run_config.spark.artifacts_path",
        "`spark.dataproc.artifacts`",
        for_dataproc("artifacts"),
        "`kedro airflow spark package` writes it, without credentials, history, environments and data",
    ),
    mapped("run_config.spark.user_init_path", "`spark.dataproc.init`", for_dataproc("init")),
    mapped("run_config.spark.user_post_init_path", "`spark.dataproc.post_init`", for_dataproc("post_init")),
)

COMPOSER: tuple[Row, ...] = (
    *KEDRO_AIRFLOW,
    mapped("grouping", "`group_by: tag`, `group_tags`", as_groups, "the tags are renamed in the pipelines: see below"),
    obsolete("grouping_prefix", "Grouping tags begin with `airflow.group.`, since Kedro refuses a colon."),
    obsolete("grouping_tag_prefix", "Grouping tags begin with `airflow.group.`, since Kedro refuses a colon."),
    mapped(
        "resources_tag_prefix",
        "`resource_profiles`",
        as_machines,
        "the machines of the template, chosen by a tag `airflow.resources.<name>`",
    ),
    renamed("gcp_project_id", "gke.project", _GKE),
    renamed("gcp_region", "gke.location", _GKE),
    renamed("gcp_gke_cluster_name", "gke.cluster", _GKE),
    renamed("k8s_namespace", "kubernetes.namespace"),
    renamed("k8s_service_account", "kubernetes.service_account"),
    mapped("docker_image", "`execution: gke`, `image`", as_gke_image, f"{_IMAGE}; a fixed tag, not `latest`"),
    kept("tags"),
    by_hand("env", "Each environment has an airflow.yml of its own; name it with `--env`."),
)

TABLES: Mapping[Kind, Mapping[str, Row]] = {
    kind: {row.key: row for row in rows}
    for kind, rows in ((Kind.KEDRO_AIRFLOW, KEDRO_AIRFLOW), (Kind.K8S, K8S), (Kind.COMPOSER, COMPOSER))
}
"""Kind → dotted key → row."""

COMPOSER_KEYS = frozenset(TABLES[Kind.COMPOSER]) - frozenset(TABLES[Kind.KEDRO_AIRFLOW]) - {"tags", "env"}
"""Keys by which the Composer example's airflow.yml is known."""

DEFAULTS: Mapping[Kind, tuple[Default, ...]] = {
    Kind.KEDRO_AIRFLOW: (
        Default(key="schedule", old="@once", new="null", why="a first click would start a scheduled run beside yours"),
        Default(key="max_active_runs", old="3", new="1", why="two runs at once write the same files"),
        Default(
            key="retry_delay", old="5 minutes", new="30 s", why="errors that cannot heal are not tried again at all"
        ),
    ),
    Kind.K8S: (
        Default(
            key="cron_expression", old="@daily", new="null", why="a DAG runs when somebody asks, unless you say so"
        ),
        Default(key="start_date", old="days_ago(2)", new="2023-01-01", why="Airflow 3 has no moving start date"),
        Default(key="catchup", old="true (Airflow 2)", new="false", why="years of missed runs are not made up for"),
        Default(key="volume", old="a claim of 1Gi", new="none", why="datasets in memory cross tasks by `handoff.uri`"),
        Default(key="retries", old="0", new="1", why="after 30 s, and not for errors that cannot heal"),
    ),
}
"""Kind → keys whose default differs, by the names that the old plugin gave them."""
