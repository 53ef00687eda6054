"""What commands that follow a run say when nothing happens."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_aloft.cli.following import Triggerer, triggerer_of
from kedro_aloft.client import AirflowApi, TaskState
from kedro_aloft.contract.keys import MIRROR_OPERATOR
from support.double import Asked, Double, Said

MANY = 1000
WAITING = TaskState(task_id="node", state="deferred", operator=MIRROR_OPERATOR)


class Health(Double):
    """An Airflow that says how it is."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__()
        self._said = Said(status=status, body=body)

    def answer(self, asked: Asked) -> Said:
        assert asked.path == "/api/v2/monitor/health"
        return self._said


def said(states: tuple[str, ...], health: str | None, looks: int = MANY, operator: str = "") -> list[str]:
    words: list[str] = []
    triggerer = Triggerer(lambda: health, words.append)
    tasks = [TaskState(task_id=f"t{number}", state=state, operator=operator) for number, state in enumerate(states)]
    for _ in range(looks):
        triggerer.on_look(tasks)
    return words


@pytest.mark.parametrize(("health", "named"), [(None, "which is not there"), ("unhealthy", "which is unhealthy")])
def test_a_run_that_waits_for_a_triggerer_alone_is_told_once(health: str | None, named: str) -> None:
    (words,) = said(("success", "deferred", "deferred", "none"), health)
    assert named in words


@pytest.mark.parametrize(
    ("states", "health", "looks"),
    [
        (("success", "deferred", "none"), "healthy", MANY),
        (("running", "deferred", "none"), None, MANY),
        (("none", "none"), None, MANY),
        (("success", "failed"), None, MANY),
        (("success", "deferred"), None, 3),
    ],
    ids=["healthy", "work goes on", "not begun", "ended", "only just"],
)
def test_nothing_is_said_of_a_run_that_goes_on(states: tuple[str, ...], health: str | None, looks: int) -> None:
    assert said(states, health, looks) == []


@pytest.mark.parametrize("looks", [1, MANY])
def test_where_nodes_are_shown_live_it_is_told_before_anything_waits(looks: int) -> None:
    (words,) = said(("none", "running"), None, looks, MIRROR_OPERATOR)
    assert "The tasks that show nodes wait in Airflow's triggerer, which is not there" in words
    assert said(("none", "running"), "healthy", looks, MIRROR_OPERATOR) == []
    assert said(("success", "failed"), None, looks, MIRROR_OPERATOR) == []


@pytest.mark.parametrize("body", [{}, {"triggerer": {"status": None}}, {"triggerer": {"status": "unhealthy"}}])
def test_airflow_is_asked_for_its_triggerer(body: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with Health(200, body) as airflow:
        triggerer_of(AirflowApi(airflow.url)).on_look([WAITING])
    assert "Start `airflow triggerer`" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "body"), [(200, {"triggerer": {"status": "healthy"}}), (403, {"detail": "no"})])
def test_where_it_lives_or_health_is_not_told_nothing_is_said(
    status: int, body: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with Health(status, body) as airflow:
        triggerer_of(AirflowApi(airflow.url)).on_look([WAITING])
    assert capsys.readouterr().err == ""
