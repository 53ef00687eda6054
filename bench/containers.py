"""What a task in another Python, a container or a pod takes beyond a stock operator that does nothing there.

Three DAGs take turns: `bare` is the stock operator with nothing to do, `imports` the same operator with what every task
of the project has to import, `ours` our task with one tiny node. Tasks run one at a time; their seconds are those that
Airflow counts. What is ours alone is `ours - imports`; a budget allows it as a part of `bare`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import dags
from bench.airflow import started
from bench.commands import LAUNCHER, BenchError, usage_of
from bench.environments import kedro_aloft
from bench.projects import Shape, write_synthetic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.airflow import Airflow
    from bench.figures import Figures

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))  # for the engine, which is the tests' own
from support.engine import Engine, EngineMissingError, running_engine  # noqa: E402

TASKS = 3
SHAPE = Shape("apart", ((),) * TASKS)
LIBRARIES = ("kedro", "kedro-datasets")
NAMESPACE, POLL_S = "default", 1
VARIANTS = ("bare", "imports", "ours")

_IMPORTS = f"""\
import sys
sys.path.insert(0, "src")
import kedro.framework.session, kedro.runner, kedro_datasets.pickle
from kedro.framework.project import configure_project, pipelines
configure_project("{SHAPE.name}")
pipelines["__default__"]
"""
_STOCK = '''\
"""A stock operator, written by hand."""

from datetime import datetime

from airflow.sdk import DAG
from {module} import {operator}


def function():
{body}

with DAG(dag_id="{dag_id}", schedule=None, start_date=datetime(2023, 1, 1)):
    for i in range({count}):
        {operator}(task_id=f"n{{i}}", {work}, **{arguments})
'''


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tasks run.

    Args:
        module, operator: The stock operator.
        command: Its argument for the words that it runs; None when it runs a function of the DAG file.
        arguments: Its other arguments.
        settings: What we are told for the same place.
    """

    module: str
    operator: str
    command: str | None
    arguments: Mapping[str, Any]
    settings: Mapping[str, Any]

    def stock(self, dag_id: str, code: str) -> str:
        """Return a DAG of the stock operator whose tasks run some Python; without code, nothing."""
        words = ["python", "-c", code] if code else ["true"]
        return _STOCK.format(
            module=self.module,
            operator=self.operator,
            body="".join(f"    {line}\n" for line in (code or "pass").splitlines()),
            dag_id=dag_id,
            count=TASKS,
            work=f"{self.command}={words!r}" if self.command else "python_callable=function",
            arguments=dict(self.arguments),
        )


def measure_containers(figures: Figures, *, repeats: int) -> str:
    """Measure tasks in each place in turn, and the processor time within a container.

    Args:
        figures: Of which the cases are `venv`, `docker` and `kubernetes`.
        repeats: Samples after a first round that is not counted; 0 counts the only round.

    Returns:
        Why containers and pods are not measured here; empty when they are.
    """
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory, ExitStack() as stack:
        project = write_synthetic(Path(directory), SHAPE)
        places, why = {"venv": _venv()}, ""
        try:
            engine = stack.enter_context(running_engine())
        except EngineMissingError as missing:
            why = str(missing)
        else:
            image = engine.project_image(project, LIBRARIES)
            places |= {"docker": _docker(engine, image), "kubernetes": _kubernetes(engine, image, stack)}
            _measure_inside(figures, engine, image, repeats=repeats or 1)
        airflow = stack.enter_context(started(project, 1))
        for name, place in places.items():
            _place_dags(airflow, project, Path(directory), name, place)
            for repeat in range(repeats + 1):
                _measure_round(figures if repeat or not repeats else None, airflow, name)
        return why


def _venv() -> Place:
    python = str(kedro_aloft() / "python")
    return Place(
        module="airflow.providers.standard.operators.python",
        operator="ExternalPythonOperator",
        command=None,
        arguments={"python": python, "expect_airflow": False},
        settings={"execution": "venv", "venv.python": python},
    )


