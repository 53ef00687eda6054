"""Real Airflow for tests: load DAG files, run one DAG in a process, or use one embedded Airflow for a whole session."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import warnings
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.commands import program, run_command, user_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.projects import Project

DAG_TEST_DEADLINE_S = 600


def load_dags(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Load every DAG file of a folder as Airflow does, and serialize every DAG as Airflow stores it.

    Returns:
        DAGs by id, and import errors by file name. DAGs that cannot be serialized count as errors.
    """
    with _only_our_warnings():
        bag = _dag_bag(folder)
    errors = {Path(name).name: str(trace) for name, trace in bag.import_errors.items()}
    for dag_id, dag in bag.dags.items():
        try:
            serialize(dag)
        except Exception as error:  # noqa: BLE001  whatever it is, Airflow could not store this DAG
            errors[dag_id] = f"{type(error).__name__}: {error}"
    return dict(bag.dags), errors


@contextmanager
def _only_our_warnings() -> Iterator[None]:
    """Airflow's own modules may use what Airflow deprecates; our modules and DAG files may not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", module="kedro_aloft|unusual_prefix_")
        yield


def load_one(folder: Path) -> Any:
    """Return the only DAG of a folder; fail the test when anything does not load."""
    dags, errors = load_dags(folder)
    assert not errors, errors
    assert len(dags) == 1, sorted(dags)
    return next(iter(dags.values()))


def serialize(dag: Any) -> dict[str, Any]:
    """Return what Airflow stores of a DAG. `DagSerialization` since Airflow 3.2, `SerializedDAG` before."""
    with _only_our_warnings():
        from airflow.serialization import serialized_objects

    serializer = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    content: dict[str, Any] = serializer.to_dict(dag)
    return json.loads(json.dumps(content))  # type: ignore[no-any-return]


def _dag_bag(folder: Path) -> Any:
    """The DagBag of the installed Airflow: moved and bound to a bundle in 3.2."""
    try:
        from airflow.dag_processing.dagbag import BundleDagBag
    except ImportError:
        from airflow.models.dagbag import DagBag

        return DagBag(str(folder), include_examples=False)
    return BundleDagBag(str(folder), bundle_path=folder, bundle_name="tests")


def kedro_tasks(dag: Any) -> dict[str, Any]:
    """Return the tasks of a DAG that run Kedro nodes, by task id."""
    from kedro_aloft.airflow import KedroOperator

    return {task.task_id: task for task in dag.tasks if type(task) is KedroOperator}


def edges(dag: Any) -> set[tuple[str, str]]:
    """Return the edges between tasks that run Kedro nodes, as pairs of task ids; of a fused task, past its end."""
    tasks = kedro_tasks(dag)
    found = set()
    for task_id, task in tasks.items():
        ends = [dag.get_task(one) for one in task.downstream_task_ids if dag.get_task(one).is_teardown]
        below = task.downstream_task_ids.union(*(end.downstream_task_ids for end in ends))
        found |= {(task_id, child) for child in below if child in tasks}
    return found


def nodes_by_task(dag: Any) -> dict[str, list[str]]:
    """Return the node names of each task."""
    return {task_id: list(task.nodes) for task_id, task in kedro_tasks(dag).items()}


# --- one DAG in one process


@dataclass(frozen=True, slots=True, kw_only=True)
class DagTest:
    """How `airflow dags test` ended."""

    state: str
    tasks: dict[str, str]
    tries: dict[str, int]
    log: str

    def succeeded(self) -> DagTest:
        """Return itself; fail the test when the run failed."""
        assert self.state == "success", self.log
        return self


def run_dag_test(
    dags: Path, dag_id: str, *, template: Path, workdir: Path, conf: Mapping[str, Any] | None = None, **env: str
) -> DagTest:
    """Run a DAG with `airflow dags test` in an Airflow home of its own.

    Args:
        dags: Folder of the DAG file.
        dag_id: The DAG.
        template: A migrated, empty Airflow database.
        workdir: Empty directory: the command's working directory, far from the project.
        conf: Of the DAG run.
        env: More environment variables.
    """
    home = workdir / "airflow_home"
    home.mkdir(parents=True)
    shutil.copy(template, home / "airflow.db")
    environment = {**airflow_environment(home, dags), **env}
    argv = [program("airflow"), "dags", "test", dag_id, *(["--conf", json.dumps(conf)] if conf else [])]
    done = run_command(*argv, cwd=workdir, env=environment, deadline_s=DAG_TEST_DEADLINE_S)
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        states = database.execute("SELECT state FROM dag_run WHERE dag_id = ?", (dag_id,)).fetchall()
        rows = database.execute(
            "SELECT task_id, state, try_number FROM task_instance WHERE dag_id = ?", (dag_id,)
        ).fetchall()
    assert len(states) == 1, done.text
    return DagTest(
        state=states[0][0],
        tasks={task: state for task, state, _ in rows},
        tries={task: tries for task, _, tries in rows},
        log=done.text,
    )


def airflow_environment(home: Path, dags: Path) -> dict[str, str]:
    """Return the settings of a throw-away Airflow."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def migrated_database(shared: Path) -> Path:
    """Return an empty Airflow database; made once, by the first process that asks."""
    home = shared / "template"
    database = home / "airflow.db"
    with locked(shared / "template.lock"):
        if not (home / "ready").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            environment = user_environment(**airflow_environment(home, home / "dags"))
            subprocess.run(
                [program("airflow"), "db", "migrate"], cwd=home, env=environment, check=True, capture_output=True
            )
            (home / "ready").touch()
    return database


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that processes share; the kernel releases it however we end."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- one embedded Airflow for many projects


def share_airflow(project: Project, airflow_project: Path) -> Project:
    """Let a project use the embedded Airflow of another one, so that tests need not start one each.

    `kedro airflow run` looks for a running Airflow in `.airflow`; a symbolic link makes it find the shared one.
    """
    (airflow_project / ".airflow").mkdir(exist_ok=True)
    (project.path / ".airflow").symlink_to(airflow_project / ".airflow", target_is_directory=True)
    return project


def task_log(api: Any, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> list[dict[str, Any]]:
    """Return the log of a task as Airflow's API gives it: one record per entry, with level and logger."""
    return [entry for entry in api.log(dag_id, run_id, task_id, try_number) if isinstance(entry, dict)]


def environment_without_airflow() -> dict[str, str]:
    """Return this process's environment without Airflow's variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}


def airflow_processes(project: Path) -> list[int]:
    """Return the living processes of a project's own embedded Airflow, by its home in their environment."""
    wanted = f"AIRFLOW_HOME={project.resolve() / '.airflow' / 'home'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int(entry.name) != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return sorted(found)
