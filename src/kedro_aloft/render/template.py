"""Custom Jinja templates, with the variables that kedro-airflow 0.11 gives them.

Unlike there, nothing is escaped as HTML, groups carry node names even when they are namespaces, and no two groups have
one slug: templates make task ids of slugs.
"""

from __future__ import annotations

import keyword
import logging
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RenderError
from kedro_aloft.graph.naming import digest
from kedro_aloft.render.names import dag_id_for
from kedro_aloft.render.slug import slugify

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2

    from kedro_aloft.graph.plan import Plan, Task
    from kedro_aloft.settings.models import DagSettings

_logger = logging.getLogger(__name__)

_SLUG_LENGTH = 200
_STOCK_NAMES = frozenset({"dag", "task", "tasks"})
"""Names that kedro-airflow's own template uses for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGroup:
    """One task as templates see it; the attributes are those of Kedro's `GroupedNodes`.

    Args:
        name: Unique, also as a slug; the node's own name where that is possible.
        nodes: Names of the nodes.
        dependencies: Names of the groups that come first.
        type: Always `nodes`: a task runs exactly its nodes. Templates that ask for `namespace` would run the whole
            namespace, whatever was filtered.
    """

    name: str
    nodes: list[str]
    dependencies: list[str]
    type: str = "nodes"


def render_template(
    template: str,
    *,
    plan: Plan,
    settings: DagSettings,
    pipeline: Any,
    conf_source: str | None = None,
    name: str = "<template>",
    dag_id: str | None = None,
) -> str:
    """Return what a custom template makes of a plan.

    Variables: `dag_name package_name pipeline_name env conf_source pipeline node_objs`, and each setting that
    `airflow.yml` names, in the form that kedro-airflow gives it. Filter: `slugify`. A variable that is missing is an
    empty text, as there, and a warning in the log.

    Args:
        template: Text of the template.
        plan: The tasks.
        settings: What `airflow.yml` says, `template_vars` included.
        pipeline: Kedro's pipeline object.
        conf_source: What `--conf-source` says.
        name: Path of the template, for messages; templates that it includes are looked for beside it.
        dag_id: Id of the DAG; None makes it from plan and settings.

    Raises:
        RenderError: If the template is wrong, or makes what is not Python.
    """
    missing: dict[str, None] = {}
    environment = _environment(Path(name).parent, missing)
    context = {
        **build_settings(settings),
        "dag_name": dag_id or dag_id_for(plan.package, plan.pipeline, plan.env, settings),
        "package_name": plan.package,
        "pipeline_name": plan.pipeline,
        "env": plan.env,
        "conf_source": conf_source or "",
        "pipeline": pipeline,
        "node_objs": build_groups(plan),
    }
    rendered = _render(environment, template, context, name)
    for one in missing:
        _logger.warning("Template %s uses %s, which is not set: it becomes an empty text.", name, one)
    _check(rendered, name)
    return rendered


def _render(environment: jinja2.Environment, template: str, context: dict[str, Any], name: str) -> str:
    import jinja2

    try:
        code = environment.compile(template, name=name, filename=name)
        return jinja2.Template.from_code(environment, code, environment.make_globals(None)).render(context)
    except jinja2.TemplateSyntaxError as error:
        place = f"{error.filename or error.name or name}, line {error.lineno}"
        raise _template_error(f"The template is wrong: {error.message}.", place) from error
    except Exception as error:  # A template is a program of the user's: it may raise anything.
        place = _place(error, name, Path(name).parent)
        raise _template_error(f"The template failed: {type(error).__name__}: {error}", place) from error


def _place(error: Exception, name: str, folder: Path) -> str:
    """Return the place of an error; Jinja puts templates into the traceback as if they were modules."""
    files = {name, *(str(path) for path in folder.glob("*"))}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else name


def build_groups(plan: Plan) -> list[TemplateGroup]:
    """Return the tasks as templates see them, in the plan's order."""
    names: dict[str, str] = {}
    slugs: set[str] = set()
    for task in plan.tasks:
        names[task.id] = _group_name(task, slugs)
        slugs.add(slugify(names[task.id]))
    return [
        TemplateGroup(
            name=names[task.id], nodes=list(task.nodes), dependencies=[names[parent] for parent in task.upstream]
        )
        for task in plan.tasks
    ]


def _group_name(task: Task, slugs: set[str]) -> str:
    name = task.nodes[0] if len(task.nodes) == 1 else task.id
    slug = slugify(name)
    if slug not in slugs and len(slug) <= _SLUG_LENGTH and _names_function(slug):
        return name
    stem = slug[:_SLUG_LENGTH] if slug[:1].isalpha() else f"task-{slug[:_SLUG_LENGTH]}"
    return f"{stem.strip('-')}-{digest(task.id)}"


def _names_function(slug: str) -> bool:
    """Whether kedro-airflow's own template, which many are copies of, can name a function like it."""
    name = slug.replace("-", "_")
    return name.isidentifier() and not keyword.iskeyword(name) and name not in _STOCK_NAMES


def build_settings(settings: DagSettings) -> dict[str, Any]:
    """Return the settings that `airflow.yml` names, as kedro-airflow's templates expect them.

    `start_date` is a list of numbers, `retry_delay` counts minutes; what was not set is absent, so that `default(...)`
    works.
    """
    named = settings.model_fields_set - {"template_vars"}
    values: dict[str, Any] = settings.model_dump(mode="json", include=set(named))
    if "start_date" in values:
        start = settings.start_date
        time_of_day = [start.hour, start.minute, start.second]
        values["start_date"] = [start.year, start.month, start.day, *(time_of_day if any(time_of_day) else [])]
    if "retry_delay" in values:
        minutes = settings.retry_delay.total_seconds() / 60
        values["retry_delay"] = int(minutes) if minutes.is_integer() else minutes
    if "schedule" in values:
        values["schedule_interval"] = values["schedule"]
    return {**values, **settings.template_vars}


def _environment(folder: Path, missing: dict[str, None]) -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701  the output is Python, not HTML
        loader=jinja2.FileSystemLoader(folder),
        lstrip_blocks=True,
        undefined=_recording_undefined(jinja2.Undefined, missing.setdefault),
    )
    environment.filters["slugify"] = slugify
    return environment


def _recording_undefined(base: type, record: Callable[[str], object]) -> type:
    """Return an `Undefined` that reports when its missing value is written; asking whether it is there is no use."""

    class RecordingUndefined(base):  # type: ignore[misc]
        def __str__(self) -> str:
            record(str(self._undefined_name))
            return ""

        def __iter__(self) -> Any:
            record(str(self._undefined_name))
            return iter(())

    return RecordingUndefined


def _check(source: str, name: str) -> None:
    try:
        compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        number, text = getattr(error, "lineno", None), (getattr(error, "text", None) or "").strip()
        seen = f"line {number} of what it makes: {text}" if number else ""
        what = getattr(error, "msg", None) or error
        raise _template_error(f"What the template makes is not valid Python: {what}.", name, seen=seen) from error


def _template_error(what: str, where: str, *, seen: str = "") -> RenderError:
    return RenderError(
        what,
        where=where,
        seen=seen,
        remedy="correct the template given with --jinja-file, or leave the option out",
        code="ALOFT-405",
    )
