"""The bench: measure everything side by side in one run, check the budgets, write the page.

python -m bench                 all suites: bench/results.json, docs/performance.md, plots
python -m bench runs create     some suites; their figures replace those in bench/results.json
python -m bench --quick         one sample each and small sizes, into .cache/bench/quick.json
python -m bench --check         only compare bench/results.json with bench/budgets.toml
python -m bench --report        only write docs/performance.md from bench/results.json
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.text import Text

from bench import budgets, checking, containers, creating, deploying, fused, handoff, parsing, report, runs, tasks
from bench.commands import BenchError
from bench.environments import CACHE
from bench.figures import Figures


class Suite(Protocol):
    """What measures something."""

    def __call__(self, figures: Figures, *, quick: bool) -> None:
        """Add figures; `quick` with one sample and small sizes."""


RESULTS = Path(__file__).with_name("results.json")
QUICK_RESULTS = CACHE / "quick.json"
REPEATS = 3
COMMAND_REPEATS = 5
HANDOFF_GB, QUICK_HANDOFF_GB = 1.0, 0.1
PACKAGES = ("apache-airflow", "kedro", "kedro-datasets", "pandas", "kedro-aloft")

console = Console(highlight=False, stderr=True)


def main() -> int:
    """Do what the command line says; return the exit code: 1 when a budget is not kept, 2 when a suite fails."""
    arguments = _parser().parse_args()
    if arguments.report:
        report.write(Figures.read(RESULTS))
        return 0
    if arguments.check:
        return _check(Figures.read(RESULTS))
    path = QUICK_RESULTS if arguments.quick else RESULTS
    figures = Figures.read(path) if path.exists() and arguments.suites else Figures()
    try:
        for name in arguments.suites or SUITES:
            console.print(Text(f"== {name}", style="bold"))
            measured = Figures(about=_about())
            SUITES[name](measured, quick=arguments.quick)
            figures.update(measured)
            figures.write(path)  # after each suite: a failure of the last one does not lose the others
    except BenchError as error:
        console.print(Text(f"make bench: {error}", style="bold red"))
        return 2
    if not arguments.quick:
        report.write(Figures.read(path))  # as they stand in the file, rounded
    return _check(figures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure side by side.")
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], help="suites; by default all of them")
    parser.add_argument("--quick", action="store_true", help="one sample each, small sizes, results aside")
    parser.add_argument("--check", action="store_true", help="only compare the results with the budgets")
    parser.add_argument("--report", action="store_true", help="only write docs/performance.md")
    return parser


def _runs(figures: Figures, *, quick: bool) -> None:
    for case in runs.cases():
        begun = time.perf_counter()
        runs.measure_runs(figures, case, repeats=0 if quick else REPEATS)
        console.print(Text(f"   {case.name}: {time.perf_counter() - begun:.0f} s"))


def _fused(figures: Figures, *, quick: bool) -> None:
    for case in fused.cases(quick=quick):
        begun = time.perf_counter()
        fused.measure_fused(figures, case)
        console.print(Text(f"   {case.name}: {time.perf_counter() - begun:.0f} s"))


def _create(figures: Figures, *, quick: bool) -> None:
    sizes = creating.QUICK_SIZES if quick else creating.SIZES
    creating.measure_creating(figures, sizes=sizes, repeats=1 if quick else COMMAND_REPEATS)


def _check_rules(figures: Figures, *, quick: bool) -> None:
    checking.measure_checking(figures, repeats=1 if quick else COMMAND_REPEATS)


def _parse(figures: Figures, *, quick: bool) -> None:  # noqa: ARG001  its sizes are small
    parsing.measure_parsing(figures)


def _tasks(figures: Figures, *, quick: bool) -> None:
    tasks.measure_tasks(figures, repeats=1 if quick else REPEATS)


def _plugins(figures: Figures, *, quick: bool) -> None:
    tasks.measure_plugins(figures, repeats=1 if quick else REPEATS)


def _handoff(figures: Figures, *, quick: bool) -> None:
    handoff.measure_handoff(figures, size_gb=QUICK_HANDOFF_GB if quick else HANDOFF_GB)


def _containers(figures: Figures, *, quick: bool) -> None:
    if why := containers.measure_containers(figures, repeats=0 if quick else REPEATS):
        console.print(Text(f"   docker, kubernetes: left out. {why}", style="yellow"))


def _deploy(figures: Figures, *, quick: bool) -> None:
    deploying.measure_deploying(figures, repeats=1 if quick else REPEATS)


SUITES: dict[str, Suite] = {
    "runs": _runs,
    "fused": _fused,
    "create": _create,
    "check": _check_rules,
    "parse": _parse,
    "tasks": _tasks,
    "plugins": _plugins,
    "handoff": _handoff,
    "containers": _containers,
    "deploy": _deploy,
}


def _about() -> dict[str, object]:
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "slots": runs.SLOTS,
        "versions": {name: version(name) for name in PACKAGES} | {"kedro-airflow": "0.11.0"},
    }


def _check(figures: Figures) -> int:
    broken, missed = budgets.check(figures)
    for line in missed:
        console.print(Text(f"! known to be missed: {line}", style="yellow"))
    for line in broken:
        console.print(Text(f"✗ {line}", style="red"))
    if not broken:
        console.print(Text("✓ all other budgets are kept" if missed else "✓ all budgets are kept"))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
