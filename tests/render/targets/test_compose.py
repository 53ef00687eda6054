"""The files for Docker Compose."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

from kedro_aloft.render.targets import render_compose
from support.programs import docker_compose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AIRFLOW = {"secrets", "init", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}


def _files(**changed: Any) -> Mapping[str, str]:
    words: dict[str, Any] = {"name": "shop", "tag": "abc123", "environment": {}}
    return render_compose(**(words | changed))


def _compose(**changed: Any) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_files(**changed)["compose.yaml"])
    return content


def test_every_part_of_an_airflow_with_celery_is_there() -> None:
    services = _compose()["services"]
    assert set(services) == AIRFLOW | {"postgres", "redis"}
    assert {services[name]["image"] for name in AIRFLOW} == {"shop-airflow:abc123"}
    assert {tuple(services[name]["command"]) for name in AIRFLOW - {"secrets"}} == {
        *(("db", "migrate"), ("api-server",), ("scheduler",), ("dag-processor",), ("triggerer",), ("celery", "worker")),
    }


def test_every_service_that_stays_has_a_health_check_and_starts_again() -> None:
    for name, service in _compose()["services"].items():
        stays = name not in {"secrets", "init"}
        assert ("healthcheck" in service) == stays, name
        assert service["restart"] == ("unless-stopped" if stays else "no"), name


def test_services_wait_for_what_they_need() -> None:
    services = _compose()["services"]
    assert set(services["init"]["depends_on"]) == {"postgres"}
    for name in AIRFLOW - {"secrets", "init"}:
        assert services[name]["depends_on"]["init"] == {"condition": "service_completed_successfully"}
    for name in ("postgres", "redis"):
        assert set(services[name]["depends_on"]) == {"secrets"}
    named = {need for service in services.values() for need in service["depends_on"]}
    assert named <= set(services)


def test_volumes_that_are_used_are_declared() -> None:
    content = _compose()
    used = {mount.partition(":")[0] for service in content["services"].values() for mount in service.get("volumes", ())}
    assert {name for name in used if not name.startswith("./")} == set(content["volumes"])
    assert "./dags:/opt/airflow/dags:ro" in content["services"]["worker"]["volumes"]


def test_the_user_interface_listens_on_this_machine_alone_unless_told() -> None:
    assert _compose()["services"]["api-server"]["ports"] == ["${AIRFLOW_BIND:-127.0.0.1}:${AIRFLOW_PORT:-8080}:8080"]
    assert "ports" not in _compose()["services"]["postgres"]


def test_variables_reach_every_service_of_airflow_and_dollars_stay() -> None:
    services = _compose(environment={"KEDRO_ENV": "prod", "PRICE": '1$ "x"'})["services"]
    for name in AIRFLOW - {"secrets"}:
        assert services[name]["environment"]["KEDRO_ENV"] == "prod"
        assert services[name]["environment"]["PRICE"] == '1$$ "x"'


def test_settings_of_airflow_are_ones_that_it_knows_and_may_read_from_a_command() -> None:
    from importlib.resources import files

    known = yaml.safe_load(files("airflow.config_templates").joinpath("config.yml").read_text(encoding="utf-8"))
    environment = _compose()["services"]["scheduler"]["environment"]
    looked_at = 0
    assert environment.pop("KEDRO_ALOFT_PROJECT_PATH") == "/opt/airflow/project"
    for key in environment:
        _, section, option = key.split("__")
        if section == "CELERY":  # described in its provider
            continue
        looked_at += 1
        if option.endswith("_CMD"):
            assert known[section.lower()]["options"][option[:-4].lower()]["sensitive"], key
        else:
            assert option.lower() in known[section.lower()]["options"], key
    assert looked_at > 10


def test_no_value_of_a_secret_is_in_any_file() -> None:
    files = _files(secrets=["AIRFLOW_CONN_WAREHOUSE", "API_KEY"])
    assert files[".env.example"].endswith("AIRFLOW_CONN_WAREHOUSE=\nAPI_KEY=\n")
    environment = yaml.safe_load(files["compose.yaml"])["services"]["worker"]["environment"]
    assert not [key for key in environment if key.endswith(("_KEY", "_SECRET", "_CONN", "_URL", "PASSWORD"))
                and key != "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]  # fmt: skip
    assert ".env" in files[".gitignore"].splitlines()


def test_secrets_are_made_once_and_stay(tmp_path: Path) -> None:
    script = tmp_path / "make_secrets.py"
    script.write_text(_files()["make_secrets.py"].replace("50000, 0", f"{_owner()}"), encoding="utf-8")
    places = [tmp_path / name for name in ("secrets", "data", "logs")]
    for place in places:
        place.mkdir()
    subprocess.run([sys.executable, script, *places], check=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in places[0].iterdir()}
    subprocess.run([sys.executable, script, *places], check=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in places[0].iterdir()} == made
    assert made["postgres_password"] in made["sql_alchemy_conn"]
    assert f"requirepass {made['redis_password']}\n" in made["redis.conf"]
    assert json.loads(made["passwords.json"])["admin"]
    read = {line.split()[-1] for line in _files()["compose.yaml"].splitlines() if "/run/airflow/" in line}
    named = {word.rpartition("/")[2].strip("]") for word in read} - {"airflow:ro"}
    assert {name for name in named if name} <= set(made)


def _owner() -> str:
    import os

    return f"{os.getuid()}, {os.getgid()}"


def test_docker_compose_reads_it(tmp_path: Path) -> None:
    for name, text in _files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(_as_written_in_2021(_files()["compose.yaml"]), encoding="utf-8")
    (tmp_path / ".env").write_text("", encoding="utf-8")
    words = [docker_compose(), "--file", "compose.yaml", "config"]
    shown = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert set(yaml.safe_load(shown)["services"]) == AIRFLOW | {"postgres", "redis"}


def _as_written_in_2021(text: str) -> str:
    """Debian's Compose is older than the top-level name and than environment files that may be missing."""
    content = yaml.safe_load(text)
    assert content.pop("name")
    for service in content["services"].values():
        if "env_file" in service:
            service["env_file"] = [one["path"] for one in service["env_file"]]
    return yaml.safe_dump({"version": "3.9", **content})
