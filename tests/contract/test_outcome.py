"""How a DAG run ended, by the states of its tasks."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_aloft.contract.outcome import FAILED, STOPPED, SUCCESS, failed_tasks, outcome, without


@pytest.mark.parametrize(
    ("states", "how"),
    [
        ({"a": "success", "b": "success"}, SUCCESS),
        ({"a": "failed", "b": "upstream_failed"}, FAILED),
        ({"a": "success", "b": "removed"}, FAILED),
        ({"a": "success", "b": None}, FAILED),
        ({"a": "failed", "b": "skipped"}, STOPPED),
        ({"a": "success", "b": "skipped"}, STOPPED),
    ],
)
def test_a_run_did_well_failed_or_was_stopped(states: dict[str, Any], how: str) -> None:
    assert outcome(states) == how


def test_teardowns_say_nothing_of_the_run() -> None:
    assert without({"a": "success", "end": "running", "clean": None}, {"end", "clean"}) == {"a": "success"}


def test_only_tasks_that_failed_themselves_have_something_to_say() -> None:
    assert failed_tasks({"c": "failed", "b": "upstream_failed", "a": "failed", "d": "success"}) == ("a", "c")
