"""`make demo`: the example on a real Airflow, and the proof that it leaves what `kedro run` leaves.

    python -m scripts.demo [--keep]

Works in `.demo/` on two copies of examples/spaceflights: one for `kedro run`, one for `kedro airflow run`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kedro_aloft.testing.files import compare_directories

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "spaceflights"
DEMO = ROOT / ".demo"
KEDRO_COPY, AIRFLOW_COPY = DEMO / "kedro", DEMO / "airflow"
KEDRO = Path(sys.executable).with_name("kedro")
NOT_COPIED = shutil.ignore_patterns("data", ".airflow", "dags", "__pycache__", "local")

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 160  # a pipe has no width: names stay whole


class DemoError(Exception):
    """A step of the demo failed; the message says which."""


def run_demo(*, keep: bool) -> None:
    """Run all steps.

    Args:
        keep: Leave Airflow up at the end.

    Raises:
        DemoError: A step failed, or the outputs differ.
    """
    prepare()
    step("kedro run, for comparison")
    run_quietly([KEDRO, "run"], cwd=KEDRO_COPY)
    step("kedro airflow run")
    if keep:
        run([KEDRO, "airflow", "up"], cwd=AIRFLOW_COPY)
    outcome = run_on_airflow()
    print_outcome(outcome)
    compare()
    print_end(keep=keep)


def prepare() -> None:
    """Make two fresh copies of the example with its data, after stopping the Airflow of an earlier demo."""
    step(f"two copies of {EXAMPLE.relative_to(ROOT)} in {DEMO.relative_to(ROOT)}")
    if (AIRFLOW_COPY / ".airflow").exists():
        run([KEDRO, "airflow", "down"], cwd=AIRFLOW_COPY)
    shutil.rmtree(DEMO, ignore_errors=True)
    for copy in (KEDRO_COPY, AIRFLOW_COPY):
        shutil.copytree(EXAMPLE, copy, ignore=NOT_COPIED)
        (copy / "conf" / "local").mkdir()
        run_quietly([sys.executable, "make_data.py"], cwd=copy)


def run_on_airflow() -> dict[str, Any]:
    """Run the example on the embedded Airflow; progress goes to the terminal, the outcome is returned."""
    command = [str(KEDRO), "airflow", "run", "--json"]
    done = subprocess.run(command, check=False, cwd=AIRFLOW_COPY, stdout=subprocess.PIPE, text=True)
    try:
        outcome = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        text = f"`kedro airflow run --json` ended with {done.returncode} and no JSON: {done.stdout[:500]!r}"
        raise DemoError(text) from error
    if done.returncode or outcome["state"] != "success":
        print_outcome(outcome)
        raise DemoError(f"the run is {outcome['state']}, exit code {done.returncode}")
    return dict(outcome)


def print_outcome(outcome: dict[str, Any]) -> None:
    """Print one line per node: node, task, state, seconds."""
    table = Table("node", "task", "state", "seconds", box=None, pad_edge=False)
    for task in outcome["tasks"]:
        for node in task["nodes"]:
            cells = (node["name"], task["id"], task["state"], seconds(node["seconds"] or task["seconds"]))
            table.add_row(*map(Text, cells))
    console.print(table)
    console.print(Text(f"DAG {outcome['dag_id']}: {outcome['state']} in {seconds(outcome['seconds'])} s"))


def seconds(value: float | None) -> str:
    """Return seconds as text; a dash where they are not known."""
    return "-" if value is None else f"{value:.2f}"


def compare() -> None:
    """Print one line per persisted file, and refuse any difference."""
    step("what both left behind")
    files = compare_directories(KEDRO_COPY / "data", AIRFLOW_COPY / "data")
    for file in files:
        console.print(Text(f"{'✓' if file.equal else '✗'} {file.path}: {file.verdict}"))
    different = [file.path for file in files if not file.equal]
    if different or not files:
        raise DemoError(f"Airflow and `kedro run` left different data: {', '.join(different) or 'none at all'}")


def print_end(*, keep: bool) -> None:
    """Say what there is to look at."""
    step("done: on Airflow the example leaves what `kedro run` leaves")
    if keep:
        run([KEDRO, "airflow", "status"], cwd=AIRFLOW_COPY)
        place = AIRFLOW_COPY.relative_to(ROOT)
        console.print(Text(f"Airflow is up. Stop it with: (cd {place} && {KEDRO} airflow down)"))
    else:
        console.print(Text("Airflow is down again; `KEEP=1 make demo` leaves it up, with its user interface."))


def step(text: str) -> None:
    """Print the title of a step."""
    console.print(Text(f"\n== {text}", style="bold"))


def run(command: Sequence[str | Path], *, cwd: Path) -> None:
    """Run a command with its output on the terminal."""
    code = subprocess.run(command, check=False, cwd=cwd).returncode
    if code:
        raise DemoError(f"`{_line(command)}` ended with exit code {code}")


def run_quietly(command: Sequence[str | Path], *, cwd: Path) -> None:
    """Run a command; show its output only when it fails."""
    done = subprocess.run(command, check=False, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        console.print(Text(done.stdout))
        raise DemoError(f"`{_line(command)}` ended with exit code {done.returncode}")


def _line(command: Sequence[str | Path]) -> str:
    return " ".join(part.name if isinstance(part, Path) else part for part in command)


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="The example on a real Airflow.")
    parser.add_argument("--keep", action="store_true", help="leave Airflow up")
    try:
        run_demo(keep=parser.parse_args().keep)
    except DemoError as error:
        console.print(Text(f"make demo: {error}", style="bold red"))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
