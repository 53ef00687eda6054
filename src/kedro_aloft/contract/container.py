"""A request for a container: two environment variables instead of an object.

    KEDRO_ALOFT_TASK   what the DAG file knows: the fields of `TaskRequest` that are the same in every run
    KEDRO_ALOFT_RUN    what Airflow knows when the task starts: `run_template`, rendered

So the operator can be anybody's: all that it must do is to render a template into an environment variable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.identity import RunIdentity
from kedro_aloft.contract.keys import NODES, RUN_VARIABLE, TASK_VARIABLE
from kedro_aloft.contract.outcome import all_well, without
from kedro_aloft.contract.params import runtime_params
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.contract.store import run_uri
from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUN_FIELDS = {
    "dag_id": "{{ ti.dag_id | tojson }}",
    "run_id": "{{ ti.run_id | tojson }}",
    "task_id": "{{ ti.task_id | tojson }}",
    "try_number": "{{ ti.try_number }}",
    "clear_number": "{{ dag_run.clear_number | default(0, true) }}",
    "run_after": "{{ dag_run.run_after.isoformat() | tojson }}",
    "conf": "{{ (dag_run.conf or {}) | tojson }}",
    # Of the form's defaults only those that the run's conf names are compared: all of them may be very long.
    "defaults": '{{ dict(dag.params.dump().items() | selectattr(0, "in", dag_run.conf or {})) | tojson }}',
}
_STATES = {
    "states": "{{ ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]) | tojson }}",
    "teardowns": '{{ dag.tasks | selectattr("is_teardown") | map(attribute="task_id") | list | tojson }}',
}

TASK_FIELDS = frozenset(field.name for field in fields(TaskRequest)) - {
    *("dag_id", "run_id", "task_id", "try_number", "version", "run_directory"),
    *("stage", "states", "errors", "clear_number", "rerun", "doubtful"),
}
"""What may stand in `KEDRO_ALOFT_TASK`, but for the cleanup."""


def run_template(runtime_params: Mapping[str, Any] | None = None, *, with_states: bool = False) -> str:
    """Return the Jinja template of `KEDRO_ALOFT_RUN`, one line for each member.

    Args:
        runtime_params: Kedro runtime parameters; texts may be templates, which Airflow renders inside of this one.
        with_states: Whether the states of the run's tasks are asked for, as teardowns need them.
    """
    parts = dict(_RUN_FIELDS)
    if runtime_params:
        parts["runtime_params"] = _template_of(runtime_params)
    if with_states:
        parts |= _STATES
    return "{" + ",\n".join(f"{json.dumps(name)}: {part}" for name, part in parts.items()) + "}"


def _template_of(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {_template_of(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_template_of(item) for item in value) + "]"
    if isinstance(value, str) and ("{{" in value or "{%" in value):
        return "{% filter tojson %}" + value + "{% endfilter %}"
    return literal(value)


def literal(value: Any) -> str:
    """Return JSON in which Jinja finds nothing to render."""
    return json.dumps(value).replace("{{", "{\\u007b").replace("{%", "{\\u0025").replace("{#", "{\\u0023")


def read_request(environ: Mapping[str, str], *, directory: str, stage: str = NODES) -> TaskRequest:
    """Return the request that a container finds in its environment.

    Args:
        environ: Environment variables.
        directory: The project, unless the task names another.
        stage: What the container is for (`TaskRequest.stage`).

    Raises:
        RequestError: If a variable is missing or malformed.
    """
    task, run = _content(environ, TASK_VARIABLE), _content(environ, RUN_VARIABLE)
    unknown = sorted(set(task) - TASK_FIELDS)
    if unknown:
        raise RequestError(f"{TASK_VARIABLE} has unknown fields: {', '.join(unknown)}.", remedy=_SAME_VERSION)
    identity = _identity(run)
    return TaskRequest(
        **{"project_path": directory, **_with_tuples(task), "runtime_params": _runtime_params(task, run)},
        dag_id=identity.dag_id,
        run_id=identity.run_id,
        task_id=str(run["task_id"]),
        try_number=int(run["try_number"]),
        clear_number=int(run.get("clear_number", 0)),
        version=identity.version,
        run_directory=identity.directory,
        stage=stage,
        states=_states(run, identity),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """What the cleanup of a run is asked for: the arguments of `contract.place.clean_up`."""

    uri: str
    keep: str
    ttl_s: int
    well: bool


def read_cleanup(environ: Mapping[str, str], *, directory: str) -> Cleanup:
    """Return what the container of a cleanup finds in its environment.

    Raises:
        RequestError: If a variable is missing or malformed.
    """
    task, run = _content(environ, TASK_VARIABLE), _content(environ, RUN_VARIABLE)
    identity = _identity(run)
    try:
        return Cleanup(
            uri=run_uri(task["handoff_uri"], task.get("project_path", directory), identity.directory),
            keep=task["keep"],
            ttl_s=task["ttl_s"],
            well=all_well(_states(run, identity)),
        )
    except (KeyError, AttributeError) as error:
        raise RequestError(f"The request for a cleanup is malformed: {error!r}.", remedy=_SAME_VERSION) from None


_SAME_VERSION = "build the image and the DAG file with the same version of kedro-aloft"


def _content(environ: Mapping[str, str], variable: str) -> dict[str, Any]:
    text = environ.get(variable)
    if not text:
        raise RequestError(
            f"The environment variable {variable} is not set.",
            remedy="this program is started by a task of a DAG that `kedro airflow create` made",
        )
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RequestError(f"{variable} is no JSON: {error}.", seen=text[:200]) from None
    if not isinstance(content, dict):
        raise RequestError(f"{variable} is no JSON object.", seen=text[:200])
    return content


def _identity(run: Mapping[str, Any]) -> RunIdentity:
    try:
        moment = datetime.fromisoformat(run["run_after"])
        return RunIdentity(dag_id=run["dag_id"], run_id=run["run_id"], run_after=moment)
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError(f"{RUN_VARIABLE} does not name a DAG run: {error!r}.", remedy=_SAME_VERSION) from None


def _states(run: Mapping[str, Any], identity: RunIdentity) -> dict[str, str | None]:
    states = run.get("states", {}).get(identity.run_id, {})
    return without(states, {str(run["task_id"]), *run.get("teardowns", ())})


def _with_tuples(task: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in task.items()}


def _runtime_params(task: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    conf, defaults = run.get("conf") or {}, run.get("defaults") or {}
    return runtime_params(
        rendered=run.get("runtime_params") or {},
        templates=task.get("runtime_params") or {},
        form={name: conf[name] for name in defaults},
        defaults=defaults,
        conf=conf,
    )
