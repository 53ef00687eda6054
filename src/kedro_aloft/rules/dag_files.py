"""Airflow 2 idioms: DAG files that people wrote by hand, beside ours. Read from their syntax, never run."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from kedro_aloft.rules import airflow2 as gone
from kedro_aloft.rules.finding import Hit, Severity, file
from kedro_aloft.rules.idioms import FAMILY, old_variables
from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.rules.subject import Subject
    from kedro_aloft.rules.syntax import Scope

_OURS = ("kedro_aloft.airflow", "Made by: kedro airflow create")
_XCOM_BY_KEY = Pattern(r"xcom_pull\((?![^)]*task_ids)[^)]*key\s*=")


def _dag_files(subject: Subject) -> Iterator[tuple[str, Scope]]:
    """DAG files that are not ours, in the folder where ours are and in folders called `dags`."""
    for path in subject.sources.below("", ".py"):
        folders = path.split("/")[:-1]
        if not (path.startswith(f"{subject.dags_folder}/") or {"dags", "airflow_dags"} & set(folders)):
            continue
        text = subject.sources.text(path) or ""
        module = subject.sources.module(path) if "airflow" in text else None
        if module is not None and not any(mark in text for mark in _OURS):
            yield path, module.whole


def _found(path: str, line: int, message: str, remedy: str) -> Hit:
    return Hit(message=message, spot=file(path, line), remedy=remedy)


def _imports_of_dag_files(subject: Subject) -> Iterator[Hit]:
    for path, scope in _dag_files(subject):
        for line, dotted in scope.import_lines:
            instead = gone.gone_from(dotted)
            if instead:
                yield _found(path, line, f"`{dotted}` is gone in Airflow 3: the file does not load.", f"use {instead}")


def _arguments_of_dag_files(subject: Subject) -> Iterator[Hit]:
    for path, scope in _dag_files(subject):
        for call in scope.calls:
            if not call.name.startswith("airflow."):
                continue
            for one in call.node.keywords:
                problem = _argument_problem(call.name.rpartition(".")[2], one)
                if problem:
                    yield _found(path, one.value.lineno, f"`{problem[0]}` is gone in Airflow 3.", f"use {problem[1]}")


def _argument_problem(called: str, one: ast.keyword) -> tuple[str, str] | None:
    """What is wrong with an argument, and what to use; None for nothing."""
    known = gone.DAG_ARGUMENTS if called in {"DAG", "dag"} else gone.TASK_ARGUMENTS
    if one.arg in known:
        return f"{one.arg}=", known[one.arg]
    value = one.value.value if isinstance(one.value, ast.Constant) else None
    if one.arg == "trigger_rule" and isinstance(value, str) and value in gone.TRIGGER_RULES:
        return f"trigger_rule='{value}'", f"'{gone.TRIGGER_RULES[value]}'"
    return None


def _variables_of_dag_files(subject: Subject) -> Iterator[Hit]:
    """In templates, as a key of the context, and as an argument of a function."""
    for path, scope in _dag_files(subject):
        for line, name in sorted(set(_context_uses(scope))):
            yield _found(
                path,
                line,
                f"Airflow 3 has no `{name}` in the task's context.",
                f"use `{gone.VARIABLES[name]}`",
            )


def _context_uses(scope: Scope) -> Iterator[tuple[int, str]]:
    for text in scope.facts.all(ast.Constant):
        if isinstance(text.value, str) and "{" in text.value:
            for number, line in enumerate(text.value.splitlines()):
                yield from ((text.lineno + number, name) for name, _ in old_variables(line))
    for part in scope.facts.all(ast.Subscript):
        if isinstance(part.slice, ast.Constant) and part.slice.value in gone.VARIABLES and _is_context(part.value):
            yield part.lineno, str(part.slice.value)
    for one in scope.facts.all(ast.FunctionDef):
        if one.args.kwarg is not None:  # Airflow gives the context by name
            yield from ((arg.lineno, arg.arg) for arg in one.args.args if arg.arg in gone.VARIABLES)


def _is_context(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Name) and expression.id in {"context", "ctx", "kwargs", "ti_context"}


def _database_of_dag_files(subject: Subject) -> Iterator[Hit]:
    """Sessions of Airflow's own database."""
    names = {"create_session", "provide_session", "NEW_SESSION"}
    for path, scope in _dag_files(subject):
        for line, dotted in scope.import_lines:
            module, _, name = dotted.rpartition(".")
            own = module in {"airflow.utils.session", "airflow.utils.db"} and name in names
            if own or dotted in {"airflow.settings.Session", "airflow.settings.engine"}:
                yield _found(
                    path,
                    line,
                    f"`{dotted}` opens Airflow's database, which tasks of Airflow 3 cannot reach.",
                    "ask the REST API, or `Variable`, `Connection` and `XCom` of airflow.sdk",
                )


def _kedro_in_dag_files(subject: Subject) -> Iterator[Hit]:
    for path, _ in _dag_files(subject):
        module = subject.sources.module(path)
        for line, dotted in module.top.import_lines if module is not None else ():
            if dotted.partition(".")[0] in {"kedro", subject.snapshot.package}:
                yield _found(
                    path,
                    line,
                    f"The DAG file imports {dotted}.",
                    "import it inside of the task, or let `kedro airflow create` write the file",
                )


