"""What one tiny task costs: in a fork of the warm server, and fresh. Prints JSON.

    python -m bench.warm [nodes ...]

CPU time is user and system time of everything that a task uses: of the client, of the server and of the fork. A fresh
task is a new interpreter that runs the request, as in a pod. Figures are medians over the tasks of one kind.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.warm.client import run_warm
from kedro_aloft.warm.home import home_of, peer_of
from kedro_aloft.warm.kernel import children

WARM_TASKS = 30
FRESH_TASKS = 5
WAITING = 8
LAYER = 10
_TICKS = os.sysconf("SC_CLK_TCK")
_FRESH = (
    "import json, resource, sys; from kedro_aloft.runtime import process; process.run(sys.argv[1]);"
    "used = resource.getrusage(resource.RUSAGE_SELF);"
    "print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))"
)


def write_project(folder: Path, count: int) -> Path:
    """Write a layered project of tiny nodes whose datasets are pickles; return its path."""
    package, project = f"layered_{count}", folder / f"layered_{count}"
    source = project / "src" / package
    for path in (source, project / "conf/base", project / "conf/local", project / "data"):
        path.mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        f'[tool.kedro]\npackage_name = "{package}"\nproject_name = "{package}"\nkedro_init_version = "1.2.0"\n'
    )
    for name in ("__init__.py", "settings.py"):
        (source / name).write_text("")
    (source / "pipeline_registry.py").write_text(
        "import threading\n\nfrom kedro.pipeline import Pipeline, node\n\n\n"
        "def add(x):\n    return x + 1\n\n\n"
        "def wait(x):\n    print('waiting', flush=True)\n    threading.Event().wait()\n\n\n"
        "def register_pipelines():\n"
        f"    nodes = [node(add, f'd{{i - {LAYER}}}' if i >= {LAYER} else 'params:x', f'd{{i}}', name=f'n{{i}}') "
        f"for i in range({count})]\n"
        "    return {'__default__': Pipeline(nodes), 'waiting': Pipeline([node(wait, 'params:x', 'w', name='wait')])}\n"
    )
    entries = {f"d{i}": {"type": "pickle.PickleDataset", "filepath": f"data/d{i}.pkl"} for i in range(count)}
    lines = [f"{name}:\n  type: {one['type']}\n  filepath: {one['filepath']}\n" for name, one in entries.items()]
    (project / "conf/base/catalog.yml").write_text("".join(lines))
    (project / "conf/base/parameters.yml").write_text("x: 1\n")
    return project


def request_of(project: Path, node: str, pipeline: str = "__default__") -> TaskRequest:
    """Return the request for one node."""
    return TaskRequest(
        dag_id=project.name,
        run_id="bench",
        task_id=node,
        version="2026-01-02T03.04.05.678Z-0123abcd",
        run_directory=f"{project.name}/bench",
        project_path=str(project),
        package=project.name,
        pipeline=pipeline,
        nodes=(node,),
        skip_plugin_hooks=("kedro-mlflow", "kedro-telemetry", "kedro-viz"),
    )


def measure_warm(project: Path, directory: Path) -> dict[str, float]:
    """Return what tasks in forks cost, and the first one, which starts the server."""
    begun = time.perf_counter()
    _run(project, "n0", directory)
    first_s = time.perf_counter() - begun
    server = server_of(project, directory)
    begun, before = time.perf_counter(), _used(server)
    for i in range(1, WARM_TASKS + 1):
        _run(project, f"n{i % LAYER}", directory)
    cpu_s, wall_s = _used(server) - before, time.perf_counter() - begun
    return {
        "cpu_ms": round(1000 * cpu_s / WARM_TASKS, 1),
        "wall_ms": round(1000 * wall_s / WARM_TASKS, 1),
        "first_task_s": round(first_s, 2),
        **_memory(project, directory, server),
    }


def _run(project: Path, node: str, directory: Path) -> None:
    report = json.loads(run_warm(request_of(project, node).to_json(), directory=directory, fresh=_refuse))
    if report["failure"]:
        raise SystemExit(report["failure"]["message"])


def _refuse(_request: str, **_: Any) -> str:
    raise SystemExit("no warm start")


def server_of(project: Path, directory: Path) -> int:
    """Return the process id of the server that serves the project."""
    sys_path = [path for path in sys.path if path]
    home = home_of(request_of(project, "n0"), directory=directory, python=sys.executable, sys_path=sys_path)
    with home.connect() as connection:
        return peer_of(connection)[0]


def _used(server: int) -> float:
    """CPU seconds so far of this process, of the server and of all its forks that have ended."""
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:15])) / _TICKS


def _memory(project: Path, directory: Path, server: int) -> dict[str, float]:
    """MiB of the server and of forks that wait inside a node."""
    code = (
        "import sys; from pathlib import Path; from kedro_aloft.warm.client import run_warm;"
        "sys.path[:] = sys.argv[3].split(chr(0)); run_warm(sys.argv[1], directory=Path(sys.argv[2]))"
    )
    request = request_of(project, "wait", "waiting").to_json()
    path = "\n".join(path for path in sys.path if path)
    code = code.replace("chr(0)", "chr(10)")
    clients = [
        subprocess.Popen([sys.executable, "-c", code, request, str(directory), path], stdout=subprocess.PIPE, text=True)
        for _ in range(WAITING)
    ]
    try:
        for client in clients:
            assert client.stdout is not None
            client.stdout.readline()
        forks = [_rollup(pid) for pid in children(server)]
    finally:
        for client in clients:
            client.terminate()
            client.communicate()
    return {
        "server_rss_mib": _rollup(server)["Rss"],
        "waiting": len(forks),
        "waiting_pss_mib": round(statistics.median(one["Pss"] for one in forks), 1),
        "waiting_private_mib": round(statistics.median(one["Private_Dirty"] for one in forks), 1),
    }


def _rollup(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: round(int(line.split()[1]) / 1024, 1) for line in lines}


def measure_fresh(project: Path) -> dict[str, float]:
    """Return what a task in a new interpreter costs."""
    figures: list[Any] = []
    for _ in range(FRESH_TASKS):
        done = subprocess.run(
            [sys.executable, "-c", _FRESH, request_of(project, "n0").to_json()],
            capture_output=True,
            check=True,
            text=True,
        )
        figures.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        "cpu_ms": round(1000 * statistics.median(cpu for cpu, _ in figures), 1),
        "peak_mib": round(statistics.median(peak for _, peak in figures), 1),
    }


def measure_client() -> dict[str, float]:
    """Return what importing the client adds to an interpreter that does nothing else."""
    code = "import time; t = time.process_time(); import kedro_aloft.warm.client; print(time.process_time() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
        for _ in range(FRESH_TASKS)
    ]
    return {"import_cpu_ms": round(1000 * statistics.median(times), 1)}


def main() -> None:
    """Measure projects of the sizes that the command line names."""
    sizes = [int(word) for word in sys.argv[1:]] or [100, 1000]
    results: dict[str, Any] = {"python": sys.version.split()[0], "client": measure_client()}
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as folder:
        for count in sizes:
            project = write_project(Path(folder), count)
            directory = Path(folder) / "warm"
            try:
                results[str(count)] = {"fresh": measure_fresh(project), "warm": measure_warm(project, directory)}
            finally:
                os.kill(server_of(project, directory), 15)
    results["peak_of_client_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
