from __future__ import annotations

import pickle
import socket
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.client import AirflowApi
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from conftest import Script

RUN = {"dag_id": "d", "dag_run_id": "r", "state": "queued", "start_date": None, "end_date": None}


@pytest.fixture
def api(script: Script) -> AirflowApi:
    return AirflowApi(script.url, username="admin", password="right")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kedro_aloft.client.api.PAUSES_S", (0.0, 0.0, 0.0))


def _task(number: int, **more: Any) -> dict[str, Any]:
    return {"task_id": f"t{number}", "state": "success", "try_number": 1, "map_index": -1, **more}


def test_it_logs_in_once_and_sends_the_token(script: Script, api: AirflowApi) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/r", (200, RUN))
    api.run("d", "r")
    api.run("d", "r")
    assert [asked.body for asked in script.calls("POST /auth/token")] == [{"username": "admin", "password": "right"}]
    assert [asked.token for asked in script.calls("GET /api/v2/dags/d/dagRuns/r")] == ["t1", "t1"]


def test_an_expired_token_is_replaced_and_the_call_repeated_even_a_post(script: Script, api: AirflowApi) -> None:
    script.answer("POST /api/v2/dags/d/dagRuns", (401, {"detail": "expired"}), (200, RUN))
    assert api.trigger("d").run_id == "r"
    assert [asked.token for asked in script.calls("POST /api/v2/dags/d/dagRuns")] == ["t1", "t2"]


def test_a_wrong_password_is_said_at_once(script: Script, api: AirflowApi) -> None:
    script.answer("POST /auth/token", (401, {"detail": "Invalid credentials"}))
    with pytest.raises(RemoteError) as caught:
        api.run("d", "r")
    assert "Invalid credentials" in caught.value.seen
    assert "password" in caught.value.remedy
    assert "right" not in str(caught.value)
    assert len(script.calls("POST /auth/token")) == 1


def test_a_token_function_replaces_the_login(script: Script) -> None:
    tokens = iter(["first", "second"])
    api = AirflowApi(script.url, token=lambda: next(tokens))
    script.answer("GET /api/v2/dags/d/details", (401, None), (200, {"dag_id": "d"}))
    assert api.dag_details("d") == {"dag_id": "d"}
    assert [asked.token for asked in script.calls("GET /api/v2/dags/d/details")] == ["first", "second"]
    assert not script.calls("POST /auth/token")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 0])
def test_a_read_is_repeated_while_airflow_is_busy_or_hangs_up(script: Script, api: AirflowApi, status: int) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/r", (status, None), (status, None), (200, RUN))
    assert api.run("d", "r").state == "queued"
    assert len(script.calls("GET /api/v2/dags/d/dagRuns/r")) == 3


@pytest.mark.parametrize("status", [500, 503, 0])
def test_a_state_is_set_again_when_the_database_was_busy(script: Script, api: AirflowApi, status: int) -> None:
    script.answer("PATCH /api/v2/dags/d/dagRuns/r", (status, None), (200, {**RUN, "state": "failed"}))
    assert api.fail_run("d", "r").state == "failed"


@pytest.mark.parametrize("status", [500, 503, 0])
def test_a_trigger_is_never_repeated(script: Script, api: AirflowApi, status: int) -> None:
    script.answer("POST /api/v2/dags/d/dagRuns", (status, None), (200, RUN))
    with pytest.raises(RemoteError):
        api.trigger("d")
    assert len(script.calls("POST /api/v2/dags/d/dagRuns")) == 1


def test_a_trigger_that_the_database_refused_was_not_done_and_is_repeated(script: Script, api: AirflowApi) -> None:
    refused = {"detail": {"reason": "Database error", "statement": "hidden"}}
    script.answer("POST /api/v2/dags/d/dagRuns", (500, refused), (200, RUN))
    assert api.trigger("d").state == "queued"
    assert len(script.calls("POST /api/v2/dags/d/dagRuns")) == 2


