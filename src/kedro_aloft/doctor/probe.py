"""Runs in a process of its own with Airflow: prints its configuration as JSON, secrets as verdicts only."""

from __future__ import annotations

import configparser
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

VALUES = (
    "core.auth_manager",
    "core.dags_folder",
    "core.executor",
    "core.load_examples",
    "core.parallelism",
    "core.simple_auth_manager_all_admins",
    "scheduler.scheduler_idle_sleep_time",
    "workers.min_heartbeat_interval",
    "dag_processor.refresh_interval",
    "api.host",
    "api.ssl_cert",
    "api.expose_config",
)
SECRETS = ("core.fernet_key", "api.secret_key", "api_auth.jwt_secret")
KEY_BYTES = 16
"""The keys that Airflow makes for itself have as many."""

_DOCUMENTED = frozenset({"airflow", "admin", "airflow_jwt_secret", "temporary_key", "secret", "password", "postgres"})
"""What stands in documentation and in Airflow's docker-compose file."""


def main() -> None:
    """Print values, verdicts on secrets, weak passwords, and files that hold secrets."""
    from airflow.configuration import AIRFLOW_CONFIG, AIRFLOW_HOME, conf

    written = configparser.RawConfigParser(strict=False)
    written.read(AIRFLOW_CONFIG)
    database = conf.get("database", "sql_alchemy_conn", fallback="")
    users = _passwords_file(conf, Path(AIRFLOW_HOME))
    found = {
        "values": {key: _get(conf, key) for key in VALUES} | {"database.scheme": urlsplit(database).scheme},
        "secrets": {key: _verdict(_get(conf, key) if _is_set(key, written) else "") for key in SECRETS},
        "passwords": [*_weak_database(database), *_weak_users(users)],
        "secret_files": [str(AIRFLOW_CONFIG), str(users)],
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def _get(conf: Any, key: str) -> str:
    section, _, option = key.partition(".")
    return str(conf.get(section, option, fallback="") or "")


def _is_set(key: str, written: configparser.RawConfigParser) -> bool:
    """Whether somebody chose it: Airflow's own default is a new random value in each process."""
    section, _, option = key.partition(".")
    variable = f"AIRFLOW__{section.upper()}__{option.upper()}"
    options = (option, f"{option}_cmd", f"{option}_secret")
    return any(os.environ.get(f"{variable}{end}") for end in ("", "_CMD", "_SECRET")) or any(
        written.get(section, one, fallback="") for one in options
    )


def _verdict(secret: str) -> str:
    if not secret:
        return "missing"
    if secret.lower() in _DOCUMENTED:
        return "known"
    return "short" if len(secret) < KEY_BYTES else "fine"


def _weak_database(url: str) -> list[str]:
    password = urlsplit(url).password
    return ["that of the database"] if password and password.lower() in _DOCUMENTED else []


def _passwords_file(conf: Any, home: Path) -> Path:
    chosen = _get(conf, "core.simple_auth_manager_passwords_file")
    return Path(chosen) if chosen else home / "simple_auth_manager_passwords.json.generated"


def _weak_users(file: Path) -> list[str]:
    try:
        users = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [
        f"that of user {name}"
        for name, password in sorted(users.items())
        if str(password).lower() in _DOCUMENTED or password == name
    ]
