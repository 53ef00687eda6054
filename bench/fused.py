"""What it costs to see each node of a task that runs many: mirrors off, static and live, in turn on one Airflow."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench import dags
from bench.airflow import started
from bench.commands import BenchError
from bench.projects import chain, layered, write_synthetic
from kedro_aloft.contract.mirror import MAX_LIVE

if TYPE_CHECKING:
    from bench.airflow import Airflow, Measured
    from bench.figures import Figures
    from bench.projects import Shape

SLOTS = 2
NODE_S = 0.1
RUNNER = "__default__"
SETTLE_S = 3.0
"""After a run: the DAG processor answers for the mirrors that ended last."""

CALM = {"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600"}
"""Files are parsed when they appear and where a run makes Airflow do it, not by the clock."""


@dataclass(frozen=True)
class Case:
    """One task of many nodes.

    Args:
        shape: The nodes, which compute or wait for a known time.
        repeats: How often each variant runs.
        variants: Values of the setting `mirrors`.
        first: Those that run once before the first sample: that starts the warm server, and lets the triggerer import
            what it needs.
    """

    shape: Shape
    repeats: int
    variants: tuple[str, ...] = ("off", "static", "live")
    first: tuple[str, ...] = ("off", "live")

    @property
    def name(self) -> str:
        """First part of the names of its figures."""
        return f"fused-{len(self.shape.parents)}"


def cases(*, quick: bool) -> list[Case]:
    """Return a chain that waits, and layers that compute."""
    line = Case(chain(12, 0.3), 1 if quick else 3)
    some = Case(_computing(50), 2)
    many = [Case(_computing(count), 1, variants=("off", "live")) for count in (100, MAX_LIVE)]
    folded = Case(_computing(2 * MAX_LIVE), 1, variants=("off", "auto"), first=("off",))
    return [line] if quick else [line, some, *many, folded]


def _computing(count: int) -> Shape:
    return replace(layered(count), function="compute", seconds=(NODE_S,) * count)


def measure_fused(figures: Figures, case: Case) -> None:
    """Run every variant in turn, as often as told."""
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
        project = write_synthetic(Path(directory), case.shape)
        with started(project, SLOTS, env=CALM) as airflow:
            for variant in case.variants:
                airflow.place(f"mirrors-{variant}", _dag(project, Path(directory) / variant, variant))
            for variant in case.first:
                airflow.run(f"mirrors-{variant}", settle_s=SETTLE_S)
            for _ in range(case.repeats):
                _sample(figures, case, airflow)


def _dag(project: Path, folder: Path, variant: str) -> str:
    options = ("--group-by", "pipeline", "--set", f"dag_id=mirrors-{variant}", "--set", f"mirrors='{variant}'")
    dags.create_ours(project, folder, *options)
    (file,) = folder.glob("*.py")
    return file.read_text(encoding="utf-8")


def _sample(figures: Figures, case: Case, airflow: Airflow) -> None:
    runs = {variant: airflow.run(f"mirrors-{variant}", settle_s=SETTLE_S) for variant in case.variants}
    for variant, run in runs.items():
        _check(run, visible=variant != "off", nodes=len(case.shape.parents))
        of = f"{case.name}.{variant}"
        figures.add(f"{of}.makespan_s", run.makespan_s)
        figures.add(f"{of}.beside_s", run.makespan_s - case.shape.work_s)
        figures.add(f"{of}.tail_s", run.tail_s(RUNNER))
        figures.add(f"{of}.cpu_s", _all_s(run))
        figures.add(f"{of}.triggerer_s", run.aside_s["triggerer"])
        figures.add(f"{of}.processor_s", run.aside_s["dag-processor"])
        figures.add(f"{of}.visible_s", _all_s(run) - _all_s(runs["off"]))
        figures.add(f"{of}.node_s", (_all_s(run) - _all_s(runs["off"])) / len(case.shape.parents))


def _all_s(run: Measured) -> float:
    return run.cpu_s + sum(run.aside_s.values())


def _check(run: Measured, *, visible: bool, nodes: int) -> None:
    shown = [task.task_id for task in run.states if task.task_id.startswith("n") and task.state == "success"]
    if len(shown) != nodes * visible:
        raise BenchError(f"{len(shown)} of {nodes * visible} nodes are tasks that succeeded")
