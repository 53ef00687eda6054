"""What crosses from Airflow to the runtime and back arrives as it was sent, or is refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_aloft.contract.report import DatasetReport, Failure, NodeReport, TaskReport
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.contract.wire import WIRE_VERSION
from kedro_aloft.errors import AloftError, RequestError

EXAMPLES = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

_TEXT = st.text(max_size=6)
_NAMES = st.lists(_TEXT, max_size=3).map(tuple)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=5,
)
_REQUESTS = st.builds(
    TaskRequest,
    nodes=st.lists(_TEXT, min_size=1, max_size=3).map(tuple),
    runtime_params=st.dictionaries(_TEXT, _JSON, max_size=3),
    load_versions=st.dictionaries(_TEXT, _TEXT, max_size=2),
    env=st.none() | _TEXT,
    conf_source=st.none() | _TEXT,
    handoff_uri=st.text(min_size=1, max_size=6),
    try_number=st.integers(1, 99),
    selective=st.booleans(),
    **dict.fromkeys(("dag_id", "run_id", "task_id", "version", "run_directory", "project_path"), _TEXT),
    **dict.fromkeys(("package", "pipeline", "runner"), _TEXT),
    **dict.fromkeys(("pinned", "versioned", "gives", "takes", "skip_plugin_hooks"), _NAMES),
)
_SECONDS = st.floats(0, allow_nan=False, allow_infinity=False)
_NODES = st.builds(
    NodeReport,
    name=_TEXT,
    state=st.sampled_from(("success", "failed")),
    seconds=st.none() | _SECONDS,
    peak_memory_mib=st.none() | _SECONDS,
    outputs=st.lists(st.builds(DatasetReport, rows=..., bytes=..., kept_in=...), max_size=2).map(tuple),
)
_REPORTS = st.builds(
    TaskReport,
    nodes=st.lists(_NODES, max_size=3).map(tuple),
    seconds=_SECONDS,
    failure=st.none() | st.builds(Failure, node=..., traceback=...),
)

REQUEST = TaskRequest(
    dag_id="shop",
    run_id="manual__1",
    task_id="train",
    version="v",
    run_directory="shop/manual__1",
    project_path="/srv/shop",
    package="shop",
    pipeline="__default__",
    nodes=("train",),
)
REPORT = TaskReport(
    nodes=(NodeReport(name="train", state="failed", outputs=(DatasetReport(name="model", rows=3),)),),
    failure=Failure(type="ValueError", message="no", deterministic=False),
)
both = pytest.mark.parametrize("value", [REQUEST, REPORT], ids=lambda one: type(one).__name__)


@EXAMPLES
@given(request=_REQUESTS)
def test_requests_arrive_as_they_were_sent(request: TaskRequest) -> None:
    assert TaskRequest.from_json(request.to_json()) == request


@EXAMPLES
@given(report=_REPORTS)
def test_reports_arrive_as_they_were_sent(report: TaskReport) -> None:
    assert TaskReport.from_json(report.to_json()) == report
    assert TaskReport.from_json(json.dumps(report.to_dict())) == report


def test_every_field_crosses() -> None:
    assert set(json.loads(REQUEST.to_json())) == {"wire", *(one.name for one in fields(TaskRequest))}
    assert set(json.loads(REPORT.to_json())) == {"wire", *(one.name for one in fields(TaskReport))}


@both
def test_a_message_is_one_line_of_ascii_with_its_version(value: Any) -> None:
    text = replace(
        value,
        **({"task_id": "é\n\u2028"} if value is REQUEST else {"nodes": (NodeReport(name="é\n", state="success"),)}),
    ).to_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text)["wire"] == WIRE_VERSION == 1


def test_a_message_of_today_is_read_tomorrow() -> None:
    """Workers with another version of kedro-aloft read this; a change here needs a new wire version."""
    written = (
        '{"wire": 1, "dag_id": "shop", "run_id": "r", "task_id": "t", "try_number": 2, "version": "v", '
        '"run_directory": "shop/r", "project_path": "/p", "package": "shop", "pipeline": "ds", "nodes": ["a", "b"], '
        '"env": "prod", "conf_source": null, "selective": false, "runtime_params": {"a": {"b": [1, 2]}}, '
        '"load_versions": {"x": "1"}, "pinned": ["m"], "versioned": ["m"], "handoff_uri": ".airflow/handoff", '
        '"gives": ["g"], "takes": ["k"], "runner": "ThreadRunner", "skip_plugin_hooks": ["kedro-telemetry"], '
        '"stage": "finish", "mlflow": true, "pipeline_hooks": "per_run", '
        '"resume": true, "clear_number": 1, "rerun": ["a"], "doubtful": ["b"], '
        '"states": {"t": null}, "errors": {"t": "E"}}'
    )
    request = TaskRequest.from_json(written)
    assert request.to_json() == written
    assert request.nodes == ("a", "b")
    assert request.runtime_params == {"a": {"b": [1, 2]}}


def test_what_has_a_default_may_be_left_out() -> None:
    content = json.loads(REQUEST.to_json())
    for name in ("wire", "env", "runner", "gives", "selective", "runtime_params"):
        del content[name]
    assert TaskRequest.from_json(json.dumps(content)) == REQUEST
    assert TaskReport.from_json("{}") == TaskReport()


@both
@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_wire_version_is_refused_with_both_versions(value: Any, version: object) -> None:
    content = {**json.loads(value.to_json()), "wire": version}
    with pytest.raises(RequestError, match="is of wire version") as caught:
        type(value).from_json(json.dumps(content))
    assert repr(version) in caught.value.what
    assert "speaks version 1" in caught.value.seen
    assert "same version of kedro-aloft" in caught.value.remedy


@both
def test_the_version_is_judged_before_the_fields(value: Any) -> None:
    """Of what a newer side sends, its new fields are the least helpful thing to complain about."""
    with pytest.raises(RequestError, match="wire version 2"):
        type(value).from_json('{"wire": 2, "brand_new": 1}')


@both
def test_unknown_fields_are_refused(value: Any) -> None:
    content = {**json.loads(value.to_json()), "zeta": 1, "beta": 2}
    with pytest.raises(RequestError, match=f"{type(value).__name__} has unknown fields: beta, zeta"):
        type(value).from_json(json.dumps(content))


def test_missing_fields_are_refused() -> None:
    content = json.loads(REQUEST.to_json())
    del content["package"], content["dag_id"]
    with pytest.raises(RequestError, match="TaskRequest has missing fields: dag_id, package"):
        TaskRequest.from_json(json.dumps(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"nodes": [{"name": "a"}]}, "NodeReport has missing fields: state"),
        ({"nodes": [{"name": "a", "state": "success", "pid": 1}]}, "NodeReport has unknown fields: pid"),
        ({"nodes": [{"name": "a", "state": "s", "outputs": [{}]}]}, "DatasetReport has missing fields: name"),
        ({"nodes": ["a"]}, "NodeReport is no JSON object"),
        ({"failure": {"type": "x"}}, "Failure has missing fields: deterministic, message"),
        ({"failure": "boom"}, "Failure is no JSON object"),
        ({"failure": {}}, "Failure has missing fields"),
    ],
)
def test_what_is_malformed_inside_a_report_is_refused_too(content: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        TaskReport.from_json(json.dumps(content))


@both
@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "Traceback (most recent call last):"])
def test_what_is_no_message_is_refused(value: Any, text: str) -> None:
    with pytest.raises(RequestError, match="is no JSON"):
        type(value).from_json(text)


@pytest.mark.parametrize("value", [{1, 2}, object(), b"x", {"a": {"b": {3}}}, {(1, 2): 3}])
def test_what_json_cannot_hold_is_refused_by_the_sender(value: Any) -> None:
    with pytest.raises(RequestError, match="TaskRequest holds what JSON cannot") as caught:
        replace(REQUEST, runtime_params={"bad": value}).to_json()
    assert caught.value.remedy


def test_parameters_may_have_keys_of_several_types() -> None:
    sent = replace(REQUEST, runtime_params={"rates": {1: "a", "b": 2}})
    assert TaskRequest.from_json(sent.to_json()).runtime_params == {"rates": {"1": "a", "b": 2}}


def test_a_request_without_nodes_is_refused() -> None:
    with pytest.raises(RequestError, match="names no node") as caught:
        replace(REQUEST, nodes=())
    assert caught.value.where == "task 'train'"


@pytest.mark.parametrize("field", ["gives", "takes"])
def test_a_handoff_needs_a_store(field: str) -> None:
    with pytest.raises(RequestError, match="names no store"):
        replace(REQUEST, **{field: ("x",)})
    assert replace(REQUEST, handoff_uri="s3://b", **{field: ("x",)}).handoff_uri == "s3://b"


def test_a_bad_request_is_not_tried_again() -> None:
    assert issubclass(RequestError, AloftError)
    assert RequestError.deterministic
