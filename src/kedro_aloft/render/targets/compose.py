"""Airflow for a team on one server: a file for Docker Compose, and what makes its secrets there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.render.targets.image import RUNTIME_HOME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECRETS_SCRIPT = "make_secrets.py"
PROJECT = "/opt/airflow/project"
"""Where the services see the server's own folder of the project."""

_COMPOSE = f"""\
# Airflow for a team, on one server. Written by `kedro airflow deploy`, which overwrites it. Yours are .env (see
# .env.example) and compose.override.yaml, which Docker Compose reads beside this file.
#
# No secret is in here: the service `secrets` makes them at the first start, in a volume that only these services see.
# The password of `admin`:  docker compose exec api-server cat /run/airflow/passwords.json
name: {{name}}

x-airflow: &airflow
  image: {{name}}-airflow:{{tag}}
  build: .
  restart: unless-stopped
  env_file:
    - path: .env
      required: false
  environment: &environment
    AIRFLOW__API__SECRET_KEY_CMD: cat /run/airflow/api_secret_key
    AIRFLOW__API_AUTH__JWT_SECRET_CMD: cat /run/airflow/jwt_secret
    AIRFLOW__CELERY__BROKER_URL_CMD: cat /run/airflow/broker_url
    AIRFLOW__CELERY__RESULT_BACKEND_CMD: cat /run/airflow/result_backend
    AIRFLOW__CELERY__WORKER_CONCURRENCY: ${{{{WORKER_CONCURRENCY:-4}}}}
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: http://api-server:8080/execution/
    AIRFLOW__CORE__EXECUTOR: CeleryExecutor
    AIRFLOW__CORE__FERNET_KEY_CMD: cat /run/airflow/fernet_key
    AIRFLOW__CORE__LOAD_EXAMPLES: "false"
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: /run/airflow/passwords.json
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: admin:admin
    # A new DAG file is seen within so many seconds; Airflow's default is 300.
    AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL: "30"
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD: cat /run/airflow/sql_alchemy_conn
    AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK: "true"
    # data/, logs/, conf/local/ and the handoff of all releases: what the server keeps.
    KEDRO_ALOFT_PROJECT_PATH: {PROJECT}
{{environment}}  volumes:
    - ./dags:/opt/airflow/dags:ro
    - ./project:{PROJECT}
    - logs:/opt/airflow/logs
    - secrets:/run/airflow
  depends_on: &needs
    init:
      condition: service_completed_successfully
    redis:
      condition: service_healthy

services:
  secrets:
    <<: *airflow
    user: "0:0"
    restart: "no"
    entrypoint: [python, {RUNTIME_HOME}/{SECRETS_SCRIPT}, /run/airflow, {PROJECT}, /opt/airflow/logs]
    environment: {{{{}}}}
    depends_on: {{{{}}}}

  postgres:
    image: postgres:17
    restart: unless-stopped
    environment:
      POSTGRES_DB: airflow
      POSTGRES_PASSWORD_FILE: /run/airflow/postgres_password
      POSTGRES_USER: airflow
    volumes:
      - postgres:/var/lib/postgresql/data
      - secrets:/run/airflow:ro
    depends_on:
      secrets:
        condition: service_completed_successfully
    healthcheck:
      test: [CMD, pg_isready, --username, airflow]
      interval: 10s
      retries: 6
      start_period: 10s

  redis:
    image: redis:8
    restart: unless-stopped
    command: [redis-server, /run/airflow/redis.conf]
    volumes:
      - secrets:/run/airflow:ro
    depends_on:
      secrets:
        condition: service_completed_successfully
    healthcheck:
      # Without a password it answers NOAUTH, which is an answer.
      test: [CMD-SHELL, "redis-cli ping | grep --quiet --extended-regexp 'PONG|NOAUTH'"]
      interval: 10s
      retries: 6
      start_period: 10s

  init:
    <<: *airflow
    restart: "no"
    command: [db, migrate]
    depends_on:
      postgres:
        condition: service_healthy

  api-server:
    <<: *airflow
    command: [api-server]
    ports:
      - ${{{{AIRFLOW_BIND:-127.0.0.1}}}}:${{{{AIRFLOW_PORT:-8080}}}}:8080
    healthcheck:
      test: [CMD, curl, --fail, --silent, "http://localhost:8080/api/v2/monitor/health"]
      interval: 30s
      timeout: 10s
      retries: 5
      start_period: 60s

  scheduler:
    <<: *airflow
    command: [scheduler]
    healthcheck:
      test: [CMD, curl, --fail, --silent, "http://localhost:8974/health"]
      interval: 30s
      timeout: 10s
      retries: 5
      start_period: 60s

  dag-processor:
    <<: *airflow
    command: [dag-processor]
    healthcheck:
      test: [CMD-SHELL, 'airflow jobs check --job-type DagProcessorJob --hostname "$$HOSTNAME"']
      interval: 60s
      timeout: 30s
      retries: 5
      start_period: 60s

  triggerer:
    <<: *airflow
    command: [triggerer]
    healthcheck:
      test: [CMD-SHELL, 'airflow jobs check --job-type TriggererJob --hostname "$$HOSTNAME"']
      interval: 60s
      timeout: 30s
      retries: 5
      start_period: 60s

  worker:
    <<: *airflow
    command: [celery, worker]
    # Tasks that run get this long to end when the service is replaced.
    stop_grace_period: 10m
    environment:
      <<: *environment
      # Warm shutdown: Celery lets its tasks end.
      DUMB_INIT_SETSID: "0"
    healthcheck:
      test:
        - CMD-SHELL
        - >-
          celery --app airflow.providers.celery.executors.celery_executor.app
          inspect ping --destination "celery@$$HOSTNAME"
      interval: 60s
      timeout: 30s
      retries: 5
      start_period: 60s

volumes:
  logs:
  postgres:
  secrets:
"""

