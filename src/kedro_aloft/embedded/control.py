"""EmbeddedAirflow: start, use and stop a real Airflow inside a project."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from importlib import metadata
from typing import TYPE_CHECKING, Any

from kedro_aloft.client import AirflowApi
from kedro_aloft.client.values import parse_time
from kedro_aloft.embedded.config import (
    HOST,
    MARKER,
    USERNAME,
    airflow_environment,
    machine_parallelism,
    read_keys,
)
from kedro_aloft.embedded.database import bury_unfinished
from kedro_aloft.embedded.guard import GRACE_S, command
from kedro_aloft.embedded.layout import Layout, read_json, write_private
from kedro_aloft.embedded.processes import Process, descendants, kill_all, marked, send, wait_gone
from kedro_aloft.errors import EmbeddedError
from kedro_aloft.locks import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import FrameType

COMPONENTS = ("scheduler", "dag_processor", "triggerer", "metadatabase")
START_DEADLINE_S = 300.0
POLL_S = 0.05
LOG_LINES = 25
_MORE_PORTS = 2
"""How often another port is tried: between the choice of one and the server that listens on it somebody may take it."""
_IN_USE = "address already in use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A running embedded Airflow.

    Args:
        url: Address of its user interface and API.
        username: Who may log in.
        password: With which password; kept out of the representation.
        pid: Its outermost process.
        airflow: Its version.
        already_up: Whether it ran before the call that returned this.
    """

    url: str
    username: str
    password: str
    pid: int
    airflow: str
    already_up: bool = False

    def __repr__(self) -> str:
        return f"Address(url={self.url!r}, username={self.username!r}, pid={self.pid}, airflow={self.airflow!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `status` saw.

    Args:
        up: Whether its processes run and its API answers with every component alive.
        running: Whether its processes run; without `up` it is starting, or not well.
        keeps: Whether it stays up without users (`kedro airflow up`).
        address: Where it is; None when it does not run.
        components: State per component as Airflow tells it; empty when the API does not answer.
        logs: Directory with one log per component.
        failure: Which component ended by itself the last time; empty when none did.
    """

    up: bool
    running: bool
    keeps: bool
    address: Address | None
    components: dict[str, str]
    logs: Path
    failure: str = ""


class EmbeddedAirflow:
    """A real Airflow in the project's `.airflow/` directory: LocalExecutor, SQLite, loopback only.

    Args:
        project_path: The Kedro project; tasks run with it as their working directory.
        env: Environment variables for Airflow and its tasks on top of this process's own.
        port: Port of the user interface and API. By default the one of the last start, else a free one.
        parallelism: How many tasks may run at the same time; by default from the machine.

    Raises:
        EmbeddedError: This machine is no Linux.
    """

    def __init__(
        self,
        project_path: Path,
        *,
        env: Mapping[str, str] | None = None,
        port: int | None = None,
        parallelism: int | None = None,
    ) -> None:
        if not sys.platform.startswith("linux"):
            raise EmbeddedError(
                "The embedded Airflow runs on Linux only",
                seen=f"this is {sys.platform}",
                remedy="use WSL, a container or a virtual machine",
            )
        self.project_path = project_path.resolve()
        self.layout = Layout.of_project(project_path)
        self._env = dict(env or {})
        self._port = port
        self._parallelism = parallelism or machine_parallelism()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def dags_folder(self) -> Path:
        """Where DAG files go; it exists after this."""
        self.layout.make()
        return self.layout.dags

    def api(self) -> AirflowApi:
        """Return a client of the Airflow that runs.

        Raises:
            EmbeddedError: None runs.
        """
        address = self._running()
        if address is None:
            raise EmbeddedError(
                "The embedded Airflow is not up", where=str(self.project_path), remedy="kedro airflow up"
            )
        return AirflowApi(address.url, username=address.username, password=address.password)

    def up(self) -> Address:
        """Start it in the background, wait until it is healthy, and leave it up.

        Returns:
            Its address; `already_up` tells whether it ran before.

        Raises:
            EmbeddedError: It does not become healthy; the message has the last lines of the log that tells why.
        """
        self.layout.make()
        with self._in_use(), self._exclusively():
            kept = self.layout.keep.exists()
            self.layout.keep.touch()
            try:
                return self._ensure(scheduled=True)
            except BaseException:
                if not kept:
                    self.layout.keep.unlink(missing_ok=True)
                raise

    @contextlib.contextmanager
    def running(self) -> Iterator[Address]:
        """Use the one that is up, or start one that ends with its last user, however that one ends.

        One that was started here runs nothing by schedule, and runs that an earlier one left unfinished are failed:
        nobody waits for them. SIGTERM ends the block like Ctrl-C does.
        """
        self.layout.make()
        address: Address | None = None
        try:
            with _sigterm_exits(), self._in_use():
                with self._exclusively():
                    address = self._ensure(scheduled=False)
                yield address
        finally:
            if address is not None and not self.layout.keep.exists():
                self._wait_unless_used(address)

    def down(self) -> bool:
        """Stop it, and whatever an earlier one left behind; return whether anything had to be stopped.

        Raises:
            EmbeddedError: A process survives; should never happen.
        """
        if not self.layout.root.exists():
            return False
        self.layout.keep.unlink(missing_ok=True)
        stopped = self._stop()  # before the lock: whoever starts it right now shall see it end, and let go
        with self._exclusively():
            return self._stop() or stopped

    def status(self) -> Status:
        """Return whether it is up and how its components are."""
        address = self._running()
        health = _health(address.url) if address else None
        components = {name: str((part or {}).get("status")) for name, part in (health or {}).items()}
        return Status(
            up=bool(components) and all(components.get(name) == "healthy" for name in COMPONENTS),
            running=address is not None,
            keeps=address is not None and self.layout.keep.exists(),
            address=address,
            components=components,
            logs=self.layout.logs,
            failure="" if address else self._failure(),
        )

    # Starting

    def _ensure(self, *, scheduled: bool) -> Address:
        """Return the address of the one that runs, or start one. The caller holds the start lock."""
        address = self._running()
        if address:
            self._await_health(address)
            return replace(address, already_up=True)
        self._stop()  # strays of one that was killed
        bury_unfinished(self.layout.database, runs=not scheduled)
        return self._start(scheduled=scheduled)

    def _start(self, *, scheduled: bool) -> Address:
        """Start one; on another port when somebody takes the chosen one before the server listens on it."""
        for _ in range(_MORE_PORTS):
            try:
                return self._start_once(scheduled=scheduled)
            except EmbeddedError as error:
                if _IN_USE not in error.seen.lower():
                    raise
        return self._start_once(scheduled=scheduled)

    def _start_once(self, *, scheduled: bool) -> Address:
        keys, version = read_keys(self.layout), _airflow_version()
        port = _free_port(wanted=self._port, preferred=self._last_port())
        environment = airflow_environment(
            self.layout,
            keys=keys,
            port=port,
            parallelism=self._parallelism,
            scheduled=scheduled,
            base=os.environ,
            extra=self._env,
        )
        self.layout.failure.unlink(missing_ok=True)
        for log in self.layout.logs.glob("*.log"):
            log.unlink()
        address = Address(
            url=f"http://{HOST}:{port}",
            username=USERNAME,
            password=keys.password,
            pid=self._spawn(port, environment),
            airflow=version,
        )
        self._write_state(address)
        try:
            self._await_health(address)
        except BaseException:
            self._stop()
            raise
        _warm_up(port)
        return address

    def _spawn(self, port: int, environment: dict[str, str]) -> int:
        with self.layout.log("airflow").open("wb") as log:
            self._child = subprocess.Popen(
                command("kedro_aloft.embedded.guard", str(self.layout.root), str(port)),
                cwd=self.project_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._child.pid

    def _await_health(self, address: Address) -> None:
        """Wait until the API answers and every component has given a sign of life since the start."""
        state = read_json(self.layout.state) or {}
        since = parse_time(state.get("since"))
        process = Process(**state["process"])
        deadline = time.monotonic() + START_DEADLINE_S
        health = None
        while not _all_alive(health := _health(address.url), since):
            if not process.alive:
                raise self._died()
            if time.monotonic() > deadline:
                raise self._unhealthy(health)
            time.sleep(POLL_S)

    def _write_state(self, address: Address) -> None:
        write_private(
            self.layout.state,
            {
                "process": asdict(Process.of(address.pid)),
                "since": datetime.now(timezone.utc).isoformat(),
                "url": address.url,
                "airflow": address.airflow,
            },
        )

    def _last_port(self) -> int:
        url = (read_json(self.layout.state) or {}).get("url", "")
        return int(url.rpartition(":")[2] or 0)

    # Looking

    def _running(self) -> Address | None:
        """Return the address of the one whose processes run; after a crash or a reboot there is none."""
        state = read_json(self.layout.state)
        try:
            if state is None or not Process(**state["process"]).alive:
                return None
            keys = read_keys(self.layout)
            return Address(
                url=state["url"],
                username=USERNAME,
                password=keys.password,
                pid=state["process"]["pid"],
                airflow=state["airflow"],
            )
        except (KeyError, TypeError):
            return None  # written by another version of ours, or by hand

    def _failure(self) -> str:
        try:
            return self.layout.failure.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, IndexError):
            return ""

    def _died(self) -> EmbeddedError:
        component = self._failure() or "airflow"
        log = self.layout.log(component)
        return EmbeddedError(
            f"The embedded Airflow does not start: its {component} ended",
            where=str(log),
            seen=_tail(log) or "its log is empty",
            remedy=_remedy(log),
        )

    def _unhealthy(self, health: dict[str, Any] | None) -> EmbeddedError:
        log = self.layout.log("api-server")
        return EmbeddedError(
            f"The embedded Airflow is not healthy after {START_DEADLINE_S:g} seconds",
            where=str(self.layout.logs),
            seen=json.dumps(health) if health else _tail(log),
            remedy="read the logs, then kedro airflow down and try again",
        )

    # Stopping

    def _stop(self) -> bool:
        """End all processes of this home; return whether there were any."""
        address = self._running()
        if address:
            process = Process.of(address.pid)
            send(process.pid, signal.SIGTERM)
            if not wait_gone(process, deadline_s=GRACE_S + 5):
                kill_all(lambda: [process.pid, *descendants(process.pid)] if process.alive else [])
        self._bury()
        strays = self._strays()
        if strays and not kill_all(self._strays):
            raise EmbeddedError("Processes of the embedded Airflow survive", seen=f"process ids {self._strays()}")
        return bool(address or strays)

    def _strays(self) -> list[int]:
        return marked(MARKER, str(self.layout.root))

    def _bury(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # it lives on with its other users; Popen would warn that we do not wait
        self._child = None

    def _wait_unless_used(self, address: Address) -> None:
        """Wait for the end of one that lost its last user; when somebody else uses it, leave it."""
        process = Process.of(address.pid)
        deadline = time.monotonic() + GRACE_S + 5
        used = 0  # looks in a row: a guard that ends between the two halves of one look resembles a user
        while process.alive and used < 3 and time.monotonic() < deadline:
            used = used + 1 if _others_use(self.layout.users_lock) else 0
            time.sleep(POLL_S)
        self._bury()

    # Locks

    def _in_use(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.layout.users_lock, shared=True)

    def _exclusively(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.layout.start_lock)


# What needs no EmbeddedAirflow


def _others_use(users_lock: Path) -> bool:
    """Whether somebody holds the users' lock shared; the guard holds it alone while it stops everything."""
    return not _grants(users_lock, fcntl.LOCK_EX) and _grants(users_lock, fcntl.LOCK_SH)


