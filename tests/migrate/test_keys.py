"""Every key of the old plugins: what becomes of it, and that the new file is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kedro_aloft.migrate import Fate, Kind
from kedro_aloft.migrate.reference import REFERENCE_FILE, render_reference
from kedro_aloft.migrate.table import TABLES
from kedro_aloft.settings import read_settings

if TYPE_CHECKING:
    from conftest import Old

MAPPED = [
    ("owner", "data", {"owner": "data"}),
    ("start_date", [2023, 1, 31], {"start_date": "2023-01-31"}),
    ("max_active_runs", 3, {"max_active_runs": 3}),
    ("schedule", "@daily", {"schedule": "@daily"}),
    ("schedule_interval", "0 6 * * *", {"schedule": "0 6 * * *"}),
    ("catchup", True, {"catchup": True}),
    ("depends_on_past", True, {"depends_on_past": True}),
    ("retries", 2, {"retries": 2}),
    ("retry_delay", 5, {"retry_delay": "5m"}),
]
K8S = [
    ("run_name", "shop-daily", {"dag_id": "shop-daily"}),
    ("run_name", "Shop: daily", {"dag_id": "shop-daily"}),
    ("experiment_name", "Shop", {"dag_id": "Shop"}),
    ("cron_expression", "0 4 * * *", {"schedule": "0 4 * * *"}),
    ("start_date", "20210721", {"start_date": "2021-07-21"}),
    ("start_date", 20210721, {"start_date": "2021-07-21"}),
    ("description", "Bob's <daily>", {"description": "Bob's <daily>"}),
    ("variables_params", ["env"], {"runtime_params": {"env": "{{ var.value.env }}"}}),
    ("env_vars", ["REGION"], {"env_vars": {"REGION": "{{ var.value.REGION }}"}}),
    ("macro_params", ["ds"], {"interval": "data", "runtime_params": {"ds": "{{ ds }}"}}),
    (
        "macro_params",
        ["execution_date"],
        {"interval": "data", "runtime_params": {"execution_date": "{{ logical_date }}"}},
    ),
    ("macro_params", ["prev_ds"], {"interval": "data", "runtime_params": {"prev_ds": "{{ macros.ds_add(ds, -1) }}"}}),
    (
        "external_dependencies",
        [
            {"dag_id": "a"},
            {"dag_id": "b", "task_id": "t", "timeout": 2, "check_existence": False, "execution_delta": 10},
        ],
        {
            "wait_for": [
                {"dag_id": "a", "timeout": "1440m"},
                {"dag_id": "b", "task_id": "t", "timeout": "2m", "execution_delta": "10m"},
            ]
        },
    ),
    ("image", "registry/shop:1", {"execution": "kubernetes", "image": "registry/shop:1"}),
    ("image_pull_policy", "IfNotPresent", {"kubernetes": {"pull": "missing"}}),
    ("image_pull_policy", "Never", {"kubernetes": {"pull": "never"}}),
    ("image_pull_secrets", "one, two", {"kubernetes": {"pull_secrets": ["one", "two"]}}),
    ("startup_timeout", 300, {"kubernetes": {"startup_timeout": "300s"}}),
    ("namespace", "shop", {"kubernetes": {"namespace": "shop"}}),
    ("service_account_name", "runner", {"kubernetes": {"service_account": "runner"}}),
    ("volume", {"disabled": False}, {"kubernetes": {"volume": {"size": "1Gi"}}}),
    ("volume", {"disabled": True, "size": "5Gi", "owner": 3}, {}),
    (
        "volume",
        {"storageclass": "fast", "size": "5Gi", "access_modes": ["ReadWriteMany"], "skip_init": True, "owner": 0},
        {
            "kubernetes": {
                "volume": {
                    "storage_class": "fast",
                    "size": "5Gi",
                    "access_modes": ["ReadWriteMany"],
                    "initialise": False,
                    "owner": 0,
                }
            }
        },
    ),
    ("volume", {"storageclass": None, "size": "5Gi"}, {"kubernetes": {"volume": {"size": "5Gi"}}}),
    (
        "secrets",
        [
            {"deploy_type": "env", "deploy_target": "SQL_CONN", "secret": "db", "key": "conn"},
            {"deploy_type": "volume", "deploy_target": "/etc/db", "secret": "db"},
            {"secret": "all"},
        ],
        {
            "kubernetes": {
                "secrets": [
                    {"secret": "db", "key": "conn", "env": "SQL_CONN"},
                    {"secret": "db", "mount": "/etc/db"},
                    {"secret": "all"},
                ]
            }
        },
    ),
    (
        "resources",
        {
            "__default__": {"requests": {"cpu": "1"}, "labels": {"running": "airflow"}},
            "huge": {
                "node_selectors": {"pool": "huge"},
                "annotations": {"a": "{{- with secret -}}"},
                "tolerations": [{"key": "group", "operator": "Equal", "value": "x", "effect": "NoSchedule"}],
                "limits": {"memory": "256Gi"},
            },
        },
        {
            "resource_profiles": {
                "default": {"labels": {"running": "airflow"}, "requests": {"cpu": "1"}},
                "huge": {
                    "node_selector": {"pool": "huge"},
                    "annotations": {"a": "{{- with secret -}}"},
                    "tolerations": [{"key": "group", "operator": "Equal", "value": "x", "effect": "NoSchedule"}],
                    "limits": {"memory": "256Gi"},
                },
            }
        },
    ),
    (
        "kubernetes_pod_templates",
        {
            "__default__": {
                "template": "kind: Pod\nmetadata: null",
                "image": "base:1",
            },
            "spark": {"template": "kind: Pod", "image": "spark:1"},
        },
        {
            "kubernetes": {"pod_template": {"kind": "Pod", "metadata": None}},
            "image": "base:1",
            "tasks": [
                {
                    "select": "tag:k8s_template.spark",
                    "kubernetes": {"pod_template": {"kind": "Pod"}},
                    "image": "spark:1",
                }
            ],
        },
    ),
    ("group_spark_nodes", True, {"spark": {"mode": "local"}}),
    ("group_spark_nodes", False, {}),
    ("spark", {"type": "none", "region": "None"}, {}),
    (
        "spark",
        {
            "type": "dataproc",
            "region": "europe-west1",
            "project_id": "shop",
            "cluster_name": "static",
            "cluster_config": {"master_config": {"num_instances": 1}},
            "artifacts_path": "gs://shop/spark",
            "user_init_path": "init.sh",
            "user_post_init_path": "post.sh",
        },
        {
            "spark": {
                "mode": "dataproc",
                "dataproc": {
                    "region": "europe-west1",
                    "project": "shop",
                    "cluster": {"master_config": {"num_instances": 1}},
                    "artifacts": "gs://shop/spark",
                    "init": "init.sh",
                    "post_init": "post.sh",
                },
            }
        },
    ),
    (
        "spark",
        {
            "type": "k8s",
            "region": "europe-west1",
            "cluster_config": {
                "run_script": "local:///run.py",
                "image": "spark:1",
                "conf": {"spark.eventLog.enabled": True},
                "num_executors": "3",
                "driver_port": 10000,
                "labels": {"team": "data"},
                "env_vars": {"STAGE": "prod"},
                "local_storage": {"class_name": "fast", "size": "10Gi"},
                "requests": {"cpu": 2},
                "limits": {"cpu": 4, "memory": "8g"},
                "jars": "a.jar, b.jar",
                "packages": ["x:y:1"],
                "repositories": ["https://maven.example.org"],
            },
        },
        {
            "spark": {
                "mode": "kubernetes",
                "conf": {
                    "spark.eventLog.enabled": "true",
                    "spark.kubernetes.container.image": "spark:1",
                    "spark.executor.instances": "3",
                    "spark.driver.port": "10000",
                    "spark.kubernetes.executor.request.cores": "2",
                    "spark.kubernetes.executor.limit.cores": "4",
                    "spark.executor.memory": "8g",
                    **{
                        f"spark.kubernetes.executor.volumes.persistentVolumeClaim.spark-local-dir-1.{key}": value
                        for key, value in {
                            "options.claimName": "OnDemand",
                            "options.storageClass": "fast",
                            "options.sizeLimit": "10Gi",
                            "mount.path": "/tmp/spark-local",
                            "mount.readOnly": "false",
                        }.items()
                    },
                    "spark.kubernetes.executor.label.team": "data",
                    "spark.executorEnv.STAGE": "prod",
                    "spark.jars.repositories": "https://maven.example.org",
                },
                "jars": ["a.jar", "b.jar"],
                "packages": ["x:y:1"],
            }
        },
    ),
    ("authentication", {"type": "Vars", "params": ["USER"]}, {"env_vars": {"USER": "{{ var.value.USER }}"}}),
]
BY_HAND = [
    ("run_name", "shop:${commit_id}", "history"),
    ("cron_expression", "0 0 4 * * *", "seconds"),
    ("macro_params", ["prev_execution_date"], "prev_execution_date"),
    ("failure_handlers", [{"type": "mail"}], "mail"),
    ("authentication", {"type": "GoogleOAuth2"}, "request header provider"),
    ("kubernetes_pod_templates", {"a": {"template": "name: {name()}"}}, "Python code"),
    ("resources", {"huge": {"request": {"cpu": 1}}}, "request"),
    ("spark.operator_factory", {"type": "custom", "operator_factory": "shop.Factory"}, "function"),
    ("spark.cluster_name", {"type": "kubernetes", "cluster_name": "spark_default"}, "spark.master"),
    ("spark.type", {"type": "databricks"}, "knew"),
    ("spark.cluster_config", {"type": "k8s", "cluster_config": {"secrets": [1]}}, "secrets"),
]
K8S_KEYS = (
    "image",
    "image_pull_policy",
    "startup_timeout",
    "namespace",
    "experiment_name",
    "run_name",
    "cron_expression",
    "start_date",
    "description",
    "image_pull_secrets",
    "service_account_name",
    "failure_handlers",
    "volume.disabled",
    "volume.storageclass",
    "volume.size",
    "volume.access_modes",
    "volume.skip_init",
    "volume.owner",
    "secrets",
    "macro_params",
    "variables_params",
    "env_vars",
    "resources",
    "kubernetes_pod_templates",
    "external_dependencies",
    "authentication",
    "group_spark_nodes",
    "spark.type",
    "spark.region",
    "spark.project_id",
    "spark.cluster_name",
    "spark.cluster_config",
    "spark.operator_factory",
    "spark.artifacts_path",
    "spark.user_init_path",
    "spark.user_post_init_path",
)
"""The properties of `RunConfig` and `VolumeConfig` in kedro-airflow-k8s 0.8.2."""


def _written(old: Old) -> dict[str, Any]:
    """The default section of the one new file, which must be accepted."""
    (text,) = old.plan().files.values()
    content = yaml.safe_load(text)
    for name in content:
        read_settings(content, pipeline=name, pipelines=tuple(content), source="airflow.yml")
    return dict(content["default"])


@pytest.mark.parametrize(("key", "value", "settings"), MAPPED)
def test_keys_of_kedro_airflow(old: Old, key: str, value: object, settings: dict[str, Any]) -> None:
    old.write("conf/base/airflow.yml", yaml.safe_dump({"default": {key: value, "email_on_failure": False}}))
    assert _written(old) == settings
    assert old.lines()[f"default.{key}"].fate in (Fate.KEPT, Fate.MAPPED)


@pytest.mark.parametrize(("key", "value", "settings"), K8S)
def test_keys_of_kedro_airflow_k8s(old: Old, key: str, value: object, settings: dict[str, Any]) -> None:
    old.write("conf/base/airflow-k8s.yaml", yaml.safe_dump({"run_config": {key: value}}))
    assert _written(old) == settings


@pytest.mark.parametrize(("key", "value", "reason"), BY_HAND)
def test_what_needs_a_hand_says_why_and_is_kept_as_a_comment(old: Old, key: str, value: object, reason: str) -> None:
    old.write("conf/base/airflow-k8s.yaml", yaml.safe_dump({"run_config": {key.partition(".")[0]: value}}))
    (line,) = [line for where, line in old.lines().items() if where == f"run_config.{key}"]
    assert line.fate is Fate.BY_HAND
    assert reason in line.why
    (text,) = old.plan().files.values()
    assert f"#   run_config.{key}:" in text
    assert set(_written(old)) <= ({"spark"} if key.startswith("spark.") else set())


@pytest.mark.parametrize(("key", "word"), [("host", "airflow: {url"), ("output", "kind: folder")])
def test_where_the_old_plugin_published_is_a_target_now(old: Old, key: str, word: str) -> None:
    old.write("conf/base/airflow-k8s.yaml", yaml.safe_dump({key: "gs://shop/dags", "run_config": {"run_name": "shop"}}))
    assert (old.lines()[key].fate, word in old.lines()[key].why) == (Fate.BY_HAND, True)
    (text,) = old.plan().files.values()
    assert f"#   {key}: gs://shop/dags" in text
    assert _written(old) == {"dag_id": "shop"}


def test_every_key_of_kedro_airflow_k8s_is_in_the_table() -> None:
    expected = {"host", "output", *(f"run_config.{key}" for key in K8S_KEYS)}
    assert expected <= set(TABLES[Kind.K8S])


def test_a_slack_handler_becomes_a_notifier(old: Old) -> None:
    handler = {"type": "slack", "connection_id": "chat", "message_template": "{task} of {dag}: {url} {other}"}
    old.write("conf/base/airflow-k8s.yaml", yaml.safe_dump({"run_config": {"failure_handlers": [handler]}}))
    (notifier,) = _written(old)["notify"]["on_failure"]
    assert notifier["slack_webhook_conn_id"] == "chat"
    assert "{{ dag.dag_id }}" in notifier["text"]
    assert notifier["text"].endswith("{other}")


def test_mail_that_is_on_needs_an_address(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {email_on_failure: true}")
    line = old.lines()["default.email_on_failure"]
    assert (line.fate, "SmtpNotifier" in line.why) == (Fate.BY_HAND, True)
    assert _written(old) == {}


def test_a_value_that_the_settings_refuse_is_left_to_a_person(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {schedule_interval: '@dayly', retries: many, owner: me}")
    assert _written(old) == {"owner": "me"}
    refused = [line for line in old.plan().lines if line.fate is Fate.BY_HAND]
    assert [line.where.rpartition(".")[2] for line in refused] == ["schedule_interval", "retries"]
    assert "@daily" in refused[0].why


def test_a_key_that_was_always_ignored_is_named(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {schedule_intervall: '@daily'}")
    assert "ignored" in old.lines()["default.schedule_intervall"].why
    assert _written(old) == {}


def test_a_variable_of_a_template_goes_where_every_command_accepts_it(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {team: me}")
    old.write("templates/dag.py.j2", "from airflow.sdk import DAG\nDAG('{{ dag_name }}', tags=['{{ team }}'])\n")
    assert "templates/dag.py.j2" in old.lines()["default.team"].why
    assert _written(old) == {"template_vars": {"team": "me"}}


def test_defaults_that_differ_are_told_where_the_old_file_relies_on_them(old: Old) -> None:
    old.write("conf/base/airflow.yml", "default: {schedule_interval: '@daily'}")
    differing = [line.where for line in old.plan().lines if line.fate is Fate.DEFAULT]
    assert differing == ["conf/base/airflow.yml: max_active_runs", "conf/base/airflow.yml: retry_delay"]


def test_placeholders_of_the_old_loader_become_omegaconf(old: Old) -> None:
    old.write("conf/base/airflow-k8s.yaml", "run_config: {description: 'of ${branch_name|none} by ${user}'}")
    assert _written(old) == {"description": "of ${oc.env:KEDRO_CONFIG_BRANCH_NAME,none} by ${oc.env:KEDRO_CONFIG_USER}"}
    assert any("custom_resolvers" in line.new for line in old.plan().lines)


def test_the_reference_page_is_fresh() -> None:
    assert REFERENCE_FILE.read_text(encoding="utf-8") == render_reference(), "run: make docs"
