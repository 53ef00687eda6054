"""A second real Airflow for tests, as companies run it: Celery on Redis, Postgres, users with roles, an object store.

It runs in an environment of its own and sees its DAG folder and the object store; it has no project and no
configuration. All processes of a test session share it: each holds a shared lock while it uses it, and the keeper
(`support.remote_keeper`) ends with the last one, however that ended. Airflow's empty database is made once per machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

from kedro_aloft.client import AirflowApi
from kedro_aloft.errors import RemoteError
from kedro_aloft.venv import build_environment
from support.airflow import locked
from support.commands import user_cache, user_environment
from support.debian import install_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE_S = 600.0
_REQUIREMENTS = ROOT / "requirements" / "remote.txt"
_KEEPER = Path(__file__).with_name("remote_keeper.py")
_PACKAGES = {"redis-server": "redis-server", "initdb": "postgresql"}
USERS = {"admin": "admin", "viewer": "viewer"}
"""Name and role of who may log in."""
_HEALTHY = ("scheduler", "dag_processor", "triggerer", "metadatabase")


class RemoteMissingError(Exception):
    """This machine cannot run the second Airflow; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A running second Airflow.

    Args:
        directory: Where it keeps everything.
        url: Address of its API and user interface.
        s3_url: Address of its object store, which speaks S3.
    """

    directory: Path
    url: str
    s3_url: str

    @property
    def dags(self) -> Path:
        """Its DAG folder, of which it looks for new files each second."""
        return self.directory / "dags"

    @property
    def logs(self) -> Path:
        """Logs of its components."""
        return self.directory / "logs"

    def password(self, user: str = "admin") -> str:
        """Return the password of `admin` or of `viewer`, who may look and not change anything."""
        passwords: dict[str, str] = json.loads((self.directory / "passwords.json").read_text())
        return passwords[user]

    def api(self, user: str = "admin") -> AirflowApi:
        """Return a client of it."""
        return AirflowApi(self.url, username=user, password=self.password(user))

    def token(self, user: str = "admin") -> str:
        """Return a bearer token of a user."""
        body = json.dumps({"username": user, "password": self.password(user)}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.url}/auth/token", data=body, headers=headers), timeout=60) as answer:
            return str(json.load(answer)["access_token"])

    @property
    def s3_environment(self) -> dict[str, str]:
        """What programs need to use the object store as its workers do."""
        return {
            "AWS_ENDPOINT_URL": self.s3_url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def running_remote(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[Remote]:
    """Start a second Airflow unless it runs; what nobody uses any more is stopped by its keeper.

    Args:
        directory: Of this Airflow; whoever names the same one shares it.
        environment: Variables of its processes beside its own: another DAG bundle, say.

    Raises:
        RemoteMissingError: This machine cannot run one.
    """
    _install_servers()
    for path in (directory / "dags", directory / "logs", directory / "home"):
        path.mkdir(parents=True, exist_ok=True)
    with (directory / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with locked(directory / "start"):
            remote = _running(directory) or _start(directory, dict(environment or {}))
        yield remote


def remote_python() -> Path:
    """Return the interpreter of the environment; made once per machine. This source tree is on its path."""
    return build_environment(_REQUIREMENTS, python=None, cache=user_cache() / "environments")


def _install_servers() -> None:
    """See to it that Postgres and Redis are installed: Debian's own packages."""
    missing = [package for name, package in _PACKAGES.items() if not _find(name)]
    if not missing:
        return
    why = install_packages(*missing)
    if why:
        raise RemoteMissingError(f"The second Airflow cannot run: {why}")


def _find(name: str) -> bool:
    return bool(shutil.which(name) or list(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))


def _running(directory: Path) -> Remote | None:
    """Return the Airflow whose keeper has said that it is up."""
    with suppress(OSError, ValueError, RemoteError):
        address = json.loads((directory / "address.json").read_text())
        remote = Remote(
            directory=directory,
            url=f"http://127.0.0.1:{address['api']}",
            s3_url=f"http://127.0.0.1:{address['s3']}",
        )
        health = AirflowApi(remote.url).health()
        if all((health.get(name) or {}).get("status") == "healthy" for name in _HEALTHY) and _has_worker(directory):
            # The part of the server that tasks talk to is built at the first request.
            urlopen(f"{remote.url}/execution/health", timeout=START_DEADLINE_S).close()
            return remote
    return None


def _has_worker(directory: Path) -> bool:
    return " ready." in (directory / "logs" / "worker.log").read_text(errors="replace")


def _start(directory: Path, environment: dict[str, str]) -> Remote:
    python = remote_python()
    private = tempfile.mkdtemp(prefix="kedro-aloft-remote-")  # Postgres must reach it, and is not root
    order = {"environment": environment, "users": USERS, "template": str(_template()), "private": private}
    (directory / "order.json").write_text(json.dumps(order))
    (directory / "passwords.json").write_text(json.dumps({name: f"{name}-Pa55-of-tests" for name in USERS}))
    _start_keeper(directory, python)
    deadline = time.monotonic() + START_DEADLINE_S
    while (remote := _running(directory)) is None:
        if time.monotonic() > deadline or not _is_kept(directory):
            raise TimeoutError(f"The second Airflow does not start:\n{_tails(directory)}")
        time.sleep(0.1)
    return remote


def _start_keeper(directory: Path, python: Path) -> None:
    """Start a keeper; the one before, if any, is gone or about to go."""
    with (directory / "keeper").open("a") as lock, (directory / "logs" / "keeper.log").open("wb") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The keeper inherits the lock: there is no moment in which a second one could start.
        subprocess.run(
            [python, "-P", _KEEPER, directory],  # not the folder of the keeper, where a module is called airflow
            check=True,
            env=user_environment(PYTHONPATH=str(ROOT / "src")),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            pass_fds=[lock.fileno()],
        )


def _is_kept(directory: Path) -> bool:
    with (directory / "keeper").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _template() -> Path:
    """Where the empty database of this Airflow is kept, with a name that tells from what it was made."""
    folder = user_cache() / "remote"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]


def _tails(directory: Path) -> str:
    logs = sorted((directory / "logs").glob("*.log"))
    return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)
