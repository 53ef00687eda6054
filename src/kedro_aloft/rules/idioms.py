"""Airflow 2 idioms: in settings, in templates of DAG files, in scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.rules import airflow2 as gone
from kedro_aloft.rules.finding import Hit, ReplaceText, Severity, file, setting
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kedro_aloft.rules.finding import Spot
    from kedro_aloft.rules.subject import Subject

FAMILY = "Airflow 2 idioms"

_EXPRESSION = Pattern(r"\{[{%](?P<inside>.*?)[%}]\}")
_TEXTS = Pattern(r"'[^']*'|\"[^\"]*\"")
_NAME = Pattern(r"(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*")
_DOTTED = Pattern(r"\bairflow(?:\.\w+)+")
_IMPORT = Pattern(r"\bfrom\s+(?P<module>airflow(?:\.\w+)*)\s+import\s+(?P<names>[\w, ]+)")
_LATER_ARGUMENT = Pattern(rf"(?<![\w.])(?P<name>{'|'.join({**gone.DAG_ARGUMENTS, **gone.TASK_ARGUMENTS})})\s*=(?!=)")
_SCRIPTS = Pattern(
    r"(?:.*/)?(?:Dockerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml|[^/]*\.env|\.env[^/]*|[^/]*\.sh|Makefile)"
    r"|\.git(?:hub|lab)[^/]*/.*\.ya?ml|\.gitlab-ci\.yml"
)


# --- settings


def _settings_lines(subject: Subject) -> Iterator[tuple[str, int, str]]:
    """Lines of the files of settings that this run reads, but for comments."""
    root = (subject.settings.conf_source or "conf").strip("/")
    for path in subject.sources.below(root, ".yml", ".yaml", ".json"):
        env, _, rest = path[len(root) + 1 :].partition("/")
        read = env in ("base", subject.snapshot.env) and any(part.startswith("airflow") for part in rest.split("/"))
        for number, line in enumerate(subject.sources.lines(path) if read else (), start=1):
            if not line.lstrip().startswith("#"):
                yield path, number, line


def _variables_in_settings(subject: Subject) -> Iterator[Hit]:
    """An error where the template stands in the DAG file; other sections are other pipelines' matter."""
    for path, number, line in _settings_lines(subject):
        for name, expression in old_variables(line):
            yield Hit(
                message=f"Airflow 3 has no `{name}` in templates: the task fails before it starts.",
                spot=file(path, number),
                remedy=f"use `{{{{ {gone.VARIABLES[name]} }}}}`",
                fix=_renamed(path, number, name, expression),
                severity=None if expression in subject.dag_source else Severity.WARNING,
            )


def old_variables(line: str) -> Iterator[tuple[str, str]]:
    """Return the variables of templates in a line that are gone, with the expressions that they stand in."""
    for match in _EXPRESSION.finditer(line) if "{" in line else ():
        for name in _NAME.findall(_TEXTS.sub("''", match["inside"])):
            parts = name.split(".")
            run = parts[0] in {"dag_run", "ti", "task_instance"} and parts[1:2] == ["execution_date"]
            if parts[0] in gone.VARIABLES or run:
                yield parts[1] if run else parts[0], match[0]


def _renamed(path: str, line: int, name: str, expression: str) -> ReplaceText | None:
    """The edit for a template that is nothing but the variable; what is done with it else may need another type."""
    if expression.strip("{} ") != name:
        return None
    return ReplaceText(file=path, line=line, old=expression, new=f"{{{{ {gone.VARIABLES[name]} }}}}")


def _paths_in_settings(subject: Subject) -> Iterator[Hit]:
    for path, number, line in _settings_lines(subject):
        for dotted in _DOTTED.findall(line) if "airflow." in line else ():
            instead = gone.gone_from(dotted)
            if instead:
                yield Hit(
                    message=f"`{dotted}` is gone in Airflow 3: the DAG file does not load.",
                    spot=file(path, number),
                    remedy=f"use {instead}",
                    severity=None if dotted.rpartition(".")[2] in subject.dag_source else Severity.WARNING,
                )


def _executors(subject: Subject) -> Iterator[Hit]:
    by_name: dict[str, list[str]] = {}
    for one in subject.snapshot.nodes:
        executor = subject.task(one).executor or ""
        if executor.rpartition(".")[2] in gone.EXECUTORS:
            by_name.setdefault(executor, []).append(one.name)
    for executor, names in by_name.items():
        yield Hit(
            message=f"Airflow 3 has no {executor}: the DAG file does not load.",
            spot=_where_executor_stands(subject, executor),
            where=f"node{'s' * (len(names) > 1)} {', '.join(names[:5])}",
            remedy=f"use {gone.EXECUTORS[executor.rpartition('.')[2]]}",
        )


def _where_executor_stands(subject: Subject, executor: str) -> Spot:
    for index, (_, changes) in enumerate(subject.settings.override_tasks):
        if changes.get("executor") == executor:
            return setting("tasks", index, "executor")
    return setting("executor")


# --- templates of DAG files, scripts


