"""Runs in a process of its own with Airflow: imports each DAG file in a fork, as the DAG processor does, and measures.

Prints JSON on its last line.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

MAX_FILES = 200
FILE_DEADLINE_S = 50
"""Airflow's own default (`dag_processor.dag_file_processor_timeout`)."""

HEAVY = frozenset(
    {
        *("kedro", "kedro_datasets", "pandas", "numpy", "polars", "pyarrow", "pyspark", "sklearn", "torch"),
        *("tensorflow", "matplotlib", "plotly", "mlflow", "boto3", "google.cloud", "dask", "scipy", "xgboost"),
    }
)
"""Libraries that belong into tasks."""


def main() -> None:
    """Print one record for each file that may hold a DAG."""
    import airflow.sdk  # noqa: F401  every DAG file has it; the DAG processor has imported it before it forks

    sys.dont_write_bytecode = True  # the folder is somebody's
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    records = [{"name": file.relative_to(folder).as_posix(), **_measure(file)} for file in _files(folder)]
    sys.stdout.write(f"\n{json.dumps(records)}\n")


def _files(folder: Path) -> list[Path]:
    """As Airflow's safe mode: files that speak of DAGs and of Airflow."""
    found = []
    for file in sorted(folder.rglob("*.py")):
        hidden = any(part.startswith((".", "__pycache__")) for part in file.relative_to(folder).parts)
        text = b"" if hidden else file.read_bytes().lower()
        if b"dag" in text and b"airflow" in text:
            found.append(file)
    return found[:MAX_FILES]


def _measure(file: Path) -> dict[str, Any]:
    """Import a file in a fork; what it does to modules, signals and files ends with that."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _in_child(file, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        answer = answers.read()
    _, status = os.waitpid(pid, 0)
    if answer:
        record: dict[str, Any] = json.loads(answer)
        return record
    late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
    error = f"takes longer than {FILE_DEADLINE_S} s" if late else "ends the process that reads it"
    return {"seconds": float(FILE_DEADLINE_S) if late else 0.0, "heavy": [], "error": error}


def _in_child(file: Path, writer: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(FILE_DEADLINE_S)
    before, start = set(sys.modules), time.process_time()
    error = ""
    try:
        spec = importlib.util.spec_from_file_location(f"doctor_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    except BaseException as raised:  # noqa: BLE001  whatever it is, Airflow could not load this file
        error = " ".join(f"{type(raised).__name__}: {raised}".split())[:300]
    seconds = time.process_time() - start
    heavy = sorted(HEAVY & (set(sys.modules) - before))
    os.write(writer, json.dumps({"seconds": round(seconds, 3), "heavy": heavy, "error": error}).encode())
    os._exit(0)
