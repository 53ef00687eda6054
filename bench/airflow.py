"""One real Airflow for all variants of a case: run a DAG, say what it took."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from bench.commands import BenchError
from bench.dags import source_path
from kedro_aloft.embedded import EmbeddedAirflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from kedro_aloft.client import AirflowApi, RunState
    from kedro_aloft.client.values import TaskState

LIVE_DEADLINE_S = 120.0
POLL_S = 0.25
# The embedded Airflow starts its components in this order; what two of them do has nothing to do with a run's tasks.
COMPONENTS = ("api-server", "dag-processor", "scheduler", "triggerer")
ASIDE = ("dag-processor", "triggerer")


@dataclass(frozen=True)
class Measured:
    """One DAG run.

    Args:
        makespan_s: From its start to its end, as Airflow counts.
        cpu_s: Processor time of scheduler, API server, tasks and warm servers meanwhile.
        aside_s: The same of DAG processor and triggerer, by name.
        peak_mib: Largest proportional set size of these processes together, above what they had before; 0 when it was
            not asked for, since looking costs processor time.
        states: Its tasks when it had ended.
        end: When it ended.
    """

    makespan_s: float
    cpu_s: float
    aside_s: Mapping[str, float]
    peak_mib: float
    states: tuple[TaskState, ...]
    end: datetime

    @property
    def tasks(self) -> int:
        """How many tasks ran."""
        return len(self.states)

    @property
    def task_s(self) -> tuple[float, ...]:
        """Seconds of each task, as Airflow counts."""
        return tuple(task.seconds or 0.0 for task in self.states)

    def tail_s(self, task_id: str) -> float:
        """Seconds from the end of a task to the end of the run."""
        (end,) = (task.end for task in self.states if task.task_id == task_id)
        return (self.end - end).total_seconds() if end else 0.0


class Airflow:
    """An embedded Airflow in a project.

    Args:
        project: The Kedro project, which is the working directory of all tasks.
        api: Its REST API.
        pid: Its outermost process.
        folder: Its DAG folder.
        database: Its SQLite database.
    """

    def __init__(self, api: AirflowApi, pid: int, folder: Path, database: Path) -> None:
        self._api = api
        self._root = psutil.Process(pid)
        self._aside = _components_aside(self._root)
        self._folder = folder
        self._database = database

    def place(self, dag_id: str, text: str) -> None:
        """Put a DAG file into the folder and wait until Airflow serves it."""
        file = self._folder / f"{dag_id}.py"
        file.write_text(text, encoding="utf-8")
        deadline = time.monotonic() + LIVE_DEADLINE_S
        while (details := self._api.dag_details(dag_id)) is None or details.get("is_stale"):
            errors = [one for one in self._api.import_errors() if str(one["filename"]).endswith(file.name)]
            if errors or time.monotonic() > deadline:
                raise BenchError(f"Airflow does not serve {file.name}: {errors}")
            time.sleep(POLL_S)

    def run(self, dag_id: str, *, memory: bool = False, settle_s: float = 0.0) -> Measured:
        """Run a DAG.

        Args:
            dag_id: Its id.
            memory: Whether to look at memory.
            settle_s: How long processor time is counted after the end of the run, for what Airflow does later.

        Raises:
            BenchError: The run failed.
        """
        before = self._cpu_s()
        with self._watching(memory=memory) as peak:
            state = self._finished(self._api.trigger(dag_id))
        time.sleep(settle_s)
        used = {name: seconds - before[name] for name, seconds in self._cpu_s().items()}
        if state.state != "success" or state.seconds is None or state.end_date is None:
            raise BenchError(f"{dag_id}: the run is {state.state}")
        tasks = self._api.tasks(dag_id, state.run_id)
        return Measured(state.seconds, used.pop(""), used, peak[0], tasks, state.end_date)

    def _finished(self, state: RunState) -> RunState:
        """Wait without asking the API server: to say the state of a run it loads all its tasks, 0.06 s for 300."""
        query = "SELECT 1 FROM dag_run WHERE dag_id = ? AND run_id = ? AND state IN ('success', 'failed')"
        with contextlib.closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=30)) as database:
            while database.execute(query, (state.dag_id, state.run_id)).fetchone() is None:
                time.sleep(POLL_S)
        return self._api.run(state.dag_id, state.run_id)

    def _cpu_s(self) -> dict[str, float]:
        """Seconds so far: of the components aside by name, and of all other processes under an empty name."""
        return {"": _used_s(self._processes())} | {name: _used_s(_tree(one)) for name, one in self._aside.items()}

    def _processes(self) -> list[psutil.Process]:
        everything = self._root.children(recursive=True)
        aside = {process.pid for component in self._aside.values() for process in _tree(component)}
        return [self._root, *(process for process in everything if process.pid not in aside)]

    @contextlib.contextmanager
    def _watching(self, *, memory: bool) -> Iterator[list[float]]:
        """Yield a list whose only item is the peak, when the block has ended."""
        peak, ended = [0.0], threading.Event()
        if not memory:
            yield peak
            return
        before = self._memory_mib()

        def watch() -> None:
            while not ended.wait(POLL_S):
                peak[0] = max(peak[0], self._memory_mib() - before)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield peak
        finally:
            ended.set()
            thread.join()

    def _memory_mib(self) -> float:
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / 2**20


def _components_aside(root: psutil.Process) -> dict[str, psutil.Process]:
    (nursery,) = root.children()
    components = sorted(nursery.children(), key=psutil.Process.create_time)
    return {name: process for name, process in zip(COMPONENTS, components, strict=False) if name in ASIDE}


def _tree(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return []


def _used_s(processes: Iterable[psutil.Process]) -> float:
    """Processor seconds so far; processes that ended are in the account of who waited for them."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


@contextlib.contextmanager
def started(project: Path, parallelism: int, *, env: Mapping[str, str] | None = None) -> Iterator[Airflow]:
    """Start an Airflow in a project, and stop it."""
    embedded = EmbeddedAirflow(project, env={**source_path(project), **(env or {})}, parallelism=parallelism)
    with embedded.running() as address:
        yield Airflow(embedded.api(), address.pid, embedded.dags_folder, embedded.layout.database)
