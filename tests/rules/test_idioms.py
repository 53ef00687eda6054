"""Airflow 2 idioms, in settings, DAG files, templates and scripts; what Airflow 3 still has stays silent."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.graph.snapshot import NodeInfo
from kedro_aloft.rules import Finding, ReplaceText, SettingsView, Severity, TaskView, airflow2, find_problems
from support.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Callable


def findings(code: str, files: dict[str, str], **more: Any) -> tuple[Finding, ...]:
    node = NodeInfo(name="f", outputs=("a",))
    return find_problems(
        subject(node, files=files, **more), select=[code], locate=lambda _, spot: (spot.name, spot.line)
    )


def lines(code: str, path: str, text: str, **more: Any) -> list[int]:
    return [one.line for one in findings(code, {path: text}, **more)]


SETTINGS = "conf/base/airflow.yml"


@pytest.mark.parametrize(
    "template",
    [
        "{{ execution_date }}",
        "{{ execution_date.strftime('%Y') }}",
        "{{ macros.ds_add(next_ds, 1) }}",
        "{% if prev_execution_date %}x{% endif %}",
        "{{ dag_run.execution_date }}",
        "{{ ti.execution_date }}",
        "s3://bucket/{{yesterday_ds_nodash}}/x",
    ],
)
def test_variables_that_are_gone(template: str) -> None:
    text = f'default:\n  runtime_params:\n    day: "{template}"\n'
    (published,) = findings("A01", {SETTINGS: text}, dag_source=template)
    (other,) = findings("A01", {SETTINGS: text})
    assert [published.line, published.severity, other.severity] == [3, Severity.ERROR, Severity.WARNING]


@pytest.mark.parametrize(
    "line",
    [
        "day: '{{ ds }}'",
        "day: '{{ params.execution_date }}'",
        "day: '{{ var.value.next_ds }}'",
        "day: \"{{ macros.datetime.strptime(ds, 'execution_date') }}\"",
        "execution_date: '{{ logical_date }}'",
        "# day: '{{ execution_date }}'",
        "day: '{{ my_execution_date }}'",
        "wait_for: {dag_id: x, execution_delta: 1h}",
    ],
)
def test_variables_that_are_not(line: str) -> None:
    assert lines("A01", SETTINGS, f"default:\n  {line}\n", dag_source=line) == []


def test_settings_of_other_environments_are_not_read() -> None:
    text = "default:\n  doc: '{{ execution_date }}'\n"
    assert lines("A01", "conf/prod/airflow.yml", text) == []
    assert lines("A01", "conf/local/airflow.yml", text) == [2]
    assert lines("A01", "conf/base/catalog.yml", text) == []


def test_a_bare_variable_is_replaced() -> None:
    (bare, more) = findings("A01", {SETTINGS: "a: '{{ next_ds }}'\nb: '{{ next_ds[:4] }}'\n"})
    assert bare.fix == ReplaceText(file=SETTINGS, line=1, old="{{ next_ds }}", new="{{ data_interval_end | ds }}")
    assert more.fix is None


def test_import_paths_of_settings() -> None:
    old = "airflow.contrib.notifications.SlackNotifier"
    text = f"default:\n  notify:\n    on_failure: {old}\n"
    (finding,) = findings("A02", {SETTINGS: text}, dag_source="from airflow.contrib import SlackNotifier")
    assert (finding.line, finding.severity) == (3, Severity.ERROR)
    assert lines("A02", SETTINGS, "on_failure: airflow.providers.slack.notifications.slack.SlackNotifier\n") == []
    assert lines("A02", SETTINGS, "on_failure: airflow.contributed.notifier.N\n") == []


@pytest.mark.parametrize(
    ("executor", "count"),
    [
        ("SequentialExecutor", 1),
        ("airflow.executors.sequential_executor.SequentialExecutor", 1),
        ("CeleryKubernetesExecutor", 1),
        ("LocalExecutor", 0),
        ("CeleryExecutor", 0),
        ("shop.executors.MyExecutor", 0),
        (None, 0),
    ],
)
def test_executors(executor: str | None, count: int) -> None:
    assert len(findings("A03", {}, task_view=lambda _: TaskView(executor=executor))) == count


def test_an_executor_is_shown_where_it_stands() -> None:
    settings = SettingsView(override_tasks=((("f",), {"executor": "DebugExecutor"}),))
    one = subject(NodeInfo(name="f", outputs=("a",)), settings=settings, task_view=lambda _: TaskView(executor="DebugExecutor"))  # fmt: skip  # noqa: E501
    asked = []
    find_problems(one, select=["A03"], locate=lambda _, spot: asked.append(spot.keys) or ("", 0))  # type: ignore[func-returns-value]
    assert asked == [("tasks", 0, "executor")]


DAG_FILE = "airflow_dags/by_hand.py"
OLD = """\
from datetime import timedelta
from airflow import DAG
from airflow.operators.dummy import DummyOperator
from airflow.operators.python import PythonOperator
from airflow.utils.dates import days_ago
from airflow.utils.session import provide_session
from airflow.models import Variable
from kedro.framework.session import KedroSession
BUCKET = Variable.get("bucket")
def old(execution_date, **context):
    return context["next_ds"], context["ti"].xcom_pull(key="a")
