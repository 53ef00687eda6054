"""Whole runs: the same pipeline by `kedro run`, by kedro-airflow, by hand and by us, one after the other."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import dags
from bench.airflow import started
from bench.commands import measure
from bench.projects import branches, chain, layered, write_spaceflights, write_synthetic

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.airflow import Airflow
    from bench.figures import Figures
    from bench.projects import Shape

KEDRO = Path(sys.executable).with_name("kedro")
SLOTS = 2
CHAIN_NODES, CHAIN_S = 12, 0.3
BRANCH_S = 10.0
MANY = 100
BLIND = ("--set", "mirrors='off'")
"""What it takes to show the nodes of fused tasks is measured apart, in `bench.fused`."""


@dataclass(frozen=True)
class Case:
    """One pipeline and the ways in which it runs.

    Args:
        name: First part of the names of its figures.
        write: Writes the project into a folder.
        theirs: Options of kedro-airflow's `create` by variant.
        ours: Options of our `create` by variant.
        runners: Kedro's runners for `kedro run`.
        shape: The synthetic project's work; with it, the same DAG with empty tasks runs, too.
        one_task: Whether a hand-written DAG with a single task runs.
    """

    name: str
    write: Callable[[Path], Path]
    theirs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ours: dict[str, tuple[str, ...]] = field(default_factory=dict)
    runners: tuple[str, ...] = ("SequentialRunner",)
    shape: Shape | None = None
    one_task: bool = False


def cases() -> list[Case]:
    """Return all cases."""
    many, line, fork = layered(MANY), chain(CHAIN_NODES, CHAIN_S), branches(BRANCH_S)
    every = {
        "ours-none": ("--group-by", "none"),
        "ours-auto": ("--group-by", "auto", "--set", f"slots={SLOTS}", *BLIND),
    }
    return [
        Case(
            "spaceflights",
            write_spaceflights,
            theirs={
                "kedro-airflow": ("--env", "persisted"),
                "kedro-airflow-memory": ("--group-by", "memory"),
            },
            ours={**every, "ours-memory": ("--group-by", "memory", *BLIND)},
            runners=("SequentialRunner", "ThreadRunner", "ParallelRunner"),
            one_task=True,
        ),
        _synthetic(many, theirs={"kedro-airflow": ()}, ours=every),
        _synthetic(line, theirs={"kedro-airflow": ()}, ours=every),
        _synthetic(fork, theirs={"kedro-airflow": ()}, ours=every),
    ]


def _synthetic(shape: Shape, *, theirs: dict[str, tuple[str, ...]], ours: dict[str, tuple[str, ...]]) -> Case:
    return Case(
        shape.name,
        lambda folder: write_synthetic(folder, shape),
        theirs=theirs,
        ours=ours,
        shape=shape,
        one_task=True,
    )


def measure_runs(figures: Figures, case: Case, *, repeats: int) -> None:
    """Run every variant of a case in turn, as often as told.

    Before the first sample each variant runs once: that fills the page cache for all, and starts the warm server for
    ours. What this first run took is a figure of its own. Without repeats it is the only sample.
    """
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
        folder = Path(directory)
        project = case.write(folder)
        with started(project, SLOTS) as airflow:
            names = _place_all(airflow, case, project, folder)
            for repeat in range(repeats + 1):
                what = "first" if repeat == 0 < repeats else "sample"
                for name in names:
                    _run_dag(figures, case, airflow, name, what)
                for runner in case.runners:
                    _run_kedro(figures, case, project, runner, what)
            for name in names if repeats else ():
                figures.add(f"{case.name}.{name}.peak_mib", airflow.run(name, memory=True).peak_mib)


def _place_all(airflow: Airflow, case: Case, project: Path, folder: Path) -> list[str]:
    """Put one DAG per variant into Airflow's folder; return their ids, which are the names of the variants."""
    texts = {"empty-task": dags.bare("empty-task", [[]])}
    if case.shape:
        texts["empty-tasks"] = dags.bare("empty-tasks", case.shape.parents)
    if case.one_task:
        texts["one-task"] = dags.one_task("one-task", project.name)
    for name, options in case.theirs.items():
        texts[name] = dags.theirs(project, folder / name, name, *options)
    for name, options in case.ours.items():
        dags.create_ours(project, folder / name, "--set", f"dag_id={name}", *options)
        (file,) = (folder / name).glob("*.py")
        texts[name] = file.read_text(encoding="utf-8")
    for name, text in texts.items():
        airflow.place(name, text)
    return list(texts)


def _run_dag(figures: Figures, case: Case, airflow: Airflow, name: str, what: str) -> None:
    run = airflow.run(name)
    if what == "first":
        figures.add(f"{case.name}.{name}.first_s", run.makespan_s)
    else:
        figures.add(f"{case.name}.{name}.tasks_count", run.tasks)
        figures.add(f"{case.name}.{name}.makespan_s", run.makespan_s)
        figures.add(f"{case.name}.{name}.cpu_s", run.cpu_s)


def _run_kedro(figures: Figures, case: Case, project: Path, runner: str, what: str) -> None:
    name = f"{case.name}.kedro-run-{runner.removesuffix('Runner').lower()}"
    used = measure([KEDRO, "run", "--runner", runner], cwd=project, env=dags.source_path(project))
    if what == "first":
        figures.add(f"{name}.first_s", used.wall_s)
    else:
        figures.add(f"{name}.makespan_s", used.wall_s)
        figures.add(f"{name}.cpu_s", used.cpu_s)
        figures.add(f"{name}.peak_mib", used.peak_mib)