def _reads_at_parse(subject: Subject) -> Iterator[Hit]:
    wanted = re.compile(
        r"airflow\.(?:sdk|models|models\.variable|models\.connection|sdk\.\w+)\.(?:Variable\.get|Connection\.get)"
    )
    for path, _ in _dag_files(subject):
        module = subject.sources.module(path)
        for call in module.top.calls if module is not None else ():
            if wanted.fullmatch(call.name):
                yield _found(
                    path,
                    call.line,
                    f"{call.name.rpartition('airflow.')[2]}(…) is asked whenever the file is parsed.",
                    "use a template, `{{ var.value.<name> }}` or `{{ conn.<id>.host }}`, or ask inside of the task",
                )


def _xcom_of_dag_files(subject: Subject) -> Iterator[Hit]:
    for path, scope in _dag_files(subject):
        for one in scope.facts.all(ast.Call):
            names = {keyword.arg for keyword in one.keywords}
            pulls = isinstance(one.func, ast.Attribute) and one.func.attr == "xcom_pull"
            if pulls and not one.args and "key" in names and not names & {"task_ids", None}:
                yield _xcom_hit(path, one.lineno)
        for text in scope.facts.all(ast.Constant):
            if isinstance(text.value, str) and _XCOM_BY_KEY.search(text.value):
                yield _xcom_hit(path, text.lineno)


def _xcom_hit(path: str, line: int) -> Hit:
    return _found(
        path,
        line,
        "`xcom_pull` without `task_ids` reads only what its own task pushed.",
        "name the task: `xcom_pull(task_ids='…', key='…')`",
    )


RULES = (
    Rule(
        code="ALOFT-A04",
        name="old-import-in-dag-file",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand, with imports that Airflow 3 no longer has.",
        why="The file does not load: its DAG disappears from the UI, and the dag-processor tries it again and again.",
        bad="from airflow.operators.dummy import DummyOperator\nfrom airflow.utils.dates import days_ago",
        good="from airflow.providers.standard.operators.empty import EmptyOperator",
        find=_imports_of_dag_files,
    ),
    Rule(
        code="ALOFT-A05",
        name="old-argument-in-dag-file",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand, with arguments or trigger rules that Airflow 3 no longer has.",
        why="Most of them are a TypeError when the file is loaded; `sla` is accepted and does nothing.",
        bad="dag = DAG('shop', schedule_interval='@daily', concurrency=4)",
        good="dag = DAG('shop', schedule='@daily', max_active_tasks=4)",
        find=_arguments_of_dag_files,
    ),
    Rule(
        code="ALOFT-A06",
        name="old-variable-in-dag-file",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand, that uses variables which Airflow 3 no longer gives to tasks.",
        why="Templates with an unknown name fail the task, and so does `context['execution_date']`.",
        bad="BashOperator(task_id='copy', bash_command='copy {{ next_ds }}')",
        good="BashOperator(task_id='copy', bash_command='copy {{ data_interval_end | ds }}')",
        find=_variables_of_dag_files,
    ),
    Rule(
        code="ALOFT-A08",
        name="database-in-dag-file",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand, that opens Airflow's own database.",
        why="Tasks of Airflow 3 have no way to the database: they speak with the API server alone.",
        bad="from airflow.utils.session import provide_session",
        good="from airflow.sdk import Variable",
        find=_database_of_dag_files,
    ),
    Rule(
        code="ALOFT-A09",
        name="kedro-in-dag-file",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand or by kedro-airflow, that imports Kedro or the project at its top.",
        why="Each parse pays for the import (half a second for Kedro's session alone, measured), the dag-processor "
        "needs everything that the project needs, and Kedro replaces the log handlers of the process.",
        bad="from kedro.framework.session import KedroSession",
        good="from kedro_aloft.airflow import KedroOperator, KedroPipeline   # written by `kedro airflow create`",
        find=_kedro_in_dag_files,
    ),
    Rule(
        code="ALOFT-A10",
        name="asked-at-parse",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand, that asks for a variable or connection while it is parsed.",
        why="The dag-processor parses the file every half minute: each time it asks the database, and when the value "
        "changes, so does the DAG, which makes a new version of it.",
        bad="BUCKET = Variable.get('bucket')",
        good="BashOperator(task_id='copy', bash_command='copy {{ var.value.bucket }}')",
        find=_reads_at_parse,
    ),
    Rule(
        code="ALOFT-A11",
        name="xcom-without-task",
        family=FAMILY,
        severity=Severity.WARNING,
        summary="A DAG file, written by hand, that pulls an XCom by its key alone.",
        why="Airflow 2 then looked at all tasks of the run; Airflow 3 looks at the task itself and finds nothing.",
        bad="run_id = ti.xcom_pull(key='mlflow_run_id')",
        good="run_id = ti.xcom_pull(task_ids='start', key='mlflow_run_id')",
        find=_xcom_of_dag_files,
    ),
)
