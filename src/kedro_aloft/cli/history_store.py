"""What runs taught, one file per DAG: `.airflow/history/<dag id>.json` and `.airflow/learned/<dag id>.json`.

`run` writes the first after a successful run on the embedded Airflow, `learn` the second from the runs of another one.
`group_by: auto` and the forecast of `plan` read both for what runs here. A DAG file that goes elsewhere is planned by
what was learned alone: how long nodes take on this machine, with the data of this machine, says little of another, and
a DAG file made elsewhere of the same project has to be the same. Neither is a part of the project; both may be deleted.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.cli.console import marked
from kedro_aloft.errors import AloftError, PlanError
from kedro_aloft.graph.costs import SEVERAL_RUNS, History

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kedro_aloft.cli.outcome import Outcome
    from kedro_aloft.compiler import Order

HERE = "history"
LEARNED = "learned"


def with_knowledge(order: Order, project_path: Path, *, here: bool) -> Order:
    """Return the order with what is known of its pipelines.

    Args:
        order: What to compile.
        project_path: The project.
        here: Whether it is for the embedded Airflow.
    """
    from kedro_aloft.embedded.config import machine_parallelism

    learned, own = read_histories(project_path, LEARNED), read_histories(project_path)
    both = {
        **learned,
        **{name: learned.get(name, History()).learn(one, step=SEVERAL_RUNS) for name, one in own.items()},
    }
    return replace(
        order,
        histories=both if here else learned,
        peaks_mib={name: one.memory_mib for name, one in both.items()},
        slots=machine_parallelism() if here else None,
    )


def read_histories(project_path: Path, folder: str = HERE) -> dict[str, History]:
    """Return the histories of a project by DAG id; a file that is none is left out and said so."""
    histories = {}
    for file in sorted(_folder(project_path, folder).glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            dag_id = str(content["dag_id"])
            histories[dag_id] = History.from_dict(content)
        except (OSError, ValueError, TypeError, KeyError, PlanError) as error:
            marked("!", "yellow", f"history {file.name} is ignored: {error}; delete it, the next run writes a new one")
    return histories


def record_run(project_path: Path, outcome: Outcome, reports: Mapping[str, Mapping[str, Any]], *, slots: int) -> None:
    """Add a successful run to the history of its DAG. A history that cannot be written fails no run.

    Args:
        project_path: The project.
        outcome: The run.
        reports: Of the runtime, by task id.
        slots: How many tasks that Airflow runs at the same time.
    """
    seen = seen_in(outcome, reports, slots=slots)
    learned = read_histories(project_path).get(outcome.dag_id, History()).learn(seen)
    try:
        write_history(project_path, outcome.dag_id, learned, source="kedro airflow run")
    except AloftError as error:
        marked("!", "yellow", f"the run is not remembered: {error.what}")


def write_history(project_path: Path, dag_id: str, history: History, *, source: str, folder: str = HERE) -> None:
    """Write the history of a DAG and who showed the latest of it.

    Raises:
        AloftError: If it cannot be written.
    """
    from kedro_aloft.contract.identity import path_part
    from kedro_aloft.render import write_files

    content = {"dag_id": dag_id, "source": source, **history.to_dict()}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_files(_folder(project_path, folder), {f"{path_part(dag_id)}.json": text})


def seen_in(outcome: Outcome, reports: Mapping[str, Mapping[str, Any]], *, slots: int | None = None) -> History:
    """Return what one run showed: seconds, memory and sizes of its nodes, and what a task takes beyond its nodes."""
    from statistics import median  # reading histories, as every command does, needs no fractions and decimals

    seconds: dict[str, float] = {}
    memory_mib: dict[str, float] = {}
    size_bytes: dict[str, int] = {}
    beyond = []
    for task in outcome.tasks:
        nodes = [node for node in reports.get(task.id, {}).get("nodes", ()) if node["state"] == "success"]
        for node in nodes:
            seconds |= {node["name"]: node["seconds"]} if node["seconds"] is not None else {}
            memory_mib |= {node["name"]: node["peak_memory_mib"]} if node["peak_memory_mib"] is not None else {}
            size_bytes |= {one["name"]: one["bytes"] for one in node["outputs"] if one["bytes"] is not None}
        measured = [seconds[name] for name in (node.name for node in task.nodes) if name in seconds]
        if task.seconds is not None and len(measured) == len(task.nodes) and sum(measured) <= task.seconds:
            beyond.append(task.seconds - sum(measured))
    return History(
        seconds=seconds,
        memory_mib=memory_mib,
        size_bytes=size_bytes,
        overhead_s=round(median(beyond), 3) if beyond else None,
        slots=slots,
    )


def _folder(project_path: Path, name: str) -> Path:
    from kedro_aloft.embedded.layout import Layout

    return Layout.of_project(project_path).root / name