def _docker(engine: Engine, image: str) -> Place:
    return Place(
        module="airflow.providers.docker.operators.docker",
        operator="DockerOperator",
        command="command",
        arguments={"image": image, "docker_url": engine.url, "mount_tmp_dir": False, "auto_remove": "success"},
        settings={"execution": "docker", "image": image, "docker.url": engine.url},
    )


def _kubernetes(engine: Engine, image: str, stack: ExitStack) -> Place:
    """The double of the API: real containers, and no way to a machine of a cluster."""
    from kedro_aloft.testing.kube import KubeDouble

    config = str(stack.enter_context(KubeDouble(engine.url)).kubeconfig)
    return Place(
        module="airflow.providers.cncf.kubernetes.operators.pod",
        operator="KubernetesPodOperator",
        command="cmds",
        arguments={
            "image": image,
            "namespace": NAMESPACE,
            "config_file": config,
            # Its own five seconds between two looks at a pod that starts would hide everything else.
            "startup_check_interval_seconds": POLL_S,
            "base_container_status_polling_interval": POLL_S,
        },
        settings={
            "execution": "kubernetes",
            "image": image,
            "kubernetes.namespace": NAMESPACE,
            "kubernetes.config_file": config,
            "kubernetes.poll": f"{POLL_S}s",
        },
    )


def _place_dags(airflow: Airflow, project: Path, folder: Path, name: str, place: Place) -> None:
    """Put a DAG for each variant into Airflow's folder."""
    airflow.place(f"{name}-bare", place.stock(f"{name}-bare", ""))
    airflow.place(f"{name}-imports", place.stock(f"{name}-imports", _IMPORTS))
    ours = {"dag_id": f"{name}-ours", "group_by": "none", **place.settings}
    dags.create_ours(project, folder / name, *(f"--set={key}={value}" for key, value in ours.items()))
    (file,) = (folder / name).glob("*.py")
    airflow.place(f"{name}-ours", file.read_text(encoding="utf-8"))


def _measure_round(figures: Figures | None, airflow: Airflow, name: str) -> None:
    """Run each variant once; without figures, only that caches are warm."""
    medians = {}
    for variant in VARIANTS:
        run = airflow.run(f"{name}-{variant}")
        if run.tasks != TASKS:
            raise BenchError(f"{name}-{variant} has {run.tasks} tasks, not {TASKS}")
        medians[variant] = statistics.median(run.task_s)
        for seconds in run.task_s if figures else ():
            figures.add(f"{name}.{variant}.task_s", seconds)
    if figures:
        ratio = 1 + (medians["ours"] - medians["imports"]) / medians["bare"]
        figures.add(f"{name}.ours.overhead_ratio", ratio)


def _measure_inside(figures: Figures, engine: Engine, image: str, *, repeats: int) -> None:
    run = {"dag_id": "d", "run_id": "r", "task_id": "n0", "try_number": 1, "run_after": "2026-01-02T03:04:05+00:00"}
    task = {"package": SHAPE.name, "pipeline": "__default__", "nodes": ["n0"]}
    variables = [f"--env=KEDRO_ALOFT_TASK={json.dumps(task)}", f"--env=KEDRO_ALOFT_RUN={json.dumps(run)}"]
    python = "/usr/bin/python3"
    programs = {
        "bare": ["/bin/true"],
        "imports": [python, "-c", _IMPORTS],
        "kedro-run": [python, "-m", "kedro", "run", "--nodes=n0"],
        "ours": [python, "-m", "kedro_aloft.runtime"],
    }
    for _ in range(repeats):
        for variant, words in programs.items():
            launcher = [python, "-S", "-E", "-c", LAUNCHER, *words]
            used = usage_of(engine.docker("run", "--rm", "--network=none", *variables, image, *launcher))
            figures.add(f"docker.{variant}.cpu_s", used.cpu_s)
