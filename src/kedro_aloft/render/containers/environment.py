"""How a container learns what to do: two variables, made by a few lines of the DAG file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.container import TASK_FIELDS, literal, run_template
from kedro_aloft.contract.keys import RUN_VARIABLE, TASK_VARIABLE
from kedro_aloft.errors import RenderError
from kedro_aloft.render.layout import Call, Text, lay_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.render.around import Around
    from kedro_aloft.settings.models import DagSettings

FUNCTION = "kedro_environment"
CONSTANTS = ("KEDRO", "RUN")
MODULES = {"json": ""}

_SOURCE = f'''\
def {FUNCTION}(variables=None, /, **task):
    """Return the environment of a container: what it runs, and for which DAG run."""
    work = json.dumps({{**KEDRO, **task}})
    return {{
        **(variables or {{}}),
        "{TASK_VARIABLE}": "{{% raw %}}" + work + "{{% endraw %}}",
        "{RUN_VARIABLE}": RUN,
    }}'''


def preamble(plan: Plan, settings: DagSettings, *, around: Around) -> str:
    """Return the lines of the DAG file that make environments: what all tasks share, and a function."""
    shared = {
        "package": plan.package,
        "pipeline": plan.pipeline,
        "env": plan.env,
        "handoff_uri": settings.handoff.uri,
        "selective": plan.selective,
        "runner": settings.runner,
        "resume": None if settings.resume else False,
        "skip_plugin_hooks": list(settings.skip_plugin_hooks),
        "conf_source": settings.conf_source,
        "runtime_params": dict(settings.runtime_params),
        "load_versions": dict(settings.load_versions),
        **around.shared(settings),
    }
    assert set(shared) <= TASK_FIELDS
    kept = {name: value for name, value in shared.items() if value not in (None, {}, [])}
    _refuse_end_of_raw(kept)
    run = run_template(settings.runtime_params)
    parts = [lay_out(kept, prefix="KEDRO = "), lay_out(Text(run), prefix="RUN = "), "", "", _SOURCE, ""]
    return "\n".join(parts)


def environment_of(task: Task, plan: Plan, variables: Mapping[str, str]) -> Call:
    """Return the call that makes the environment of a task that runs nodes."""
    optional = {
        "gives": list(plan.gives(task.id)),
        "takes": list(plan.takes(task.id)),
        "pinned": list(task.pinned),
        "versioned": list(task.versioned),
    }
    work = {"nodes": list(task.nodes), **{name: value for name, value in optional.items() if value}}
    _refuse_end_of_raw(work)
    return Call(FUNCTION, (dict(variables),) if variables else (), tuple(work.items()))


def around_environment(
    settings: DagSettings, work: Mapping[str, Any], variables: Mapping[str, str], *, starts: bool
) -> Any:
    """Return the environment of the setup or of the teardown of a run."""
    _refuse_end_of_raw(work)
    call = Call(FUNCTION, (dict(variables),) if variables else (), tuple(work.items()))
    if starts:
        return call
    run = Text(run_template(settings.runtime_params, with_states=True))
    return Call("dict", (call,), ((RUN_VARIABLE, run),), open=True)


def cleanup_environment(settings: DagSettings, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the environment of the task that removes what a run handed over."""
    handoff = settings.handoff
    work = {"handoff_uri": handoff.uri, "keep": handoff.keep, "ttl_s": int(handoff.ttl.total_seconds())}
    return {
        **variables,
        TASK_VARIABLE: literal(work),
        RUN_VARIABLE: Text(run_template(with_states=True)),
    }


def _refuse_end_of_raw(work: Any) -> None:
    if "endraw" in str(work):
        raise RenderError(
            "A name or parameter holds 'endraw', which Jinja would take for its own word.",
            where="tasks that run in containers",
            seen=str(work)[:200],
            remedy="rename it, or run its task with `execution: process`",
            code="ALOFT-408",
        )
