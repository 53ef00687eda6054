"""What it costs Airflow to parse a DAG file: ours, kedro-airflow's, and one of stock operators written by hand.

As Airflow's DAG processor does it, each file is loaded in a fork of a process that has imported Airflow.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import dags
from bench.commands import BenchError, environment
from bench.projects import layered, write_synthetic
from kedro_aloft.contract.mirror import MAX_LIVE

if TYPE_CHECKING:
    from bench.figures import Figures

SIZES = (10, 100, 1000)
REPEATS = 15

_PARSE = """\
import json, os, sys, time, warnings
warnings.simplefilter("ignore")
import airflow.sdk, airflow.dag_processing.processor
try:
    from airflow.dag_processing.dagbag import BundleDagBag as Bag
except ImportError:
    from airflow.dag_processing.dagbag import DagBag as Bag

def parse(file, write):
    begun = time.process_time()
    try:
        bag = Bag(dag_folder=file, bundle_path=os.path.dirname(file))
    except TypeError:
        bag = Bag(dag_folder=file)
    used = time.process_time() - begun
    os.write(write, json.dumps([used, len(bag.dags), str(bag.import_errors)]).encode())
    os._exit(0)

repeats, files = int(sys.argv[1]), sys.argv[2:]
for _ in range(repeats):
    for file in files:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            parse(file, write)
        os.close(write)
        with open(read) as pipe:
            print("parsed " + json.dumps([file, *json.loads(pipe.read())]), flush=True)
        os.waitpid(pid, 0)
"""


def measure_parsing(figures: Figures) -> None:
    """Measure processor seconds of one parse for layered projects."""
    with tempfile.TemporaryDirectory(prefix="aloft-bench-") as directory:
        for size in SIZES:
            shape = layered(size)
            project = write_synthetic(Path(directory), shape)
            files = {"ours": Path(directory) / f"ours_{size}", "kedro-airflow": Path(directory) / f"theirs_{size}"}
            dags.create_ours(project, files["ours"], "--group-by", "none")
            if size <= MAX_LIVE:
                files["ours-live"] = Path(directory) / f"live_{size}"
                dags.create_ours(project, files["ours-live"], "--group-by", "pipeline", "--set", "mirrors=live")
            dags.create_theirs(project, files["kedro-airflow"])
            by_hand = Path(directory) / f"by_hand_{size}" / "dag.py"
            by_hand.parent.mkdir()
            by_hand.write_text(dags.by_hand(f"by_hand_{size}", shape.parents), encoding="utf-8")
            found = {name: next(folder.glob("*.py")) for name, folder in files.items()} | {"by-hand": by_hand}
            for variant, cpu_s in _parse(project, found):
                figures.add(f"parse-{size}.{variant}.cpu_s", cpu_s)


def _parse(project: Path, files: dict[str, Path]) -> list[tuple[str, float]]:
    """Return variant and seconds of each parse but the first of every file."""
    command = [sys.executable, "-c", _PARSE, str(REPEATS + 1), *map(str, files.values())]
    home = {"AIRFLOW_HOME": str(project / ".airflow-bench"), **dags.source_path(project)}
    done = subprocess.run(command, cwd=project, env=environment(home), capture_output=True, text=True, check=False)
    variants = {str(file): variant for variant, file in files.items()}
    samples = []
    for line in done.stdout.splitlines():
        word, _, content = line.partition(" ")
        if word == "parsed":  # Kedro, which kedro-airflow's file imports, logs to stdout, too
            file, cpu_s, count, errors = json.loads(content)
            if count != 1:
                raise BenchError(f"{file} does not load: {errors}")
            samples.append((variants[file], cpu_s))
    if done.returncode or len(samples) != (REPEATS + 1) * len(files):
        raise BenchError(f"Airflow does not parse:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return samples[len(files) :]
