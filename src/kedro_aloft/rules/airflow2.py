"""What Airflow 3 took away, and what stands in its place. Tables alone.

Source: Airflow 3.3.2, tried one by one: imports, arguments of `DAG` and of operators, trigger rules, keys of the task
context (`airflow.sdk.definitions.context`), commands, and `airflow config lint` for options.
"""

from __future__ import annotations

import re

from kedro_aloft.rules.pattern import Pattern

VARIABLES = {
    "execution_date": "logical_date",
    "next_ds": "data_interval_end | ds",
    "next_ds_nodash": "data_interval_end | ds_nodash",
    "next_execution_date": "data_interval_end",
    "prev_ds": "data_interval_start | ds",
    "prev_ds_nodash": "data_interval_start | ds_nodash",
    "prev_execution_date": "prev_data_interval_start_success",
    "prev_execution_date_success": "prev_data_interval_start_success",
    "tomorrow_ds": "macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "macros.ds_add(ds, 1) | replace('-', '')",
    "yesterday_ds": "macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "macros.ds_add(ds, -1) | replace('-', '')",
}
"""Variables of templates and of the task context → what gives the same."""

MODULES = {
    "airflow.contrib": "the provider's package",
    "airflow.datasets": "airflow.sdk (Asset)",
    "airflow.hooks.base_hook": "airflow.sdk.bases.hook",
    "airflow.hooks.dbapi_hook": "airflow.providers.common.sql.hooks.sql",
    "airflow.kubernetes": "airflow.providers.cncf.kubernetes",
    "airflow.models.dataset": "airflow.sdk (Asset)",
    "airflow.operators.bash_operator": "airflow.providers.standard.operators.bash",
    "airflow.operators.branch_operator": "airflow.providers.standard.operators.branch",
    "airflow.operators.dagrun_operator": "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.operators.dummy": "airflow.providers.standard.operators.empty",
    "airflow.operators.dummy_operator": "airflow.providers.standard.operators.empty",
    "airflow.operators.email_operator": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.postgres_operator": "airflow.providers.common.sql.operators.sql",
    "airflow.operators.python_operator": "airflow.providers.standard.operators.python",
    "airflow.operators.subdag": "airflow.sdk (TaskGroup)",
    "airflow.operators.subdag_operator": "airflow.sdk (TaskGroup)",
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod": "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.sensors.external_task_sensor": "airflow.providers.standard.sensors.external_task",
    "airflow.timetables.datasets": "airflow.timetables.assets",
}
"""Modules that are gone → where their content is."""

NAMES = {
    "airflow.utils.dates.days_ago": "a fixed date",
    "airflow.utils.decorators.apply_defaults": "nothing: it is done by itself",
    "airflow.utils.helpers.chain": "airflow.sdk.chain",
    "airflow.utils.helpers.cross_downstream": "airflow.sdk.cross_downstream",
}
"""Names that are gone from modules that are not."""

DAG_ARGUMENTS = {
    "concurrency": "max_active_tasks",
    "default_view": "nothing",
    "fail_stop": "fail_fast",
    "full_filepath": "nothing",
    "orientation": "nothing",
    "schedule_interval": "schedule",
    "sla_miss_callback": "deadline=DeadlineAlert(…)",
    "timetable": "schedule",
}
TASK_ARGUMENTS = {
    "provide_context": "nothing: the context is always there",
    "sla": "deadline=DeadlineAlert(…) of the DAG",
    "task_concurrency": "max_active_tis_per_dag",
}
TRIGGER_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}

EXECUTORS = {
    "CeleryKubernetesExecutor": "several executors in [core] executor, and `executor` under `tasks`",
    "DaskExecutor": "another executor",
    "DebugExecutor": "LocalExecutor, or `dag.test()`",
    "LocalKubernetesExecutor": "several executors in [core] executor, and `executor` under `tasks`",
    "SequentialExecutor": "LocalExecutor",
}

COMMANDS = {
    "connections import-all": "airflow connections import",
    "dags backfill": "airflow backfill create",
    "db init": "airflow db migrate",
    "db upgrade": "airflow db migrate",
    "initdb": "airflow db migrate",
    "upgradedb": "airflow db migrate",
    "webserver": "airflow api-server",
}
_SPACED = "|".join(r"\s+".join(map(re.escape, one.split())) for one in COMMANDS)
COMMAND = Pattern(rf"\bairflow\s+(?P<command>{_SPACED})(?![\w-])")

OPTIONS = {
    "CORE__DAG_CONCURRENCY": "CORE__MAX_ACTIVE_TASKS_PER_DAG",
    "CORE__MAX_DB_RETRIES": "DATABASE__MAX_DB_RETRIES",
    "CORE__NON_POOLED_TASK_SLOT_COUNT": "CORE__DEFAULT_POOL_TASK_SLOT_COUNT",
    "CORE__REMOTE_LOGGING": "LOGGING__REMOTE_LOGGING",
    "CORE__SQL_ALCHEMY_CONN": "DATABASE__SQL_ALCHEMY_CONN",
    "SCHEDULER__DAG_DIR_LIST_INTERVAL": "DAG_PROCESSOR__REFRESH_INTERVAL",
    "SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL",
    "SCHEDULER__PARSING_PROCESSES": "DAG_PROCESSOR__PARSING_PROCESSES",
    "SCHEDULER__STATSD_ON": "METRICS__STATSD_ON",
    "WEBSERVER__BASE_URL": "API__BASE_URL",
    "WEBSERVER__EXPOSE_CONFIG": "API__EXPOSE_CONFIG",
    "WEBSERVER__SECRET_KEY": "API__SECRET_KEY",
    "WEBSERVER__WEB_SERVER_PORT": "API__PORT",
    "WEBSERVER__WORKERS": "API__WORKERS",
}
OPTION = Pattern(rf"\bAIRFLOW__(?P<option>{'|'.join(OPTIONS)})\b")


def gone_from(path: str) -> str:
    """Return what stands in place of an import path; empty when it is still there."""
    if path in NAMES:
        return NAMES[path]
    parts = path.split(".")
    heads = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((MODULES[head] for head in heads if head in MODULES), "")
