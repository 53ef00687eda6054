"""The request of a container: two variables, of which Airflow renders one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from kedro_aloft.contract.container import literal, read_cleanup, read_request, run_template
from kedro_aloft.contract.identity import RunIdentity
from kedro_aloft.contract.keys import CONF_KEY, RUN_VARIABLE, TASK_VARIABLE
from kedro_aloft.errors import RequestError

RUN_AFTER = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=2)))
TASK = {"package": "shop", "pipeline": "train", "nodes": ["a", "b"], "handoff_uri": "s3://x", "gives": ["c"]}

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


TASKS = [SimpleNamespace(task_id=name, is_teardown=name in ("a__b", "z")) for name in ("a", "a__b", "z")]
"""Of the DAG that asks: `a__b` is the task itself, `z` another teardown."""


def rendered(template: str, *, conf: Any = None, defaults: dict[str, Any] | None = None, states: Any = None) -> str:
    """Render as Airflow does: sandboxed, with the context of a task."""
    ti = SimpleNamespace(
        dag_id="shop'\"",
        run_id="manual__{{ 1 }}",
        task_id="a__b",
        try_number=3,
        get_task_states=lambda *, dag_id, run_ids: {run_ids[0]: states} if dag_id else None,
    )
    context = {
        "ti": ti,
        "dag_run": SimpleNamespace(run_after=RUN_AFTER, conf=conf),
        "dag": SimpleNamespace(params=SimpleNamespace(dump=lambda: defaults or {}), tasks=TASKS),
        "ds": 'a "day"\n',
    }
    return (
        SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(template).render(context)
    )


def request(task: dict[str, Any] | None = None, **run: Any) -> Any:
    template = run_template((task or {}).get("runtime_params"))
    environ = {TASK_VARIABLE: json.dumps({**TASK, **(task or {})}), RUN_VARIABLE: rendered(template, **run)}
    return read_request(environ, directory="/home/kedro/project")


def test_a_request_has_what_the_file_knows_and_what_airflow_knows() -> None:
    asked = request()
    identity = RunIdentity(dag_id="shop'\"", run_id="manual__{{ 1 }}", run_after=RUN_AFTER)
    assert (asked.dag_id, asked.run_id, asked.task_id, asked.try_number) == (
        identity.dag_id,
        identity.run_id,
        "a__b",
        3,
    )
    assert (asked.version, asked.run_directory) == (identity.version, identity.directory)
    assert (asked.nodes, asked.gives, asked.pipeline, asked.handoff_uri) == (("a", "b"), ("c",), "train", "s3://x")
    assert asked.project_path == "/home/kedro/project"


def test_parameters_come_from_the_file_the_form_and_the_conf_as_in_airflows_process() -> None:
    params = {"day": "{{ ds }}", "n": "{{ 6 * 7 }}", "plain": "1", "deep": {"list": ["{{ ds }}", 2]}}
    conf = {"alpha": 2, "beta": 1, "unknown": 5, CONF_KEY: {"deep": {"more": True}}}
    asked = request({"runtime_params": params}, conf=conf, defaults={"alpha": 1, "beta": 1, "gamma": 0})
    day = 'a "day"\n'
    assert asked.runtime_params == {
        "day": day,
        "n": 42,
        "plain": "1",
        "alpha": 2,
        "deep": {"list": [day, 2], "more": True},
    }


@given(params=st.dictionaries(names.filter(bool), values, max_size=3), conf=st.dictionaries(names, values, max_size=3))
def test_whatever_is_no_template_arrives_as_it_is(params: dict[str, Any], conf: dict[str, Any]) -> None:
    plain = {key: value for key, value in params.items() if "{{" not in str(value) and "{%" not in str(value)}
    conf.pop(CONF_KEY, None)
    run = json.loads(rendered(run_template(plain), conf=conf, defaults=dict.fromkeys(conf)))
    assert run.get("runtime_params", {}) == plain
    assert run["conf"] == conf


@given(values)
def test_a_literal_is_json_in_which_jinja_finds_nothing(value: Any) -> None:
    assert json.loads(rendered(literal(value))) == value


def test_only_defaults_that_the_conf_names_travel() -> None:
    run = json.loads(rendered(run_template(), conf={"a": 1}, defaults={"a": 0, "b": "x" * 100_000}))
    assert run["defaults"] == {"a": 0}


@pytest.mark.parametrize(
    ("states", "well"),
    [
        ({"a": "success", "a__b": "running", "z": None}, True),
        ({"a": "failed", "a__b": None, "z": "success"}, False),
        ({"a": None}, False),
    ],
)
def test_a_cleanup_knows_whether_all_is_well(states: dict[str, Any], well: bool) -> None:
    task = {"handoff_uri": "data/x", "keep": "on_failure", "ttl_s": 60}
    environ = {TASK_VARIABLE: literal(task), RUN_VARIABLE: rendered(run_template(with_states=True), states=states)}
    asked = read_cleanup(environ, directory="/p")
    assert asked.well is well
    assert asked.uri.startswith("/p/data/x/")
    assert (asked.keep, asked.ttl_s) == ("on_failure", 60)


def test_the_end_of_a_run_knows_how_the_tasks_ended_that_run_nodes() -> None:
    states = {"a": "failed", "a__b": "running", "z": "success"}
    environ = {TASK_VARIABLE: json.dumps(TASK), RUN_VARIABLE: rendered(run_template(with_states=True), states=states)}
    asked = read_request(environ, directory="/p", stage="finish")
    assert (asked.stage, asked.states) == ("finish", {"a": "failed"})


def test_a_stage_that_nobody_knows_is_refused() -> None:
    environ = {TASK_VARIABLE: json.dumps(TASK), RUN_VARIABLE: rendered(run_template())}
    with pytest.raises(RequestError, match="'begin' is no stage"):
        read_request(environ, directory="/p", stage="begin")


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, f"{TASK_VARIABLE} is not set"),
        ({TASK_VARIABLE: "{"}, "is no JSON"),
        ({TASK_VARIABLE: "[]"}, "is no JSON object"),
        ({TASK_VARIABLE: '{"nodes": []}', RUN_VARIABLE: "{}"}, "does not name a DAG run"),
        ({TASK_VARIABLE: '{"node": 1}', RUN_VARIABLE: "{}"}, "unknown fields: node"),
    ],
)
def test_a_malformed_request_is_refused(environ: dict[str, str], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        read_request(environ, directory="/p")
