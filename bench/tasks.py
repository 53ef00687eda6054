"""What one tiny task costs beside Airflow: warm, fresh, and as kedro-airflow runs it; alone and among many plugins."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from bench import warm
from bench.commands import measure
from bench.environments import kedro_aloft, plugins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.figures import Figures

SIZES = (100, 1000)
PLUGIN_NODES = 100

# What the task of kedro-airflow 0.11 does, whose template has its body.
_THEIRS = """\
import sys
from pathlib import Path
from kedro.framework.project import configure_project
from kedro.framework.session import KedroSession

project, package, node = sys.argv[1:]
configure_project(package)
with KedroSession.create(project_path=project, env="local", conf_source=Path(project) / "conf") as session:
    session.run(pipeline_names=["__default__"], node_names=[node])
"""
_OURS = """\
import json, sys
from kedro_aloft.runtime import process

sys.exit(str(json.loads(process.run(sys.argv[1]))["failure"] or "") or None)
"""


def measure_tasks(figures: Figures, *, repeats: int) -> None:
    """Measure one tiny task of layered projects, in processor time, and the memory of tasks that wait."""
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
            project = warm.write_project(Path(directory), size)
            case = f"task-{size}"
            for _ in range(repeats):
                _measure_warm(figures, case, project, Path(directory))
                for variant, command in _fresh_commands(project, Path(sys.executable)).items():
                    used = measure(command, cwd=project, env={"PYTHONPATH": str(project / "src")})
                    figures.add(f"{case}.{variant}.cpu_s", used.cpu_s)
                    figures.add(f"{case}.{variant}.peak_mib", used.peak_mib)


def _measure_warm(figures: Figures, case: str, project: Path, folder: Path) -> None:
    directory = folder / "warm"
    try:
        found = warm.measure_warm(project, directory)
    finally:
        with contextlib.suppress(OSError):
            os.kill(warm.server_of(project, directory), signal.SIGTERM)
    figures.add(f"{case}.ours-warm.cpu_s", found["cpu_ms"] / 1000)
    figures.add(f"{case}.ours-warm.wall_s", found["wall_ms"] / 1000)
    figures.add(f"{case}.ours-warm.first_s", found["first_task_s"])
    figures.add(f"{case}.ours-warm.waiting_mib", found["waiting_private_mib"])


def _fresh_commands(project: Path, python: Path) -> dict[str, list[str | Path]]:
    return {
        "ours-fresh": [python, "-c", _OURS, warm.request_of(project, "n0").to_json()],
        "kedro-airflow": [python, "-c", _THEIRS, project, project.name, "n0"],
    }


def measure_plugins(figures: Figures, *, repeats: int) -> None:
    """Measure a tiny task with and without kedro-viz, kedro-mlflow and kedro-telemetry, in a network that is dead.

    The project uses none of them. A server that accepts connections and never answers stands for the network. MLflow
    3 refuses kedro-mlflow's default place for runs, so without a word to it no task of kedro-airflow would run at all.
    """
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory, _dead_network() as network:
        project = warm.write_project(Path(directory), PLUGIN_NODES)
        source = Path(__file__).resolve().parent.parent / "src"
        env = {"PYTHONPATH": f"{project / 'src'}:{source}", "DO_NOT_TRACK": "", **network}
        pythons = {"few": kedro_aloft() / "python", "many": plugins() / "python"}
        for repeat in range(repeats + 1):
            for name, python in pythons.items():
                for variant, command in _fresh_commands(project, python).items():
                    used = measure(command, cwd=project, env={**env, "MLFLOW_ALLOW_FILE_STORE": "true"})
                    if repeat:
                        figures.add(f"plugins-{name}.{variant}.cpu_s", used.cpu_s)
                        figures.add(f"plugins-{name}.{variant}.wall_s", used.wall_s)
                        figures.add(f"plugins-{name}.{variant}.peak_mib", used.peak_mib)


@contextlib.contextmanager
def _dead_network() -> Iterator[Mapping[str, str]]:
    """Yield proxy settings that lead nowhere."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "https_proxy": proxy, "http_proxy": proxy, "NO_PROXY": ""}
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()
