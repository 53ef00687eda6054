"""What `kedro airflow clear` does with a run that Airflow ends in the moment of the clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.cli.clear import clear_surely
from kedro_aloft.cli.connecting import Place
from kedro_aloft.client import AirflowApi
from support.double import Asked, Double, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS = ("runner", "node")
Look = tuple[str, str]
"""The state of the run, and of its cleared tasks."""


class Clearing(Double):
    """An Airflow with one run. Each clear begins a new list of what it then looks like; the last look stays."""

    def __init__(self, *clears: Sequence[Look]) -> None:
        super().__init__()
        self.clears: list[list[str]] = []
        self._looks = [list(looks) for looks in clears]

    def answer(self, asked: Asked) -> Said:
        if asked.path.endswith("/clearTaskInstances"):
            assert asked.json()["dry_run"] is False
            self.clears.append(asked.json()["task_ids"])
            return Said(body={"task_instances": []})
        looks = self._looks[len(self.clears) - 1]
        if asked.path.endswith("/taskInstances"):
            run, state = looks[0]
            del looks[: len(looks) > 1]
            found = [{"task_id": task, "state": state or None} for task in TASKS]
            return Said(body={"task_instances": [*found, {"task_id": "other", "state": run}], "total_entries": 3})
        assert asked.path == "/api/v2/dags/d/dagRuns/r"
        return Said(body={"dag_id": "d", "dag_run_id": "r", "state": looks[0][0]})


def clears(*looks: Sequence[Look]) -> list[list[str]]:
    """Return the tasks of each clear."""
    with Clearing(*looks) as airflow:
        api = AirflowApi(airflow.url, token=lambda: "")
        clear_surely(Place(api=api, dag_id="d", details={}), "r", TASKS)
        return airflow.clears


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kedro_aloft.cli.clear._PAUSE_S", 0.0)


@pytest.mark.parametrize("end", ["success", "failed"])
@pytest.mark.parametrize("before", [[], [("running", "")] * 3], ids=["at once", "later"])
def test_what_airflow_loses_is_cleared_once_more(
    before: list[Look], end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clears([*before, (end, "")], [(end, "")]) == [list(TASKS)] * 2
    assert "cleared once more" in capsys.readouterr().err


@pytest.mark.parametrize(
    "looks",
    [
        [("queued", "")],
        [("running", ""), ("running", "scheduled")],
        [("running", "deferred")],
        [("running", "")],
        [("running", ""), ("success", "success")],
    ],
    ids=["an ended run", "a run at work", "its nodes are shown", "nobody schedules", "it was quick"],
)
def test_a_run_that_goes_on_is_cleared_once(looks: list[Look], capsys: pytest.CaptureFixture[str]) -> None:
    assert clears(looks) == [list(TASKS)]
    assert capsys.readouterr().err == ""
