"""Reasons and forecast of `group_by: auto`: every fusion and every border explained, in words that do not flicker."""

from __future__ import annotations

import json

import pytest

from kedro_aloft.graph.auto import auto_groups
from kedro_aloft.graph.costs import Costs
from kedro_aloft.graph.forecast import build_forecast
from kedro_aloft.graph.reasons import border_reasons, explain_tasks
from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind, NodeInfo, Snapshot


def snapshot_of(edges: list[tuple[str, str]]) -> Snapshot:
    names = list(dict.fromkeys(name for edge in edges for name in edge if name))
    nodes = tuple(
        NodeInfo(name=name, inputs=tuple(f"d_{one}" for one, two in edges if two == name), outputs=(f"d_{name}",))
        for name in names
    )
    datasets = {f"d_{name}": DatasetInfo(name=f"d_{name}", kind=DatasetKind.MEMORY) for name in names}
    datasets["d_"] = DatasetInfo(name="d_", kind=DatasetKind.PERSISTED, location="raw.csv")
    return Snapshot(package="shop", pipeline="__default__", env="local", nodes=nodes, datasets=datasets)


CHAIN = snapshot_of([("a", "b"), ("b", "c")])
DIAMOND = snapshot_of([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])


def known(**seconds: float) -> Costs:
    return Costs(seconds=seconds, slots=2)


def test_a_chain_says_so() -> None:
    (reason,) = auto_groups(CHAIN).values()
    assert reason.startswith("chain: 3 nodes one after the other")


def test_a_cheap_fan_says_what_it_saves() -> None:
    snapshot = snapshot_of([("", "b"), ("", "c"), ("", "d"), ("", "e")])
    costs = known(b=0.02, c=0.02, d=0.02, e=0.02)
    ((nodes, reason),) = auto_groups(snapshot, costs=costs).items()
    assert reason == "cheap fan: 4 nodes cost less together than a task each"
    assert explain_tasks(snapshot, [nodes], costs=costs) == (
        "cheap fan: 4 nodes of 0.02 s cost less together than a task each (1 s)",
    )


def test_a_fused_diamond_compares_gain_and_price() -> None:
    costs = known(a=0.1, b=0.1, c=0.1, d=0.1)
    ((nodes, reason),) = auto_groups(DIAMOND, costs=costs).items()
    assert reason == "fused: side by side these 4 nodes would save less than further tasks cost"
    assert explain_tasks(DIAMOND, [nodes], costs=costs)[0].endswith(" cost (0.1 s against 1.4 s)")


def test_a_packed_task_says_for_how_many_slots() -> None:
    snapshot = snapshot_of([("", name) for name in "bcdefg"])
    costs = known(**dict.fromkeys("bcdefg", 5.0))
    tasks = list(auto_groups(snapshot, costs=costs))
    assert (
        explain_tasks(snapshot, tasks, costs=costs)
        == ("packed: 3 independent nodes of 5 s, as many as come to one of 2 slots",) * 2
    )


def test_unknown_durations_are_admitted() -> None:
    (reason,) = auto_groups(DIAMOND, costs=Costs(slots=1)).values()
    assert reason.startswith("durations unknown: 4 nodes")


def test_single_nodes_need_no_reason() -> None:
    snapshot = snapshot_of([("", "b"), ("", "c")])
    assert auto_groups(snapshot, costs=known(b=10.0, c=10.0)) == {("b",): "", ("c",): ""}


def test_borders_of_parallel_branches_name_what_runs_beside() -> None:
    tasks = [["a"], ["b"], ["c"], ["d"]]
    borders = border_reasons(DIAMOND, tasks, costs=known(a=0.1, b=10.0, c=20.0, d=0.1))
    reasons = {(border.source, border.target): border.reason for border in borders}
    assert reasons[0, 1] == "parallel branches: runs beside c (20 s)"
    assert reasons[0, 2] == "parallel branches: runs beside b (10 s)"
    assert reasons[1, 3].startswith("join: waits also for c (20 s)")
    assert len(reasons) == 4


def test_borders_between_requirements_name_the_settings_never_their_values() -> None:
    needs = {name: json.dumps({"pool": None, "env_vars": []}) for name in "ac"}
    needs["b"] = json.dumps({"pool": "gpu", "env_vars": [["TOKEN", "hunter2"]]})
    borders = border_reasons(CHAIN, [["a"], ["b"], ["c"]], costs=Costs(), requirements=needs)
    assert {border.reason for border in borders} == {"different requirements: env_vars, pool"}


def test_borders_for_memory_say_so() -> None:
    costs = Costs(memory_mib={"a": 100.0, "b": 5000.0}, memory_per_slot_mib=2000.0)
    (first, _) = border_reasons(CHAIN, [["a"], ["b"], ["c"]], costs=costs)
    assert first.reason == "memory: together they could take more than the 2000 MiB of a slot"


def test_the_words_of_the_plan_do_not_change_with_the_durations() -> None:
    first = auto_groups(DIAMOND, costs=known(a=0.1, b=0.1, c=0.1, d=0.1))
    assert first == auto_groups(DIAMOND, costs=known(a=0.2, b=0.01, c=0.15, d=0.3))


def test_the_forecast_compares_none_auto_and_one() -> None:
    snapshot = snapshot_of([("a", "b"), ("b", "c"), ("x", "y")])
    costs = known(a=4.0, b=4.0, c=4.0, x=6.0, y=6.0)
    tasks = list(auto_groups(snapshot, costs=costs))
    (case,) = build_forecast(snapshot, tasks, costs=costs, is_auto=True).cases
    assert case.unknown_s is None
    assert case.bound_s <= case.auto_s == case.planned_s < case.one_s
    assert case.auto_s < case.none_s
    assert case.auto_s == pytest.approx(0.2 + 1.0 + 12.0)
    assert case.one_s == pytest.approx(0.1 + 1.0 + 24.0)


def test_the_forecast_finds_auto_for_any_other_plan() -> None:
    costs = known(a=0.1, b=0.1, c=0.1)
    forecast = build_forecast(CHAIN, [["a"], ["b"], ["c"]], costs=costs)
    assert forecast.cases[0].planned_s == forecast.cases[0].none_s
    assert forecast.cases[0].auto_s == forecast.cases[0].one_s


def test_the_forecast_of_unknown_nodes_has_a_case_per_guess() -> None:
    forecast = build_forecast(CHAIN, [["a", "b", "c"]], costs=known(a=0.1))
    assert [case.unknown_s for case in forecast.cases] == [0.02, 10.0]
    assert (forecast.known, forecast.nodes, forecast.slots) == (1, 3, 2)
    assert json.loads(json.dumps(forecast.to_dict()))["cases"][0]["unknown_s"] == 0.02
