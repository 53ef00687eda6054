"""Checks of another Airflow: a real one, and what a real one would say when it is ill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.client import AirflowApi
from kedro_aloft.client.transport import OfficialTransport
from kedro_aloft.doctor import REMOTE, RemoteAirflow, Result, ask, gather_remote
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.embedded import EmbeddedAirflow
    from support.projects import Project, ProjectBuilder

WELL = RemoteAirflow(
    version="3.3.2",
    health=dict.fromkeys(["metadatabase", "scheduler", "dag_processor", "triggerer"], "healthy"),
    import_errors=(),
    dags={"shop": False},
    pools={"default_pool": {"slots": 128, "open_slots": 120, "queued_slots": 4}},
)


def answers(airflow: RemoteAirflow) -> Mapping[str, Result]:
    return {one.code: one.result for one in ask(REMOTE, airflow)}


def states(airflow: RemoteAirflow) -> dict[str, str]:
    """The answers that are not `ok`."""
    return {code: one.state.value for code, one in answers(airflow).items() if one.state.value != "ok"}


def test_a_healthy_airflow_is_fine() -> None:
    assert states(WELL) == {}


@pytest.mark.parametrize(
    ("ill", "expected"),
    [
        (replace(WELL, version="2.11.0"), {"remote-version": "bad"}),
        (replace(WELL, version="3.5.0"), {"remote-version": "warn"}),
        (replace(WELL, health={**WELL.health, "scheduler": "unhealthy"}), {"remote-health": "bad"}),
        (replace(WELL, health={**WELL.health, "dag_processor": None}), {"remote-health": "bad"}),
        (replace(WELL, health={**WELL.health, "triggerer": None}), {"remote-triggerer": "warn"}),
        (replace(WELL, import_errors=("a.py",)), {"remote-imports": "bad"}),
        (replace(WELL, dags={"shop": True}), {"remote-paused": "warn"}),
        (replace(WELL, pools={"gpu": {"slots": 2, "open_slots": 0, "queued_slots": 3}}), {"remote-pools": "warn"}),
        (replace(WELL, pools={"gpu": {"slots": 0, "open_slots": 0, "queued_slots": 0}}), {"remote-pools": "warn"}),
        (replace(WELL, pools={"gpu": {"slots": "infinity", "open_slots": "infinity", "queued_slots": 9}}), {}),
        (
            replace(WELL, import_errors=None, dags=None, pools=None, refused="403"),
            dict.fromkeys(["remote-imports", "remote-paused", "remote-pools"], "unknown"),
        ),
    ],
)
def test_each_illness_has_its_answer(ill: RemoteAirflow, expected: dict[str, str]) -> None:
    assert states(ill) == expected


def test_long_lists_are_cut() -> None:
    files = tuple(f"{number}.py" for number in range(9))
    assert answers(replace(WELL, import_errors=files))["remote-imports"].seen == "0.py, 1.py, 2.py and 6 more"


def test_an_airflow_that_does_not_answer_is_an_error_of_its_own() -> None:
    api = AirflowApi("http://127.0.0.1:9", token=lambda: "t")
    with pytest.raises(RemoteError):
        gather_remote(api)


@pytest.mark.airflow
@pytest.mark.e2e
def test_a_real_airflow_with_a_paused_dag_and_an_empty_pool(
    builder: ProjectBuilder, on_airflow: Callable[[ProjectBuilder], Project], api: AirflowApi
) -> None:
    project = on_airflow(
        builder.functions("def one(): return 1").pipeline("__default__", "node(one, None, 'a', name='a')").pickles("a")
    )
    dag_id = project.run()["dag_id"]
    before = gather_remote(api)
    assert answers(before)["remote-health"].state.value == "ok"
    assert answers(before)["remote-version"].state.value == "ok"
    assert before.dags is not None
    assert before.dags[dag_id] is False
    api.set_paused(dag_id, paused=True)
    _pool(api, "POST", "/api/v2/pools", {"name": "doctor", "slots": 0, "include_deferred": False})
    try:
        found = answers(gather_remote(api))
    finally:
        _pool(api, "DELETE", "/api/v2/pools/doctor", None)
        api.set_paused(dag_id, paused=False)
    assert dag_id in found["remote-paused"].seen
    assert "doctor (no slots)" in found["remote-pools"].seen


def _pool(api: AirflowApi, method: str, path: str, body: object) -> None:
    status, _ = api._call(method, path, body=body)
    assert status < 300


@pytest.mark.airflow
@pytest.mark.e2e
def test_a_login_that_is_refused_leaves_what_needs_none(shared_airflow: EmbeddedAirflow) -> None:
    url = shared_airflow.api().url
    stranger = AirflowApi(url, username="admin", password="wrong", transport=OfficialTransport(url))
    found = answers(gather_remote(stranger))
    assert found["remote-health"].state.value == "ok"
    assert found["remote-paused"].state.value == "unknown"
    assert "401" in found["remote-paused"].seen
