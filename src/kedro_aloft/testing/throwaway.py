"""A throw-away Airflow: a home, a SQLite database and a process of its own; nobody else's is looked at."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import REPORT_KEY
from kedro_aloft.errors import RenderError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FOREIGN = ("AIRFLOW_", "_AIRFLOW_")
_KEPT = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")
_LOG_LINES = 40
_WARM_IDLE_S = "60"
"""Should we be killed before we can stop them, warm servers end by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagResult:
    """How a DAG run ended.

    Args:
        run_id: As Airflow knows the run.
        state: `success` or `failed`.
        tasks: State by task id.
        seconds: The duration of the run.
        nodes: State by node, of those that tasks reported: `success`, `failed`, `kept`.
        failures: What failed tasks said, by task id.
        params, env_vars: What the tasks passed to Kedro.
    """

    run_id: str
    state: str
    tasks: Mapping[str, str]
    seconds: float
    nodes: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    env_vars: Mapping[str, str] = field(default_factory=dict)


def throw_away_environment(home: Path, dags: Path) -> dict[str, str]:
    """Return this process's environment for an Airflow of its own; connections and variables stay."""
    own = {name: value for name, value in os.environ.items() if name.startswith(_KEPT) or not name.startswith(_FOREIGN)}
    own.pop("PYTHONDONTWRITEBYTECODE", None)  # every task would compile everything anew
    return {
        **own,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": "False",
        # The default asks the DNS for this machine's full name, which stalls for seconds when it does not answer.
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
    }


class ThrowAwayAirflow:
    """Runs DAGs with `dag.test`, each task in a process of its own where the machine can fork from a warm server.

    Args:
        home: An empty directory for everything that Airflow writes.
        executors: Executors that the DAGs name; Airflow refuses to load a DAG that names an unknown one.

    Raises:
        UsageError: If no Airflow is installed.
    """

    def __init__(self, home: Path, *, executors: tuple[str, ...] = ()) -> None:
        import importlib.util

        if importlib.util.find_spec("airflow") is None:
            raise UsageError("There is no Airflow to test with.", remedy="pip install 'kedro-aloft[airflow]'")
        self._home = home
        self._executors = executors
        self._log = home / "log.txt"
        self._child: subprocess.Popen[str] | None = None

    @property
    def dags(self) -> Path:
        """The folder of its DAG files."""
        return self._home / "dags"

    def __enter__(self) -> ThrowAwayAirflow:  # noqa: PYI034  typing has Self since Python 3.11
        """Start its process."""
        self.dags.mkdir(parents=True)
        environment = throw_away_environment(self._home, self.dags)
        environment |= {"KEDRO_ALOFT_WARM": str(self._home / "warm"), "KEDRO_ALOFT_WARM_IDLE_S": _WARM_IDLE_S}
        if self._executors:
            environment["AIRFLOW__CORE__EXECUTOR"] = ",".join(("LocalExecutor", *self._executors))
        with self._log.open("w", encoding="utf-8") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "kedro_aloft.testing.child"],
                cwd=self._home,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # it ends with its group, and hears no Ctrl-C: we end it
            )
        return self

    def __exit__(self, *_error: object) -> None:
        """End its process with all that it started."""
        child = self._child
        if child is not None and child.stdin is not None and child.stdout is not None:
            child.stdin.close()
            child.wait()
            child.stdout.close()

    def run(
        self, dag_id: str, *, conf: Mapping[str, Any] | None = None, run_after: datetime | None = None
    ) -> DagResult:
        """Run a DAG whose file is in `dags`.

        Args:
            dag_id: The DAG.
            conf: Of the DAG run.
            run_after: When the run was due; two runs with the same moment are one run with one identity.

        Raises:
            RenderError: If its file does not load, or Airflow ended instead of answering.
        """
        moment = run_after or datetime.now(timezone.utc)
        request = {
            "dag_id": dag_id,
            "folder": str(self.dags),
            "conf": dict(conf or {}),
            "run_after": moment.isoformat(),
        }
        answer = self._ask(request)
        if "errors" in answer:
            raise RenderError(
                f"The installed Airflow does not load the DAG '{dag_id}'.",
                seen="\n".join(f"{name}: {trace.strip()}" for name, trace in answer["errors"].items()),
                remedy="report this: what we write must always load",
            )
        return self._result(dag_id, answer)

    def log(self) -> str:
        """Return what Airflow and the tasks printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        child = self._child
        assert child is not None
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            lines = self.log().splitlines()
            raise RenderError("The installed Airflow does not run the DAG.", seen="\n".join(lines[-_LOG_LINES:]))
        return json.loads(line)  # type: ignore[no-any-return]

    def _last_error(self) -> str:
        """What the log says last of an error; for tasks that fail before their nodes, or are killed."""
        errors = re.findall(r"^[\w.]+(?:Error|Exception)\b.*$", self.log(), re.MULTILINE)
        return errors[-1] if errors else "it left no report"

    def _result(self, dag_id: str, answer: Mapping[str, Any]) -> DagResult:
        with closing(sqlite3.connect(self._home / "airflow.db")) as database:
            key = (dag_id, answer["run_id"])
            tasks = database.execute("SELECT task_id, state FROM task_instance WHERE dag_id=? AND run_id=?", key)
            states = {task: state or "none" for task, state in tasks}
            query = "SELECT task_id, value FROM xcom WHERE dag_id=? AND run_id=? AND key=?"
            reports = {task: _decoded(value) for task, value in database.execute(query, (*key, REPORT_KEY))}
        return DagResult(
            run_id=answer["run_id"],
            state=answer["state"],
            tasks=states,
            seconds=answer["seconds"],
            nodes={node["name"]: node["state"] for one in reports.values() for node in one["nodes"]},
            failures={
                task: _failure(reports.get(task)) or self._last_error()
                for task, state in states.items()
                if state == "failed"
            },
            params=answer["params"],
            env_vars=answer["env_vars"],
        )


def _failure(report: Any) -> str:
    """Say why a task failed, from its report; nothing when it left none."""
    failure = report.get("failure") if isinstance(report, dict) else None
    if not failure:
        return ""
    place = f"node '{failure['node']}': " if failure.get("node") else ""
    return f"{place}{failure['type'].rpartition('.')[2]}: {failure['message']}"


def _decoded(value: Any) -> Any:
    """Airflow 3.0 keeps an XCom as JSON text of JSON text."""
    while isinstance(value, str | bytes):
        value = json.loads(value)
    return value
