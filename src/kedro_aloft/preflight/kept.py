"""What an engine still has of a task's containers: those that run, and those that failed and were kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import RUN_VARIABLE
from kedro_aloft.images.build import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = "label=app.kubernetes.io/managed-by=kedro-aloft"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptContainer:
    """A container of a task.

    Args:
        name: As the engine calls it.
        said: What became of it.
        started: Whether it has run.
    """

    name: str
    said: str
    started: bool


def find_container(url: str | None, dag_id: str, run_id: str, task_id: str) -> KeptContainer | None:
    """Return the latest container of a task of a run; None when its engine has none any more.

    Args:
        url: Address of the engine; None for the one of this machine.
        dag_id, run_id, task_id: The task.

    Raises:
        ImageError: If the engine cannot be asked.
    """
    engine, host = Engine.find(), ("--host", url) if url else ()
    wanted = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}
    found = [one for one in _all_of_ours(engine, host) if wanted.items() <= _run_of(one).items()]
    if not found:
        return None
    latest = max(found, key=lambda one: str(one["Created"]))
    name, state = str(latest["Name"]).removeprefix("/"), latest["State"]
    return KeptContainer(name=name, said=_said(name, latest), started=state["Status"] != "created")


def _all_of_ours(engine: Engine, host: tuple[str, ...]) -> list[Mapping[str, Any]]:
    words = ("ps", "--all", "--quiet", "--no-trunc", "--filter", _OURS)
    ids = engine.run(*host, *words, what="Asking the engine").split()
    return list(json.loads(engine.run(*host, "inspect", *ids, what="Asking the engine"))) if ids else []


def _run_of(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the container was told of its DAG run: a stock operator gives it no labels of the task."""
    variables = dict(one.partition("=")[::2] for one in container["Config"]["Env"] or ())
    try:
        run = json.loads(variables.get(RUN_VARIABLE, ""))
    except ValueError:
        return {}
    return run if isinstance(run, dict) else {}


def _said(name: str, container: Mapping[str, Any]) -> str:
    state = container["State"]
    if state["Running"]:
        return f"container {name} runs"
    if state["Error"]:
        return f"container {name} did not start: {state['Error']}"
    reason = "OOMKilled" if state["OOMKilled"] else "Error" if state["ExitCode"] else "Completed"
    memory = container["HostConfig"].get("Memory") or 0
    limit = f", memory limit {memory // 2**20}Mi" if memory else ""
    return f"container {name} ended: {reason}, exit code {state['ExitCode']}{limit}"
