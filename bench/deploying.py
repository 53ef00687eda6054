"""What a deploy costs: bytes that it uploads, processor time, and how soon a task runs the new code."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.commands import BenchError, measure
from bench.projects import write_spaceflights
from kedro_aloft.embedded import EmbeddedAirflow

if TYPE_CHECKING:
    from bench.figures import Figures
    from kedro_aloft.client import AirflowApi

KEDRO = Path(sys.executable).with_name("kedro")
_CHANGED = "src/spaceflights/pipelines/data_science/nodes.py"
_VARIANTS = ("first", "one-line", "nothing")
_DEADLINE_S = 120.0
_POLL_S = 0.1


def measure_deploying(figures: Figures, *, repeats: int) -> None:
    """Deploy the example to a folder and to its embedded Airflow, again and again with one line changed."""
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
        project = write_spaceflights(Path(directory))
        for repeat in range(repeats):
            _to_folder(figures, project, Path(directory) / f"dags-{repeat}")
        embedded = EmbeddedAirflow(project)
        with embedded.running():
            for repeat in range(repeats + 1):
                seconds = _to_first_task(project, embedded.api())
                if repeat:  # the first one fills caches and imports
                    figures.add("deploy.local.first_task_s", seconds)
            embedded.layout.keep.unlink(missing_ok=True)  # a deploy leaves the Airflow up; the bench does not


def _to_folder(figures: Figures, project: Path, folder: Path) -> None:
    for variant in _VARIANTS:
        if variant == "one-line":
            _change(project)
        before = _files(folder)
        used = measure([KEDRO, "airflow", "deploy", folder, "--group-by=none"], cwd=project, env={})
        uploaded = sum(size for name, size in _files(folder).items() if name not in before)
        figures.add(f"deploy.{variant}.uploaded_kib", uploaded / 1024)
        figures.add(f"deploy.{variant}.cpu_s", used.cpu_s)
        figures.add(f"deploy.{variant}.wall_s", used.wall_s)


def _files(folder: Path) -> dict[tuple[str, int], int]:
    """Size of every file, by name and by the moment it was written."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {(str(path), path.stat().st_mtime_ns): path.stat().st_size for path in found}


def _change(project: Path) -> None:
    with (project / _CHANGED).open("a", encoding="utf-8") as file:
        file.write(f"\nCHANGED_NS = {time.time_ns()}\n")


def _to_first_task(project: Path, api: AirflowApi) -> float:
    """Return the seconds from a command to the start of the first task that runs a changed line."""
    _change(project)
    begun = time.time()
    words = [KEDRO, "airflow", "deploy", "local", "--group-by=none", "--trigger", "--json"]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"deploy: {done.stderr}")
    triggered: dict[str, Any] = json.loads(done.stdout)["triggered"]
    ((dag_id, run_id),) = triggered.items()
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        starts = [task.start.timestamp() for task in api.tasks(dag_id, run_id) if task.start is not None]
        if starts:
            api.fail_run(dag_id, run_id)
            return min(starts) - begun
        time.sleep(_POLL_S)
    raise BenchError("deploy: no task has started")