def _grants(path: Path, kind: int) -> bool:
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def _sigterm_exits() -> Iterator[None]:
    """Let SIGTERM leave the block as SystemExit, so that what the block started is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(signum: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _free_port(*, wanted: int | None, preferred: int) -> int:
    """Return the wanted port, or the preferred one when it is free, or any free one.

    Raises:
        EmbeddedError: Somebody listens on the wanted port.
    """
    if wanted:
        if not _can_listen(wanted):
            raise EmbeddedError(
                f"Port {wanted} is in use",
                where=f"{HOST}:{wanted}",
                remedy="choose another port, or none: a free one is found",
            )
        return wanted
    if preferred and _can_listen(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _airflow_version() -> str:
    try:
        version = metadata.version("apache-airflow-core")
        _refuse_broken_pair(version)
    except metadata.PackageNotFoundError as err:
        raise EmbeddedError(
            "Airflow 3 is not installed in this Python environment",
            where=sys.prefix,
            remedy="pip install 'kedro-aloft[airflow]'",
        ) from err
    return version


def _refuse_broken_pair(airflow: str) -> None:
    """Airflow 3.0 sets no limit to FastAPI; newer ones commit after they answer, so a run just triggered is unknown."""
    fastapi = metadata.version("fastapi")
    if airflow.startswith("3.0.") and tuple(map(int, fastapi.split(".")[:2])) >= (0, 118):
        raise EmbeddedError(
            f"Airflow {airflow} does not work with FastAPI {fastapi}",
            where=sys.prefix,
            seen="it needs FastAPI below 0.118, and does not say so itself",
            remedy="pip install 'fastapi<0.118', or a newer Airflow",
        )


def _health(url: str) -> dict[str, Any] | None:
    """Return Airflow's health, or None when there is no proper answer; without the client, which imports slowly."""
    connection = http.client.HTTPConnection(url.rpartition("/")[2], timeout=5)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        response = connection.getresponse()
        value = json.loads(response.read()) if response.status == http.HTTPStatus.OK else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return value if isinstance(value, dict) else None


def _warm_up(port: int) -> None:
    """Make the API server build the part that tasks talk to: 2.4 s that the first task would have to wait for.

    Airflow builds it at the first request; we ask and do not wait for the answer.
    """
    request = f"GET /execution/health HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(request.encode())


def _all_alive(health: dict[str, Any] | None, since: datetime | None) -> bool:
    """Whether every component is healthy by a heartbeat of this start, not of one that was killed just before."""
    if not health or any((health.get(name) or {}).get("status") != "healthy" for name in COMPONENTS):
        return False
    beats = [parse_time(health[name].get(f"latest_{name}_heartbeat")) for name in COMPONENTS if name != "metadatabase"]
    return all(beat and (since is None or beat >= since) for beat in beats)


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_LINES:])


def _remedy(log: Path) -> str:
    if _IN_USE in _tail(log).lower():
        return "another program took the port; try again, or choose a port"
    return f"read {log}; kedro airflow down cleans up"
