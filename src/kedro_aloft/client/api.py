"""AirflowApi: the part of Airflow's REST API v2 that we use, from Airflow 3.0.6 to 3.3."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kedro_aloft.client.transport import OfficialTransport, Transport
from kedro_aloft.client.values import Backfill, RunState, TaskState, parse_time, to_run_state, to_task_state
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

PAGE_SIZE = 100
# An Airflow that is busy or restarting answers one of these; asking again soon is right.
BUSY = frozenset({429, 502, 503, 504})
# SQLite under load makes Airflow answer 500 with "database is locked"; only a read may simply be repeated.
SERVER_ERROR = 500
PAUSES_S = (0.2, 0.5, 1.0, 2.0)
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE", "PATCH"})
UNAUTHORIZED, NOT_FOUND, CONFLICT = 401, 404, 409


class AirflowApi:
    """A client of one Airflow.

    Give either a user name with a password (Airflow's simple or FAB auth manager) or a `token` function that
    returns a fresh bearer token (`client.auth` has several; an empty token means none). A token is asked for at the
    first call and once more whenever Airflow answers 401.

    Args:
        url: Base address, e.g. `http://127.0.0.1:8080`.
        username: User of the simple or FAB auth manager.
        password: Its password.
        token: Returns a fresh bearer token; replaces user name and password.
        transport: The port to the network; by default the official client's.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        token: Callable[[], str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._transport = transport or OfficialTransport(self.url)
        self._fetch_token = token or (lambda: self._login(username, password))
        self._token: str | None = None

    def __repr__(self) -> str:
        return f"AirflowApi({self.url!r})"

    # About the Airflow itself

    def health(self) -> dict[str, Any]:
        """Return the state of every component; needs no login."""
        return dict(self._get("/api/v2/monitor/health", login=False))

    def version(self) -> str:
        """Return Airflow's version; needs no login."""
        return str(self._get("/api/v2/version", login=False)["version"])

    def import_errors(self) -> list[dict[str, Any]]:
        """Return the DAG files that do not load: `filename`, `timestamp`, `stack_trace`."""
        return list(self._pages("/api/v2/importErrors", "import_errors"))

    def pools(self) -> list[dict[str, Any]]:
        """Return the pools with their `name`, `slots`, `open_slots`, `queued_slots`."""
        return list(self._pages("/api/v2/pools", "pools"))

    # DAGs

    def dags(self, *, tag: str) -> list[dict[str, Any]]:
        """Return the DAGs that have a tag, each with `dag_id`, `is_paused` and more."""
        return list(self._pages("/api/v2/dags", "dags", query={"tags": tag}))

    def dag_details(self, dag_id: str) -> dict[str, Any] | None:
        """Return everything about a DAG, or None when Airflow does not know it (yet)."""
        return self._find(f"/api/v2/dags/{_part(dag_id)}/details")

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        """Pause or unpause a DAG."""
        self._call("PATCH", f"/api/v2/dags/{_part(dag_id)}", body={"is_paused": paused})

    def reparse(self, file_token: str) -> None:
        """Ask for a DAG file to be parsed soon; the token is in `dag_details`. Asking twice is fine."""
        path = f"/api/v2/parseDagFile/{_part(file_token)}"
        self._call("PUT", path, allow=(CONFLICT,))

    def source(self, dag_id: str) -> str:
        """Return the text of the file that the DAG's present version was made from."""
        return str(self._get(f"/api/v2/dagSources/{_part(dag_id)}")["content"])

    def dag_url(self, dag_id: str) -> str:
        """Return the address of a DAG in Airflow's user interface."""
        return f"{self.url}/dags/{_part(dag_id)}"

    def delete_dag(self, dag_id: str) -> bool:
        """Delete a DAG and its runs; return False when there was none."""
        status, _ = self._call("DELETE", f"/api/v2/dags/{_part(dag_id)}", allow=(NOT_FOUND,))
        return status != NOT_FOUND

    # Runs

    def trigger(self, dag_id: str, *, conf: Mapping[str, Any] | None = None, run_id: str | None = None) -> RunState:
        """Start a run without a logical date and return its first state.

        Args:
            dag_id: Id of the DAG; a paused DAG accepts the run and keeps it queued.
            conf: The run's configuration, which also overrides the DAG's params.
            run_id: Id of the run; Airflow invents one by default. A run that exists is an error.
        """
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf or {})}
        if run_id:
            body["dag_run_id"] = run_id
        _, raw = self._call("POST", f"/api/v2/dags/{_part(dag_id)}/dagRuns", body=body)
        return to_run_state(raw)

    def run(self, dag_id: str, run_id: str) -> RunState:
        """Return the present state of a run."""
        return to_run_state(self._get(_run_path(dag_id, run_id)))

    def runs(self, dag_id: str, limit: int = 20, *, state: str | None = None) -> tuple[RunState, ...]:
        """Return the latest runs of a DAG, newest first; with `state` only those in this state."""
        path = f"/api/v2/dags/{_part(dag_id)}/dagRuns"
        query = {"order_by": "-run_after", **({"state": state} if state else {})}
        raw = self._pages(path, "dag_runs", limit=limit, query=query)
        return tuple(to_run_state(entry) for entry in raw)

    def fail_run(self, dag_id: str, run_id: str) -> RunState:
        """Mark a run as failed, which also ends its running tasks; used when nobody waits for it any more."""
        _, raw = self._call("PATCH", _run_path(dag_id, run_id), body={"state": "failed"})
        return to_run_state(raw)

    def run_url(self, dag_id: str, run_id: str) -> str:
        """Return the address of a run in Airflow's user interface."""
        return f"{self.url}/dags/{_part(dag_id)}/runs/{_part(run_id)}"

    # Tasks

    def tasks(self, dag_id: str, run_id: str) -> tuple[TaskState, ...]:
        """Return the state of every task instance of a run, in the order of their starts; not started ones last."""
        raw = self._pages(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances")
        return tuple(sorted(map(to_task_state, raw), key=_by_start))

    def set_task_succeeded(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Let a task count as done without running it."""
        self._call("PATCH", _task_path(dag_id, run_id, task_id), body={"new_state": "success"})

    def clear(
        self, dag_id: str, run_id: str, task_ids: Sequence[str], *, downstream: bool, dry_run: bool
    ) -> tuple[TaskState, ...]:
        """Let tasks of a run be run again; return them as they were.

        Args:
            dag_id: Id of the DAG.
            run_id: Id of the run, which goes on with them when it has ended.
            task_ids: The tasks, whatever their state.
            downstream: Whether all tasks that come after them are meant, too.
            dry_run: Only return what would be cleared.
        """
        body = {
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": downstream,
            "dry_run": dry_run,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        _, raw = self._call("POST", f"/api/v2/dags/{_part(dag_id)}/clearTaskInstances", body=body)
        return tuple(sorted(map(to_task_state, raw["task_instances"]), key=lambda task: (task.task_id, task.map_index)))

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return a task's XCom value with JSON decoded, or None when there is none."""
        path = f"{_task_path(dag_id, run_id, task_id)}/xcomEntries/{_part(key)}"
        found = self._find(path, query={"deserialize": "false"})
        return None if found is None else _decoded(found.get("value"))

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int, *, map_index: int = -1) -> list[Any]:
        """Return the log of one try: dictionaries with `event`, `level`, `timestamp`, `logger` …, in order.

        A file that is no JSON comes as plain strings. Empty when the try has no log (yet).
        """
        path = f"{_task_path(dag_id, run_id, task_id)}/logs/{try_number}"
        found = self._find(path, query={"full_content": "true", "map_index": map_index})
        content = found.get("content", []) if found else []
        return content if isinstance(content, list) else str(content).splitlines()

    # Backfills

    def backfill(self, order: Backfill) -> int:
        """Create the runs of a period in the past; return the id of the backfill."""
        _, raw = self._call("POST", "/api/v2/backfills", body=order.to_body())
        return int(raw["id"])

    def backfill_dates(self, order: Backfill) -> tuple[datetime, ...]:
        """Return the logical dates for which a backfill would create runs, in the order of its runs."""
        _, raw = self._call("POST", "/api/v2/backfills/dry_run", body=order.to_body())
        dates = (parse_time(entry["logical_date"]) for entry in raw["backfills"])
        return tuple(date for date in dates if date is not None)

    # Plumbing

    def _get(self, path: str, *, query: Mapping[str, Any] | None = None, login: bool = True) -> Any:
        return self._call("GET", path, query=query, login=login)[1]

    def _find(self, path: str, *, query: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        status, body = self._call("GET", path, query=query, allow=(NOT_FOUND,))
        return None if status == NOT_FOUND else dict(body)

    def _pages(
        self, path: str, key: str, *, limit: int | None = None, query: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the entries of all pages, at most `limit` of them."""
        seen = 0
        while limit is None or seen < limit:
            size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - seen)
            page = self._get(path, query={**(query or {}), "limit": size, "offset": seen})
            yield from page[key]
            seen += len(page[key])
            if not page[key] or seen >= page["total_entries"]:
                return

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        login: bool = True,
        allow: tuple[int, ...] = (),
    ) -> tuple[int, Any]:
        """Return status and body of a call that succeeded or whose status the caller allows."""
        status, answer = self._exchange(method, path, query=query or {}, body=body, login=login)
        if status == UNAUTHORIZED and login:
            self._token = None  # it has expired, or the Airflow was set up anew
            status, answer = self._exchange(method, path, query=query or {}, body=body, login=login)
        if status < 300 or status in allow:
            return status, answer
        raise _refused(f"{method} {self.url}{path}", status, answer)

    def _exchange(self, method: str, path: str, *, query: Mapping[str, Any], body: Any, login: bool) -> tuple[int, Any]:
        """Send once; an idempotent call is repeated while Airflow is busy or unreachable."""
        bearer = self._bearer() if login else ""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        for pause_s in (*PAUSES_S, None):
            try:
                status, answer = self._transport.send(method, path, query=query, body=body, headers=headers)
            except ConnectionError as err:
                if pause_s is None or method not in IDEMPOTENT:
                    raise _unreachable(self.url, err) from err
            else:
                if pause_s is None or not (_worth_repeating(method, status) or _was_undone(status, answer)):
                    return status, answer
            time.sleep(pause_s)
        raise AssertionError("unreachable: the last round returns or raises")

    def _bearer(self) -> str:
        if self._token is None:
            self._token = self._fetch_token()
        return self._token

    def _login(self, username: str, password: str) -> str:
        body = {"username": username, "password": password}
        _, answer = self._call("POST", "/auth/token", body=body, login=False)
        return str(answer["access_token"])


def _worth_repeating(method: str, status: int) -> bool:
    if status == SERVER_ERROR:  # SQLite refuses a write at once when somebody else wrote since it was read
        return method in ("GET", "PATCH")
    return status in BUSY and method in IDEMPOTENT


def _was_undone(status: int, answer: Any) -> bool:
    """Whether Airflow says that its database refused the call: then nothing of it was written, whatever it was."""
    detail = answer.get("detail", answer) if isinstance(answer, dict) else None
    return status == SERVER_ERROR and isinstance(detail, dict) and detail.get("reason") == "Database error"


def _refused(call: str, status: int, answer: Any) -> RemoteError:
    remedies = {
        UNAUTHORIZED: "check the user name and the password, or the token",
        403: "ask for a role that may do this; Airflow's administrator assigns roles",
        NOT_FOUND: "check the DAG id and the run id; a new DAG file needs a moment until Airflow knows it",
    }
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    return RemoteError(
        f"Airflow refuses a call with HTTP status {status}",
        where=call,
        seen=str(detail)[:2000],
        remedy=remedies.get(status, "see the log of Airflow's API server"),
    )


def _unreachable(url: str, err: Exception) -> RemoteError:
    return RemoteError(
        "Airflow does not answer",
        where=url,
        seen=str(err)[:500],
        remedy="check the address and that Airflow is up (kedro airflow status for the embedded one)",
    )


def _part(text: str) -> str:
    return quote(text, safe="")


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{_part(dag_id)}/dagRuns/{_part(run_id)}"


def _task_path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"{_run_path(dag_id, run_id)}/taskInstances/{_part(task_id)}"


def _by_start(task: TaskState) -> tuple[bool, float, str, int]:
    started = task.start is not None
    return (not started, task.start.timestamp() if task.start else 0.0, task.task_id, task.map_index)


def _decoded(value: Any) -> Any:
    """Airflow 3.0 gives an XCom as JSON text, later versions give it decoded."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
