"""From the mapping that Kedro's config loader read to `DagSettings`; all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kedro_aloft.errors import close_match
from kedro_aloft.settings.dates import is_naive
from kedro_aloft.settings.layers import Layer, locate, merge, nested
from kedro_aloft.settings.models import DagSettings
from kedro_aloft.settings.problems import Problem, names_secret, problem_of, seen, settings_error, unknown_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

DEFAULT_SECTION = "default"
TARGETS_SECTION = "targets"
"""Where the project is deployed to (`settings.targets`), unless a pipeline has this name."""
KEYS = tuple(DagSettings.model_fields)
"""The keys that a section may have, in the order of the reference page."""

RESERVED_VARS = ("dag_name", "node_objs", "env", "pipeline_name", "package_name", "pipeline")
"""Variables of a custom template that the compiler fills in, as kedro-airflow does."""

_ELSEWHERE = {
    "dag_name": "use `dag_id`",
    "dag_display_name": "use `display_name`",
    "doc_md": "use `doc`",
    "params": "use `runtime_params`",
    "env": "use the option --env; each environment has its own airflow.yml",
    "pipeline": "use the option --pipelines; each pipeline has its own section",
    "execution_timeout": "use `timeout`",
    "on_failure_callback": "use `notify.on_failure`",
    "on_success_callback": "use `notify.on_success`",
    "on_retry_callback": "use `notify.on_retry`",
    "default_args": "write its keys one level higher",
    "concurrency": "use `max_active_runs` or a `pool`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that works and that the user should know.

    Args:
        code: Stable code.
        path: Where in the settings.
        message: What to know and what to do.
    """

    code: str
    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading settings.

    Args:
        settings: The settings, or None when there are problems.
        notices: Deprecated spellings and the like.
        problems: What is wrong; in the order of the file's layers, then of the keys.
    """

    settings: DagSettings | None
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]


def read_settings(
    raw: Mapping[str, Any],
    *,
    pipeline: str,
    pipelines: Collection[str],
    source: str,
    overrides: Mapping[str, Any] | None = None,
    with_template: bool = False,
) -> tuple[DagSettings, tuple[Notice, ...]]:
    """Return the settings of one pipeline.

    Args:
        raw: Section → settings, as Kedro's config loader gives it: `default` and one per pipeline, which wins.
        pipeline: Registered name of the pipeline.
        pipelines: All registered names.
        source: Name of the file for messages, relative to the project.
        overrides: Dotted key → value; wins over the file.
        with_template: Whether unknown keys are variables of a custom template, as those in `template_vars` are.

    Raises:
        SettingsError: If anything is wrong; the message lists all of it.
    """
    reading = check_settings(
        raw, pipeline=pipeline, pipelines=pipelines, source=source, overrides=overrides, with_template=with_template
    )
    if reading.settings is None:
        raise settings_error(reading.problems, source=source)
    return reading.settings, reading.notices


def check_settings(
    raw: Mapping[str, Any],
    *,
    pipeline: str,
    pipelines: Collection[str],
    source: str,
    overrides: Mapping[str, Any] | None = None,
    with_template: bool = False,
) -> Reading:
    """Do what `read_settings` does, and return the problems instead of raising them."""
    problems = [*_check_sections(raw, pipelines, source)]
    written = _layers(raw, pipeline, source, overrides or {})
    problems += _check_schedules(written)
    layers = [Layer(label=layer.label, values=_normal(layer.values)) for layer in written]
    values = merge(layers)
    extra = {key: values.pop(key) for key in list(values) if key not in KEYS}
    problems += _located(layers, () if with_template else map(_unknown, extra.items()))
    if with_template and extra:
        values["template_vars"] = {**_mapping(values.get("template_vars")), **extra}
    problems += _located(layers, _check_vars(_mapping(values.get("template_vars")), beside=extra))
    problems += _located(layers, _check_naive(values))
    settings, invalid = _validate(values)
    problems += _located(layers, invalid)
    notices = (*_ambiguous(raw, pipelines, source), *_deprecations(written), *_secrets(layers, values))
    return Reading(settings=None if problems else settings, notices=notices, problems=tuple(problems))


def _layers(raw: Mapping[str, Any], pipeline: str, source: str, overrides: Mapping[str, Any]) -> list[Layer]:
    """Return the layers from the weakest on; each override is a layer of its own."""
    sections = list(dict.fromkeys((DEFAULT_SECTION, pipeline)))
    layers = [
        Layer(label=f"{source}: {name}.", values=_text_keys(raw[name]))
        for name in sections
        if isinstance(raw.get(name), Mapping)
    ]
    return layers + [Layer(label="--set ", values=nested(key, value)) for key, value in overrides.items()]


def _text_keys(section: Mapping[Any, Any]) -> dict[str, Any]:
    """YAML 1.1 reads a key `on` as true; as text it is at least reported by a name."""
    return {str(key): value for key, value in section.items()}


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer without old spellings and short forms, so that layers merge key by key."""
    normal = dict(values)
    if "schedule_interval" in normal:
        old = normal.pop("schedule_interval")
        normal.setdefault("schedule", old)
    if isinstance(normal.get("handoff"), str):
        normal["handoff"] = {"uri": normal["handoff"]}
    for key in (
        "handoff",
        "filters",
        "notify",
        "check",
        "env_vars",
        "load_versions",
        "runtime_params",
        "template_vars",
    ):
        if key in normal and normal[key] is None:
            del normal[key]  # a key without a value changes nothing
    return normal