def _templates(subject: Subject) -> Iterator[Hit]:
    """Lines of Jinja templates that make DAG files: they are no Python yet."""
    for path in subject.sources.below("", ".j2", ".jinja", ".jinja2"):
        if "airflow" not in (subject.sources.text(path) or ""):
            continue
        for number, line in enumerate(subject.sources.lines(path), start=1):
            for old, new in _old_texts(line):
                yield Hit(
                    message=f"The template writes `{old}`, which is gone in Airflow 3.",
                    spot=file(path, number),
                    remedy=f"write {new}",
                )


def _old_texts(line: str) -> Iterator[tuple[str, str]]:
    for match in _IMPORT.finditer(line):
        for name in match["names"].split(","):
            dotted = f"{match['module']}.{name.strip().partition(' ')[0]}"
            if gone.gone_from(dotted):
                yield dotted, gone.gone_from(dotted)
    for match in _LATER_ARGUMENT.finditer(line):
        yield f"{match['name']}=", {**gone.DAG_ARGUMENTS, **gone.TASK_ARGUMENTS}[match["name"]]
    for name in re.findall(rf"\b(?:{'|'.join(gone.VARIABLES)})\b", line):
        yield name, gone.VARIABLES[name]


def _script_lines(subject: Subject) -> Iterable[tuple[str, int, str]]:
    for path in subject.sources.paths:
        if _SCRIPTS.fullmatch(path):
            for number, line in enumerate(subject.sources.lines(path), start=1):
                if not line.lstrip().startswith("#"):
                    yield path, number, line


def _commands(subject: Subject) -> Iterator[Hit]:
    for path, number, line in _script_lines(subject):
        for match in gone.COMMAND.finditer(line) if "airflow" in line else ():
            command = " ".join(match["command"].split())
            instead = gone.COMMANDS[command]
            yield Hit(
                message=f"`airflow {command}` is gone in Airflow 3.",
                spot=file(path, number),
                remedy=f"use `{instead}`",
                fix=ReplaceText(file=path, line=number, old=match[0], new=instead),
            )


def _options(subject: Subject) -> Iterator[Hit]:
    for path, number, line in (*_settings_lines(subject), *_script_lines(subject)):
        for match in gone.OPTION.finditer(line) if "AIRFLOW__" in line else ():
            instead = f"AIRFLOW__{gone.OPTIONS[match['option']]}"
            yield Hit(
                message=f"The option {match[0]} has another name in Airflow 3.",
                spot=file(path, number),
                remedy=f"use {instead}",
                fix=ReplaceText(file=path, line=number, old=match[0], new=instead),
            )


RULES = (
    Rule(
        code="ALOFT-A01",
        name="old-variable",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="A template in airflow.yml with a variable that Airflow 3 no longer has.",
        why="The template is rendered before the task starts, with undefined names an error: the task fails in every "
        "run, after its retries. A warning in sections that are not this pipeline's.",
        bad="default:\n  runtime_params: {day: '{{ execution_date }}', until: '{{ next_ds }}'}",
        good="default:\n  runtime_params: {day: '{{ logical_date }}', until: '{{ data_interval_end | ds }}'}",
        find=_variables_in_settings,
    ),
    Rule(
        code="ALOFT-A02",
        name="old-path",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="An import path in airflow.yml that Airflow 3 no longer has.",
        why="The DAG file imports it, so it does not load and the DAG disappears from the UI.",
        bad="default:\n  notify:\n    on_failure: airflow.contrib.notifications.SlackNotifier",
        good="default:\n  notify:\n    on_failure: airflow.providers.slack.notifications.slack.SlackNotifier",
        find=_paths_in_settings,
    ),
    Rule(
        code="ALOFT-A03",
        name="old-executor",
        family=FAMILY,
        severity=Severity.ERROR,
        summary="An executor that Airflow 3 no longer has.",
        why="Airflow refuses a DAG with an unknown executor when it loads the file.",
        bad="default: {executor: SequentialExecutor}",
        good="default: {executor: LocalExecutor}",
        find=_executors,
    ),
    Rule(
        code="ALOFT-A07",
        name="old-template",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A Jinja template of DAG files that writes what Airflow 3 no longer has.",
        why="Each DAG file that is made of it does not load, or its tasks fail.",
        bad="with DAG('{{ dag_name }}', schedule_interval='{{ schedule }}') as dag:\n    ...",
        good="with DAG('{{ dag_name }}', schedule='{{ schedule }}') as dag:\n    ...",
        find=_templates,
    ),
    Rule(
        code="ALOFT-A12",
        name="old-command",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A script, Dockerfile, compose or CI file with a command that Airflow 3 no longer has.",
        why="The command ends with an error, and the deployment or the container with it.",
        bad="airflow db init && airflow webserver",
        good="airflow db migrate && airflow api-server",
        find=_commands,
    ),
    Rule(
        code="ALOFT-A13",
        name="old-option",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="An option of Airflow under the name that it had in Airflow 2.",
        why="Some are still read with a warning, others no longer: the limit or the address that was set is then the "
        "default again, without a word.",
        bad="AIRFLOW__CORE__DAG_CONCURRENCY=4",
        good="AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG=4",
        find=_options,
    ),
)
