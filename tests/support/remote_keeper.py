"""Keeps a second Airflow as long as somebody uses it: `python -P remote_keeper.py <directory>`, in the environment of
requirements/remote.txt.

It inherits the lock that says that a keeper is at work; see `support.remote`. Airflow is imported once and its
components are forks; all of them, the servers and what tasks leave behind end with this process, however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.embedded.adapt import read_local_logs_only
from kedro_aloft.embedded.nursery import SHARED, fork_component, run_airflow
from kedro_aloft.embedded.processes import adopt_orphans, children, descendants, end_with_parent, kill_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

HOST = "127.0.0.1"
_LOOK_S = 0.1
_SERVER_DEADLINE_S = 300.0
_CELERY = "airflow.providers.celery.executors.celery_executor.CeleryExecutor"
_SIMPLE = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"


def keep(directory: Path) -> None:
    """Run everything until nobody holds the users' lock, or until a part ends by itself that nobody starts again.

    The triggerer is started again, as companies do it: one of Airflow 3.3.2 ends when a task is cleared at the very
    moment at which its trigger ends.
    """
    adopt_orphans()
    order = json.loads((directory / "order.json").read_text())
    ports = dict(zip(("api", "postgres", "redis", "s3"), _free_ports(4), strict=True))
    data = Path(order["private"])
    try:
        _start_servers(directory, data, ports)
        users = ",".join(f"{name}:{role}" for name, role in order["users"].items())
        os.environ.update(_environment(directory, ports, users) | order["environment"])
        _prepare_database(directory, data, Path(order["template"]), ports["postgres"])
        parts = _start_airflow(directory, ports["api"])
        _tell(directory, ports)
        with (directory / "users").open("a") as users:
            while not _locked(users):
                alive = set(children(os.getpid()))
                gone = {name for name, pid in parts.items() if pid not in alive}
                if gone - {"triggerer"}:
                    break
                parts |= {name: _fork(directory, name, _COMMANDS[name]) for name in gone}
                time.sleep(_LOOK_S)
    finally:
        (directory / "address.json").unlink(missing_ok=True)
        kill_all(lambda: descendants(os.getpid()))
        shutil.rmtree(data, ignore_errors=True)


def _locked(users: IO[str]) -> bool:
    """Lock for ourselves alone what each user holds a share of; who comes now waits until this process has ended."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free_ports(number: int) -> list[int]:
    taken = [socket.create_server((HOST, 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def _tell(directory: Path, ports: Mapping[str, int]) -> None:
    part = directory / "address.part"
    part.write_text(json.dumps({"pid": os.getpid(), **ports}))
    part.replace(directory / "address.json")


# Postgres, Redis, the object store


def _start_servers(directory: Path, data: Path, ports: Mapping[str, int]) -> None:
    words = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(data))
    _spawn(directory, "redis", ["redis-server", "--bind", HOST, "--port", str(ports["redis"]), *words])
    moto = [sys.executable, "-c", "from moto.server import main; main()", "-H", HOST, "-p", str(ports["s3"])]
    _spawn(directory, "s3", moto)


def _prepare_database(directory: Path, data: Path, template: Path, port: int) -> None:
    """Start Postgres with Airflow's tables: a copy of an earlier session's, or made now and kept for the next."""
    cluster = data / "postgres"
    shutil.copytree(template, cluster) if template.exists() else _initdb(cluster)
    _give_to_postgres(data)
    server = _start_postgres(directory, cluster, port)
    for module in SHARED:
        import_module(module)
    _wait_for_port(port)
    if template.exists():
        return
    _airflow_once(directory, "migrate", ["db", "migrate"])
    server.send_signal(signal.SIGINT)  # a fast shutdown: what is on disk is whole
    server.wait(_SERVER_DEADLINE_S)
    part = template.with_name(f"{template.name}.{os.getpid()}.part")
    shutil.copytree(cluster, part)
    with suppress(OSError):  # another one was quicker
        part.rename(template)
    shutil.rmtree(part, ignore_errors=True)
    _start_postgres(directory, cluster, port)
    _wait_for_port(port)


def _initdb(cluster: Path) -> None:
    _give_to_postgres(cluster.parent)
    words = ["--username=airflow", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(
        [_postgres("initdb"), f"--pgdata={cluster}", *words],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=cluster.parent,
        **_as_postgres(),
    )
    (cluster / "postgresql.auto.conf").write_text("fsync = off\nsynchronous_commit = off\nmax_connections = 100\n")


def _start_postgres(directory: Path, cluster: Path, port: int) -> subprocess.Popen[bytes]:
    cluster.chmod(0o700)
    words = ["-h", HOST, "-p", str(port), "-k", str(cluster.parent), "-D", str(cluster)]
    return _spawn(directory, "postgres", [_postgres("postgres"), *words], **_as_postgres())


def _postgres(name: str) -> str:
    """Debian keeps the programs of each version of Postgres in a folder of their own."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


def _as_postgres() -> dict[str, Any]:
    """Postgres refuses root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def _give_to_postgres(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    owner = pwd.getpwnam("postgres")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _spawn(directory: Path, name: str, words: list[str], **kwargs: Any) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    with (directory / "logs" / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            preexec_fn=partial(end_with_parent, parent, signal.SIGKILL),  # noqa: PLW1509  there is one thread here
            **kwargs,
        )


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + _SERVER_DEADLINE_S
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


# Airflow


_COMMANDS = {
    "dag-processor": ["dag-processor"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
    "worker": ["celery", "worker", "--skip-serve-logs", "--celery-hostname=worker@tests"],
}


def _start_airflow(directory: Path, port: int) -> dict[str, int]:
    """Fork the components, the slowest first; return their process ids."""
    api_server = ["api-server", "--host", HOST, "--port", str(port), "--workers", "1"]
    return {name: _fork(directory, name, words) for name, words in {"api-server": api_server, **_COMMANDS}.items()}


def _fork(directory: Path, name: str, words: list[str]) -> int:
    return fork_component(partial(_run_component, words), directory / "logs" / f"{name}.log")


def _run_component(words: list[str]) -> None:
    if words[0] == "api-server":
        read_local_logs_only()
    run_airflow(words)


def _airflow_once(directory: Path, name: str, words: list[str]) -> None:
    log = directory / "logs" / f"{name}.log"
    _, status = os.waitpid(fork_component(partial(run_airflow, words), log), 0)
    if status:
        raise SystemExit(f"airflow {' '.join(words)} failed:\n{log.read_text()}")


def _environment(directory: Path, ports: Mapping[str, int], users: str) -> dict[str, str]:
    """The settings of an Airflow as it is elsewhere, but for what only costs tests their time."""
    url = f"http://{HOST}:{ports['api']}"
    database = f"airflow@{HOST}:{ports['postgres']}/postgres"
    return {
        "AIRFLOW_HOME": str(directory / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(directory / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(directory / "home" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": _CELERY,
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__FERNET_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__AUTH_MANAGER": _SIMPLE,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(directory / "passwords.json"),
        # Airflow reads and writes a file again at the earliest after 30 s, and looks for new files every 300 s.
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL": "0",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "0",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # 5 s by default, and a start that is not answered in time fails the task: too little on a busy machine.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "90",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__BROKER_URL": f"redis://{HOST}:{ports['redis']}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "3",
        "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": "secret-of-tests",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of tests that is long enough for any signature, 64 bytes",
        "AIRFLOW__API_AUTH__JWT_ISSUER": "remote",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(directory / "home" / "logs"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "KEDRO_ALOFT_RELEASES": str(directory / "home" / "releases"),
        "AWS_ENDPOINT_URL": f"http://{HOST}:{ports['s3']}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "SPT_NOENV": "1",
    }


if __name__ == "__main__":
    # Nobody's child and in no terminal's group: Ctrl-C is for the tests, and we hear of their end by the lock.
    if os.fork():
        os._exit(0)
    os.setsid()
    keep(Path(sys.argv[1]))