def _check_sections(raw: Mapping[str, Any], pipelines: Collection[str], source: str) -> Iterator[Problem]:
    for name, section in raw.items():
        path = f"{source}: {name}"
        if name == TARGETS_SECTION and name not in pipelines:
            if section is not None and not isinstance(section, Mapping):
                yield _no_mapping(name, section, path)
        elif name != DEFAULT_SECTION and name not in pipelines:
            if not str(name).startswith("_"):  # Kedro's own loader keeps such keys for templates
                yield _unknown_section(name, section, pipelines, path)
        elif section is not None and not isinstance(section, Mapping):
            yield _no_mapping(name, section, path)


def _no_mapping(name: str, section: object, path: str) -> Problem:
    return Problem(place=(name,), path=path, what="not a mapping", seen=seen(section), allowed="key: value pairs")


def _unknown_section(name: str, section: object, pipelines: Collection[str], path: str) -> Problem:
    is_key = name in KEYS or name == "schedule_interval"
    return Problem(
        place=(name,),
        path=path,
        what=f"no registered pipeline has this name. {'' if is_key else close_match(str(name), pipelines)}".strip(),
        seen=seen(section, (name,)),
        allowed=", ".join([DEFAULT_SECTION, *sorted(pipelines)]),
        remedy=f"move `{name}` below `{DEFAULT_SECTION}:`" if is_key else "",
    )


def _check_schedules(written: Sequence[Layer]) -> Iterator[Problem]:
    for layer in written:
        if {"schedule", "schedule_interval"} <= set(layer.values):
            yield Problem(
                place=("schedule_interval",),
                path=f"{layer.label}schedule_interval",
                what="stands beside `schedule`, of which it is the old name",
                seen=f"{layer.values['schedule_interval']!r} beside {layer.values['schedule']!r}",
                remedy="delete `schedule_interval`",
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    """A value that should be a mapping; what it is instead is refused where types are."""
    return value if isinstance(value, Mapping) else {}


def _unknown(item: tuple[str, Any]) -> Problem:
    key, value = item
    problem = unknown_key((key,), value, KEYS, _ELSEWHERE.get(key, ""))
    is_strange = not problem.remedy and not close_match(key, KEYS)
    return (
        replace(problem, remedy="a variable of a custom template stands below `template_vars`")
        if is_strange
        else problem
    )


def _check_vars(variables: Mapping[str, Any], *, beside: Collection[str]) -> Iterator[Problem]:
    """Refuse variables of a template that it gets from us; those in `beside` are keys of the section itself."""
    for key, value in variables.items():
        if key in RESERVED_VARS:
            yield Problem(
                place=(key,) if key in beside else ("template_vars", key),
                what="a template variable that the compiler fills in",
                seen=seen(value, (key,)),
                remedy=_ELSEWHERE.get(key, "choose another name"),
            )


def _check_naive(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Refuse a time of day without offset unless the user named the time zone that it is of."""
    for key in ("start_date", "end_date"):
        if "timezone" not in values and is_naive(values.get(key)):
            yield Problem(
                place=(key,),
                what="a time without offset, of an unknown time zone",
                seen=seen(values[key]),
                remedy="add an offset (2023-08-09T06:00:00+02:00) or set `timezone`",
            )


def _validate(values: Mapping[str, Any]) -> tuple[DagSettings | None, list[Problem]]:
    try:
        return DagSettings.model_validate(values), []
    except ValidationError as error:
        return None, [problem_of(detail) for detail in error.errors(include_url=False)]


def _located(layers: Sequence[Layer], problems: Iterator[Problem] | Sequence[Problem]) -> list[Problem]:
    return [replace(problem, path=locate(layers, problem.place)) for problem in problems]


def _ambiguous(raw: Mapping[str, Any], pipelines: Collection[str], source: str) -> Iterator[Notice]:
    if DEFAULT_SECTION in pipelines and DEFAULT_SECTION in raw:
        yield Notice(
            code="ALOFT-213",
            path=f"{source}: {DEFAULT_SECTION}",
            message="names a pipeline too, but holds for all of them; this pipeline cannot have a section of its own.",
        )


def _deprecations(written: Sequence[Layer]) -> Iterator[Notice]:
    for layer in written:
        if "schedule_interval" in layer.values:
            yield Notice(
                code="ALOFT-210",
                path=f"{layer.label}schedule_interval",
                message="`schedule_interval` is the old name of `schedule`; rename it.",
            )
        for key in ("email", "email_on_failure", "email_on_retry"):
            if layer.values.get(key):
                yield Notice(
                    code="ALOFT-211",
                    path=f"{layer.label}{key}",
                    message="Airflow 3 deprecates e-mail settings; use `notify` with an SmtpNotifier.",
                )


def _secrets(layers: Sequence[Layer], values: Mapping[str, Any]) -> Iterator[Notice]:
    """Environment variables are part of the DAG file, which many people may read."""
    for place, variables in _environments(values):
        for name, value in variables.items():
            if names_secret(str(name)) and isinstance(value, str) and "{{" not in value:
                yield Notice(
                    code="ALOFT-212",
                    path=locate(layers, (*place, str(name))),
                    message="looks like a secret, and its value would be readable in the DAG file; write a template "
                    "such as '{{ conn.name.password }}' or set it in the workers' environment.",
                )


def _environments(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    tasks = values.get("tasks")
    holders: list[tuple[tuple[str | int, ...], Any]] = [((), values)]
    if isinstance(tasks, (list, tuple)):
        holders += [(("tasks", index), task) for index, task in enumerate(tasks)]
    for place, holder in holders:
        if isinstance(holder, Mapping) and isinstance(holder.get("env_vars"), Mapping):
            yield (*place, "env_vars"), holder["env_vars"]