with DAG(
    "shop",
    schedule_interval="@daily",
    start_date=days_ago(2),
) as dag:
    PythonOperator(
        task_id="a",
        python_callable=old,
        provide_context=True,
        trigger_rule="none_failed_or_skipped",
        op_kwargs={"day": "{{ prev_ds }}", "run": "{{ ti.xcom_pull(key='a') }}"},
    )
"""
NEW = """\
from airflow.sdk import DAG, Variable, chain
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from company.dates import days_ago
def new(data_interval_end, **context):
    from kedro.framework.session import KedroSession
    bucket = Variable.get("bucket")
    settings = {"execution_date": 1}
    return context["ti"].xcom_pull(task_ids="b", key="a"), settings["execution_date"]
def timer(execution_date):
    return dict(schedule_interval=execution_date, sla=1)
with DAG("shop", schedule="@daily", max_active_tasks=4) as dag:
    PythonOperator(
        task_id="a",
        python_callable=new,
        trigger_rule="none_failed_min_one_success",
        op_kwargs={"day": "{{ data_interval_start | ds }}", "run": "{{ ti.xcom_pull(task_ids='b', key='a') }}"},
    )
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A04", [3, 5]),
        ("A05", [14, 20, 21]),
        ("A06", [10, 11, 22]),
        ("A08", [6]),
        ("A09", [8]),
        ("A10", [9]),
        ("A11", [11, 22]),
    ],
)
def test_dag_files_by_hand(code: str, expected: list[int]) -> None:
    assert lines(code, DAG_FILE, OLD) == expected
    assert lines(code, "dags/sub/by_hand.py", OLD) == expected
    assert lines(code, DAG_FILE, NEW) == []


def test_files_that_are_no_dag_files_by_hand_are_not_read() -> None:
    for path in ("src/shop/nodes.py", "scripts/old.py"):
        assert findings("A", {path: OLD}) == ()
    assert findings("A", {DAG_FILE: f'"""Made by: kedro airflow create"""\n{OLD}'}) == ()
    assert findings("A", {DAG_FILE: "def broken(:\n    airflow\n"}) == ()


def test_the_decorator_of_a_dag() -> None:
    text = "from airflow.decorators import dag\n@dag(schedule_interval=None)\ndef shop():\n    pass\n"
    assert lines("A05", DAG_FILE, text) == [2]


def test_templates() -> None:
    old = (
        "from airflow.utils.dates import days_ago\nwith DAG(schedule_interval=None):\n  day = '{{ '{{' }} next_ds }}'\n"
    )
    new = "from airflow.sdk import DAG\nwith DAG(schedule='{{ schedule_interval }}'):\n  day = '{{ next_dsx }}'\n"
    assert lines("A07", "templates/dag.j2", old) == [1, 2, 3]
    assert lines("A07", "templates/dag.j2", new) == []
    assert lines("A07", "templates/page.j2", "schedule_interval=1\n") == []


def test_commands() -> None:
    text = "#!/bin/sh\n# airflow db init\nairflow  db init\nexec airflow webserver -p 80\nairflow db migrate\n"
    found = findings("A12", {"start.sh": text})
    assert [one.line for one in found] == [3, 4]
    assert isinstance(found[0].fix, ReplaceText)
    assert (found[0].fix.old, found[0].fix.new) == ("airflow  db init", "airflow db migrate")
    assert lines("A12", "docs/old.md", text) == []
    assert lines("A12", "start.sh", "airflow webserver-config\nmyairflow_webserver\nairflow api-server\n") == []


def test_options() -> None:
    text = "services:\n  AIRFLOW__CORE__DAG_CONCURRENCY: 4\n  AIRFLOW__CORE__PARALLELISM: 4\n"
    assert lines("A13", "docker-compose.yaml", text) == [2]
    assert lines("A13", SETTINGS, "default:\n  env_vars: {AIRFLOW__WEBSERVER__BASE_URL: x}\n") == [2]
    assert lines("A13", "docker-compose.yaml", "AIRFLOW__CORE__DAG_CONCURRENCY_X: 1\n") == []


# --- the tables, against the Airflow that is installed


def _missing(look: Callable[[], Any]) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            look()
        except (ImportError, AttributeError):
            return True
    return False


@pytest.mark.airflow
@pytest.mark.parametrize("module", airflow2.MODULES)
def test_modules_are_gone(module: str) -> None:
    assert _missing(lambda: importlib.import_module(module))


@pytest.mark.airflow
@pytest.mark.parametrize("path", airflow2.NAMES)
def test_names_are_gone(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert _missing(lambda: getattr(importlib.import_module(module), name))


@pytest.mark.airflow
def test_variables_and_rules_are_gone_and_their_successors_are_there() -> None:
    from airflow.sdk import TriggerRule
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

    assert not KNOWN_CONTEXT_KEYS & airflow2.VARIABLES.keys()
    roots = {new.partition(" ")[0].partition(".")[0] for new in airflow2.VARIABLES.values()}
    assert roots <= KNOWN_CONTEXT_KEYS
    rules = {rule.value for rule in TriggerRule}
    assert not rules & airflow2.TRIGGER_RULES.keys()
    assert set(airflow2.TRIGGER_RULES.values()) <= rules


@pytest.mark.airflow
@pytest.mark.parametrize("name", sorted(set(airflow2.DAG_ARGUMENTS) - {"sla_miss_callback"}))
def test_arguments_of_dags_are_refused(name: str) -> None:
    from airflow.sdk import DAG

    with pytest.raises(TypeError):
        DAG("a", **{name: None})
