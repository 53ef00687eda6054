"""What commands that follow a run say when nothing happens."""

from __future__ import annotations

import pytest

from kedro_aloft.cli.following import Triggerer
from kedro_aloft.client import TaskState

MANY = 1000


def said(states: tuple[str, ...], health: str | None, looks: int = MANY) -> list[str]:
    words: list[str] = []
    triggerer = Triggerer(lambda: health, words.append)
    for _ in range(looks):
        triggerer.on_look([TaskState(task_id=f"t{number}", state=state) for number, state in enumerate(states)])
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
