"""History and costs: what is learned, what is refused, and that it stays the same bytes."""

from __future__ import annotations

import json

import pytest

from kedro_aloft.errors import PlanError
from kedro_aloft.graph.costs import SEVERAL_RUNS, Costs, History, median_history

SEEN = History(
    seconds={"b": 2.0, "a": 1.0}, memory_mib={"a": 300.0}, size_bytes={"x": 10_000_000}, overhead_s=0.7, slots=2
)


def test_a_history_survives_json() -> None:
    assert History.from_dict(json.loads(json.dumps(SEEN.to_dict()))) == SEEN


def test_a_history_is_written_sorted() -> None:
    assert list(SEEN.to_dict()["seconds"]) == ["a", "b"]


def test_an_empty_history_learns_what_is_seen() -> None:
    assert History().learn(SEEN) == SEEN


def test_a_figure_stays_while_the_new_one_is_within_a_quarter() -> None:
    assert SEEN.learn(History(seconds={"b": 2.4, "a": 0.8}, overhead_s=0.8)) == SEEN


def test_a_figure_that_changed_goes_half_the_way() -> None:
    assert SEEN.learn(History(seconds={"b": 4.0})).seconds == {"a": 1.0, "b": 3.0}


def test_figures_of_several_runs_replace_what_was_known() -> None:
    assert SEEN.learn(History(seconds={"b": 4.0, "a": 1.1}), step=SEVERAL_RUNS).seconds == {"a": 1.0, "b": 4.0}


def test_of_several_runs_the_median_of_each_figure_counts() -> None:
    runs = [
        History(seconds={"a": 1.0, "b": 7.0}, overhead_s=0.5, slots=4),
        History(seconds={"a": 9.0}, size_bytes={"x": 3}, overhead_s=0.7, slots=2),
        History(seconds={"a": 2.0}, memory_mib={"a": 50.0}),
    ]
    assert median_history(runs) == History(
        seconds={"a": 2.0, "b": 7.0}, memory_mib={"a": 50.0}, size_bytes={"x": 3}, overhead_s=0.6, slots=4
    )
    assert median_history([]) == History()


def test_what_a_run_did_not_show_is_kept() -> None:
    learned = SEEN.learn(History(seconds={"c": 5.0}))
    assert learned.seconds == {"a": 1.0, "b": 2.0, "c": 5.0}
    assert (learned.overhead_s, learned.slots, learned.size_bytes) == (0.7, 2, {"x": 10_000_000})


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"schema": 99},
        {"schema": 1, "seconds": {"a": "long"}},
        {"schema": 1, "seconds": [1]},
        {"schema": 1, "seconds": {"a": -1}},
        {"schema": 1, "seconds": {"a": float("nan")}},
    ],
)
def test_what_is_no_history_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(PlanError):
        History.from_dict(content)


def test_costs_take_over_what_the_history_knows() -> None:
    costs = Costs(seconds={"a": 9.0, "z": 1.0}).with_history(SEEN)
    assert costs.seconds == {"a": 1.0, "b": 2.0, "z": 1.0}
    assert (costs.overhead_s, costs.slots) == (0.7, 2)
    assert Costs().with_history(History()) == Costs()


def test_a_handoff_costs_by_size() -> None:
    costs = Costs(size_bytes={"x": 1_000_000_000})
    assert costs.handoff_s("x") == pytest.approx(0.505)
    assert costs.handoff_s("unknown") == pytest.approx(0.005)


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"unknown_s": ()}, {"overhead_s": -1.0}, {"seconds": {"a": -1.0}}])
def test_costs_that_no_simulation_could_use_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(PlanError):
        Costs(**wrong)  # type: ignore[arg-type]
