"""Values for the official chart."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import yaml

from kedro_aloft.render.targets import Bundle, render_values
from kedro_aloft.render.targets.helm import first_commands
from support.programs import helm

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {
    *("airflowVersion", "apiSecretKeySecretName", "apiServer", "config", "createUserJob", "dagProcessor", "data"),
    *("env", "executor", "fernetKeySecretName", "images", "jwtSecretName", "postgresql", "scheduler", "secret"),
    *("triggerer", "workers"),
}
"""Keys of the chart 1.22 that we use; from its documentation, as the chart itself is not at hand."""


def values(**changed: Any) -> dict[str, Any]:
    words: dict[str, Any] = {
        "name": "shop",
        "namespace": "data",
        "chart_version": "1.22.0",
        "airflow_version": "3.3.2",
        "repository": "ghcr.io:443/acme/shop",
        "tag": "abc-1",
        "executor": "CeleryExecutor",
        "bundle": Bundle(kwargs={"path": "/opt/airflow/dags"}),
        "environment": {},
    }
    content: dict[str, Any] = yaml.safe_load(render_values(**(words | changed)))
    return content


FULL: dict[str, Any] = {
    "environment": {"KEDRO_ENV": "prod", "ODD": 'a: "b" #c'},
    "secrets": ["PASSWORD"],
    "identity": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"},
    "logs": "s3://shop/logs",
    "logs_connection": "aws_default",
}


def test_the_image_is_the_one_that_was_built() -> None:
    assert values()["images"]["airflow"] == {"repository": "ghcr.io:443/acme/shop", "tag": "abc-1"}
    assert values()["airflowVersion"] == "3.3.2"


def test_secrets_are_names_and_the_commands_for_them_have_no_values() -> None:
    content = values(**FULL)
    assert {content[key] for key in ("apiSecretKeySecretName", "fernetKeySecretName", "jwtSecretName")} == {
        "shop-airflow"
    }
    assert content["data"] == {"metadataSecretName": "shop-airflow"}
    assert content["secret"] == [
        {"envName": "PASSWORD", "secretName": "shop-variables", "secretKey": "PASSWORD"},
    ]
    commands = "\n".join(first_commands("shop", namespace="data", secrets=["PASSWORD"]))
    assert '--from-literal=PASSWORD="$PASSWORD"' in commands
    done = subprocess.run(["bash", "-n"], input=commands, text=True, capture_output=True, check=False)
    assert not done.stderr


def test_no_user_with_a_known_password_is_made() -> None:
    assert values()["createUserJob"] == {"enabled": False}


def test_the_clouds_identity_is_on_every_service_account() -> None:
    content = values(**FULL)
    for service in ("apiServer", "dagProcessor", "scheduler", "triggerer", "workers"):
        assert content[service]["serviceAccount"]["annotations"] == FULL["identity"], service
    assert content["dagProcessor"]["dagBundleConfigList"][0]["kwargs"] == {"path": "/opt/airflow/dags"}


def test_variables_and_logs() -> None:
    content = values(**FULL)
    assert {one["name"]: one["value"] for one in content["env"]} == FULL["environment"]
    logging = content["config"]["logging"]
    assert logging["remote_base_log_folder"] == "s3://shop/logs"
    assert logging["remote_logging"] == "True"
    assert "config" not in values()


def test_only_keys_of_the_chart_are_used() -> None:
    assert set(values(**FULL)) <= KNOWN


def test_helm_reads_them(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    (tmp_path / "templates/all.yaml").write_text("kind: ConfigMap\ndata: {{ .Values | toJson | quote }}\n")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values(**FULL)))
    words = [helm(), "template", "shop", str(tmp_path), "--values", str(tmp_path / "mine.yaml")]
    shown = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert yaml.safe_load(shown)["kind"] == "ConfigMap"