_SECRETS = '''\
"""Make the secrets that are not there yet. Runs in the service `secrets`, at each start, before all others."""

import base64
import json
import os
import secrets
import sys
from pathlib import Path

AIRFLOW, ROOT_GROUP = 50000, 0


def keep(name, text, mode=0o640):
    """Return the content of a file; write it at first."""
    path = FOLDER / name
    if not path.exists():
        aside = path.with_name(f".{name}")
        aside.write_text(text, encoding="utf-8")
        own(aside, mode)
        aside.rename(path)
    return path.read_text(encoding="utf-8")


def own(path, mode):
    """Give a file to Airflow's user."""
    os.chown(path, AIRFLOW, ROOT_GROUP)
    path.chmod(mode)


FOLDER, *others = map(Path, sys.argv[1:])
own(FOLDER, 0o755)
for other in others:
    own(other, 0o775)
# Postgres and Redis read theirs as users of their own; nobody but these services sees the volume.
database = keep("postgres_password", secrets.token_urlsafe(32), mode=0o644)
broker = keep("redis_password", secrets.token_urlsafe(32))
keep("redis.conf", f"requirepass {broker}\\nsave \\"\\"\\nappendonly no\\n", mode=0o644)
keep("sql_alchemy_conn", f"postgresql+psycopg2://airflow:{database}@postgres/airflow")
keep("result_backend", f"db+postgresql://airflow:{database}@postgres/airflow")
keep("broker_url", f"redis://:{broker}@redis:6379/0")
keep("fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
keep("api_secret_key", secrets.token_urlsafe(32))
keep("jwt_secret", secrets.token_urlsafe(64))
keep("passwords.json", json.dumps({"admin": secrets.token_urlsafe(16)}))
'''

_ENV_EXAMPLE = """\
# What may differ from server to server. Copy this file to .env, which no deploy writes and no image gets.

# Where the user interface listens; put a reverse proxy with TLS before it when others than this server shall reach it.
#AIRFLOW_BIND=127.0.0.1
#AIRFLOW_PORT=8080

# Tasks at the same time.
#WORKER_CONCURRENCY=4

# Secrets of tasks, by name; each is an environment variable of all services.
{secrets}"""

_NO_SECRETS = "#AIRFLOW_CONN_WAREHOUSE=\n"


def render_compose(
    *, name: str, tag: str, environment: Mapping[str, str], secrets: Sequence[str] = ()
) -> Mapping[str, str]:
    """Return the files beside the image's own, by name.

    Args:
        name: Of the Compose project: lower case, digits, hyphens.
        tag: Of the image: a digest of what goes in.
        environment: More variables for all Airflow's services; no secrets.
        secrets: Names of variables whose values the server has, sorted.
    """
    from json import dumps

    # JSON texts are YAML texts; Compose would read a dollar as the begin of a variable.
    lines = [f"    {key}: {dumps(value)}\n".replace("$", "$$") for key, value in sorted(environment.items())]
    return {
        ".dockerignore": "*\n!Dockerfile\n!requirements.txt\n!kedro_aloft\n!make_secrets.py\n**/__pycache__\n",
        ".env.example": _ENV_EXAMPLE.format(secrets="".join(f"{one}=\n" for one in secrets) or _NO_SECRETS),
        ".gitignore": ".env\nproject/\n",
        "compose.yaml": _COMPOSE.format(name=name, tag=tag, environment="".join(lines)),
        SECRETS_SCRIPT: _SECRETS,
    }
