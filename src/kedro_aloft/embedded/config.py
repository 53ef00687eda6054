"""How the embedded Airflow is set up: environment variables, keys, parallelism."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_aloft.embedded.adapt import BUSY_SLEEP_S
from kedro_aloft.embedded.layout import Layout, read_json, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1"
USERNAME = "admin"
# Names the embedded Airflow in the environment of all its processes; strays are found by it.
MARKER = "KEDRO_ALOFT_EMBEDDED"
# Offers warm starts to tasks; see `airflow/launch.py`.
WARM_VARIABLE = "KEDRO_ALOFT_WARM"
# Where tasks unpack releases; see `airflow/release.py`.
RELEASES_VARIABLE = "KEDRO_ALOFT_RELEASES"
# A worker is a fork that idles at about 15 MiB of its own; its task needs what the project needs.
MAX_PARALLELISM = 16
MIN_PARALLELISM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The secrets of one home; random, made once, never printed."""

    password: str
    jwt_secret: str
    api_secret_key: str
    fernet_key: str

    def __repr__(self) -> str:
        return "Keys(…)"


def read_keys(layout: Layout) -> Keys:
    """Return the keys of this home; make them at the first call."""
    stored = read_json(layout.keys) or {}
    names = [field.name for field in fields(Keys)]
    if not all(isinstance(stored.get(name), str) for name in names):
        stored = asdict(_new_keys())
        write_private(layout.keys, stored)
    keys = Keys(**{name: stored[name] for name in names})
    if read_json(layout.passwords) != {USERNAME: keys.password}:
        write_private(layout.passwords, {USERNAME: keys.password})
    return keys


def _new_keys() -> Keys:
    return Keys(
        password=secrets.token_urlsafe(16),
        jwt_secret=secrets.token_urlsafe(64),
        api_secret_key=secrets.token_urlsafe(32),
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )


def airflow_environment(
    layout: Layout,
    *,
    keys: Keys,
    port: int,
    parallelism: int,
    scheduled: bool,
    base: Mapping[str, str],
    extra: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of the embedded Airflow.

    Args:
        layout: Its directories.
        keys: Its secrets.
        port: Port of the API server and the user interface.
        parallelism: How many tasks may run at the same time.
        scheduled: Whether DAGs run by their schedules; without, only what is triggered runs.
        base: The environment to start from; settings of any other Airflow in it are left out.
        extra: What the caller adds; wins over our tuning, not over addresses and secrets.
    """
    return {
        **_without_other_airflow(base),
        **_quiet(base),
        **_tuning(parallelism, scheduled=scheduled),
        **_warm_starts(layout, base),
        RELEASES_VARIABLE: base.get(RELEASES_VARIABLE) or str(layout.releases),
        **extra,
        **_identity(layout, keys=keys, port=port),
    }


def _without_other_airflow(base: Mapping[str, str]) -> dict[str, str]:
    """Connections and variables of the caller stay; the configuration of another Airflow must not leak in."""
    keep = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
    drop = ("AIRFLOW_", "_AIRFLOW_")
    # Without bytecode every process compiles everything anew: 2.4 times slower. Source: baseline measurements.
    never = {"PYTHONDONTWRITEBYTECODE"}
    return {
        name: value
        for name, value in base.items()
        if name not in never and (name.startswith(keep) or not name.startswith(drop))
    }


def _quiet(base: Mapping[str, str]) -> dict[str, str]:
    no_proxy = ",".join(filter(None, [base.get("NO_PROXY") or base.get("no_proxy"), HOST, "localhost"]))
    return {
        "DO_NOT_TRACK": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # The workers call the API server on the loopback device: never through a proxy.
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        # setproctitle would overwrite /proc/<pid>/environ, in which we look for our marker.
        "SPT_NOENV": "1",
    }


def _warm_starts(layout: Layout, base: Mapping[str, str]) -> dict[str, str]:
    """Offer warm starts, unless the caller set the variable to nothing. The servers end with all other processes here.

    The guard adopts them when the tasks that started them have ended.
    """
    return {} if base.get(WARM_VARIABLE) == "" else {WARM_VARIABLE: str(layout.warm)}


def _tuning(parallelism: int, *, scheduled: bool) -> dict[str, str]:
    return {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(parallelism),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # `schedule: null` is our default, so a DAG that is not paused starts nothing by itself.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(scheduled),
        # The default of 1 s adds about 1 s to every hop of a chain of tasks; see adapt.py.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": str(BUSY_SLEEP_S),
        # Airflow 3.3.2 keeps a finished task's slot for up to one heartbeat interval (default 5 s).
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # A new file is found when the bundle is refreshed; a changed file is seen by its time in the next loop.
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "0",
        # By default new content is not written within 30 s of the last write, nor read within 10 s (Airflow 3.0).
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL": "0",
        # Our files always hold DAGs; the default skips files in which the words "dag" and "airflow" are missing.
        "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": "False",
        # The default asks the DNS for this machine's full name, which stalls for seconds when it does not answer.
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__EXPOSE_CONFIG": "non-sensitive-only",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    }


def _identity(layout: Layout, *, keys: Keys, port: int) -> dict[str, str]:
    url = f"http://{HOST}:{port}"
    auth_manager = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    return {
        MARKER: str(layout.root),
        "AIRFLOW_HOME": str(layout.home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(layout.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(layout.home / "plugins"),
        "AIRFLOW__CORE__FERNET_KEY": keys.fernet_key,
        "AIRFLOW__CORE__AUTH_MANAGER": auth_manager,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERNAME}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        # SQLite waits for its lock 5 s by default; several processes write at the start of many tasks.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{layout.database}?timeout=30",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": keys.api_secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": keys.jwt_secret,
        # Airflow 3.0 signs `iss: null` by default, which PyJWT 2.10 and later refuse.
        "AIRFLOW__API_AUTH__JWT_ISSUER": "kedro-aloft",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.home / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.home / "logs" / "dag_processor"),
    }


def machine_parallelism() -> int:
    """Return how many tasks this machine should run at once: its processors, within 2 and 16."""
    return max(MIN_PARALLELISM, min(len(os.sched_getaffinity(0)), _processor_quota(), MAX_PARALLELISM))


def _processor_quota() -> int:
    """The limit that a container sets for processor time; a container still sees all processors."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return MAX_PARALLELISM