def test_it_gives_up_and_says_so(script: Script, api: AirflowApi) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/r", (503, {"detail": "starting"}))
    with pytest.raises(RemoteError) as caught:
        api.run("d", "r")
    assert "503" in caught.value.what
    assert caught.value.where == f"GET {script.url}/api/v2/dags/d/dagRuns/r"
    assert caught.value.seen == "starting"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_nobody_there_is_a_remote_error_with_a_remedy() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        api = AirflowApi(f"http://127.0.0.1:{probe.getsockname()[1]}")
    with pytest.raises(RemoteError) as caught:
        api.version()
    assert "does not answer" in caught.value.what
    assert caught.value.remedy
    assert caught.value.exit_code == 3


def test_a_proxy_of_the_environment_is_not_asked_about_loopback(
    script: Script, api: AirflowApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    script.answer("GET /api/v2/version", (200, {"version": "3.3.2"}))
    assert api.version() == "3.3.2"


def test_a_trigger_has_a_null_logical_date_and_only_keys_that_every_airflow_3_knows(
    script: Script, api: AirflowApi
) -> None:
    script.answer("POST /api/v2/dags/d/dagRuns", (200, RUN))
    api.trigger("d")
    api.trigger("d", conf={"a": {"b": [1, "ü"]}}, run_id="mine")
    bodies = [asked.body for asked in script.calls("POST /api/v2/dags/d/dagRuns")]
    assert bodies == [
        {"logical_date": None, "conf": {}},
        {"logical_date": None, "conf": {"a": {"b": [1, "ü"]}}, "dag_run_id": "mine"},
    ]


def test_ids_are_quoted_in_paths(script: Script, api: AirflowApi) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/manual__2026-01-01T00%3A00%3A00%2B00%3A00%2Fx", (200, RUN))
    assert api.run("d", "manual__2026-01-01T00:00:00+00:00/x").run_id == "r"


def test_all_pages_of_tasks_are_read_and_sorted_by_start(script: Script, api: AirflowApi) -> None:
    path = "GET /api/v2/dags/d/dagRuns/r/taskInstances"
    late, early = "2026-01-01T00:00:09Z", "2026-01-01T00:00:01Z"
    first = [_task(number, start_date=late) for number in range(100)]
    rest = [_task(100, start_date=early), _task(101, start_date=None, state=None)]
    script.answer(
        path,
        (200, {"task_instances": first, "total_entries": 102}),
        (200, {"task_instances": rest, "total_entries": 102}),
    )
    tasks = api.tasks("d", "r")
    assert len(tasks) == 102
    assert (tasks[0].task_id, tasks[-1].task_id, tasks[-1].state) == ("t100", "t101", "none")
    assert [asked.query for asked in script.calls(path)] == [
        {"limit": "100", "offset": "0"},
        {"limit": "100", "offset": "100"},
    ]


def test_runs_asks_for_no_more_than_wanted(script: Script, api: AirflowApi) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns", (200, {"dag_runs": [RUN, RUN], "total_entries": 500}))
    assert len(api.runs("d", 2)) == 2
    assert script.calls("GET /api/v2/dags/d/dagRuns")[0].query == {
        "limit": "2",
        "offset": "0",
        "order_by": "-run_after",
    }


def test_what_does_not_exist_is_none_or_empty_or_false(script: Script, api: AirflowApi) -> None:
    assert api.dag_details("no") is None
    assert api.xcom("d", "r", "t") is None
    assert api.log("d", "r", "t", 1) == []
    assert api.delete_dag("no") is False
    script.answer("DELETE /api/v2/dags/d", (204, None))
    assert api.delete_dag("d") is True


@pytest.mark.parametrize(("stored", "value"), [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("no json", "no json")])
def test_an_xcom_is_decoded_whichever_airflow_gives_it(
    script: Script, api: AirflowApi, stored: Any, value: Any
) -> None:
    script.answer("GET /api/v2/dags/d/dagRuns/r/taskInstances/t/xcomEntries/k", (200, {"key": "k", "value": stored}))
    assert api.xcom("d", "r", "t", "k") == value


def test_an_answer_that_is_no_json_is_shown_not_raised(script: Script, api: AirflowApi) -> None:
    script.answer("PUT /api/v2/parseDagFile/tok", (409, {"detail": "already asked"}))
    api.reparse("tok")  # asking twice is fine
    script.answer("PUT /api/v2/parseDagFile/tok", (400, "bad"))
    with pytest.raises(RemoteError) as caught:
        api.reparse("tok")
    assert caught.value.seen == "bad"
