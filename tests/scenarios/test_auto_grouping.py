"""`group_by: auto`: the first run knows nothing, the next one plans with what the first one took."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from support.commands import run_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.embedded import EmbeddedAirflow
    from support.projects import Project, ProjectBuilder

AUTO = "--group-by=auto"
BRANCHES = """
    node(make, "params:seconds", ["left_in", "right_in"], name="make"),
    node(work, ["left_in", "params:seconds"], "left", name="left"),
    node(work, ["right_in", "params:seconds"], "right", name="right"),
    node(join, ["left", "right"], "joined", name="join"),
"""
FUNCTIONS = """
    import time

    def make(seconds): return 1, 2
    def work(x, seconds): time.sleep(seconds); return x
    def join(left, right): return left + right
"""


def history(project: Project, *, folder: str = "history", **seconds: float) -> None:
    """Write what a run on two slots would have left: here, or `learned` elsewhere."""
    content = {"dag_id": project.package, "schema": 1, "seconds": seconds, "overhead_s": 1.0, "slots": 2}
    project.write(f".airflow/{folder}/{project.package}.json", json.dumps(content))


def large_history(project: Project, **memory_mib: float) -> None:
    """Write what a run of cheap nodes would have left."""
    content = {"seconds": dict.fromkeys(memory_mib, 0.1), "memory_mib": memory_mib}
    content = {"dag_id": project.package, "schema": 1, **content, "overhead_s": 1.0, "slots": 2}
    project.write(f".airflow/history/{project.package}.json", json.dumps(content))


def groups(project: Project, *args: str) -> list[list[str]]:
    return [task["nodes"] for task in project.plan(*(args or (AUTO,)))["tasks"]]


def test_durations_decide_whether_branches_share_a_task(builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", BRANCHES).parameters(seconds=0.1).build()
    assert groups(project) == [["make"], ["left"], ["right"], ["join"]]  # a wrong border costs less than a wrong fusion
    history(project, make=0.1, left=10.0, right=10.0, join=0.1)
    plan = project.plan("--group-by=auto")
    assert [task["nodes"] for task in plan["tasks"]] == [["make"], ["left"], ["right"], ["join"]]
    reasons = {(border["from"], border["to"]): border["reason"] for border in plan["borders"]}
    assert reasons["make", "left"] == "parallel branches: runs beside right (10 s)"
    (case,) = plan["forecast"]["cases"]
    assert case["bound_s"] < case["planned_s"] == case["auto_s"] < case["one_s"]
    history(project, make=0.1, left=0.01, right=0.01, join=0.1)
    assert groups(project) == [["make", "left", "right", "join"]]


def test_the_same_history_gives_the_same_bytes(builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", BRANCHES).parameters(seconds=0.1).build()
    history(project, folder="learned", make=0.1, left=3.0, right=3.1, join=0.1)
    (file,) = project.create(AUTO)
    assert len(groups(project)) > 1
    first = file.read_bytes()
    project.create(AUTO)
    assert file.read_bytes() == first
    history(project, folder="learned", make=0.1, left=3.3, right=2.9, join=0.12)
    project.create(AUTO)
    assert file.read_bytes() == first  # other figures, the same plan


def test_runs_here_change_no_dag_file_that_goes_elsewhere_but_what_was_learned_there_does(
    builder: ProjectBuilder,
) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", BRANCHES).parameters(seconds=0.1).build()
    (file,) = project.create(AUTO)
    first = file.read_bytes()
    history(project, make=0.1, left=0.01, right=0.01, join=0.1)
    assert groups(project) == [["make", "left", "right", "join"]]
    assert "would not change" in project.airflow("diff", AUTO, "--exit-code").ok().text
    project.create(AUTO)
    assert file.read_bytes() == first
    history(project, folder="learned", make=0.1, left=0.01, right=0.01, join=0.1)
    assert project.airflow("diff", AUTO, "--exit-code").code == 1
    project.create(AUTO)
    assert file.read_bytes() != first


def test_a_file_for_elsewhere_is_as_wide_as_an_airflow_that_nobody_configured(builder: ProjectBuilder) -> None:
    nodes = "\n".join(f'node(work, ["params:x", "params:seconds"], "out{n}", name="n{n}"),' for n in range(48))
    project = builder.functions(FUNCTIONS).pipeline("__default__", nodes).parameters(x=1, seconds=0.1).build()
    assert "48 nodes in 16 tasks" in project.airflow("create", AUTO).ok().text
    assert "48 nodes in 3 tasks" in project.airflow("create", AUTO, "--set=slots=3").ok().text


def test_nodes_with_a_time_limit_share_a_task_only_by_a_grouping_that_somebody_names(builder: ProjectBuilder) -> None:
    chain = 'node(abs, "params:x", "a", name="a"), node(abs, "a", "b", name="b"), node(abs, "b", "c", name="c"),'
    limited = builder.pipeline("__default__", chain).parameters(x=1)
    project = limited.airflow_yml('default: {tasks: [{select: "node:b", timeout: 1h}]}').build()
    plan = project.plan(AUTO)
    assert [task["nodes"] for task in plan["tasks"]] == [["a"], ["b"], ["c"]]
    assert [task["reason"].partition(":")[0] for task in plan["tasks"]] == ["", "timeout", ""]
    assert {border["reason"].partition(":")[0] for border in plan["borders"]} == {"timeout"}
    project.write("conf/base/airflow.yml", "default: {timeout: 1h}")
    assert groups(project) == [["a"], ["b"], ["c"]]
    assert groups(project, "--group-by=chain") == [["a", "b", "c"]]


def test_nodes_in_containers_share_one_only_by_a_grouping_that_somebody_names(builder: ProjectBuilder) -> None:
    chain = 'node(abs, "params:x", "a", name="a"), node(abs, "a", "b", name="b"), node(abs, "b", "c", name="c"),'
    contained = "execution: kubernetes, image: shop, handoff: {uri: 's3://shop/handoff'}"
    project = builder.pipeline("__default__", chain).parameters(x=1).airflow_yml(f"default: {{{contained}}}").build()
    plan = project.plan(AUTO)
    assert [task["nodes"] for task in plan["tasks"]] == [["a"], ["b"], ["c"]]
    assert {border["reason"].partition(":")[0] for border in plan["borders"]} == {"container"}
    assert groups(project, "--group-by=chain") == [["a", "b", "c"]]


def test_slots_can_be_set(builder: ProjectBuilder) -> None:
    nodes = "\n".join(f'node(work, ["params:x", "params:seconds"], "out{n}", name="n{n}"),' for n in range(6))
    project = (
        builder.functions(FUNCTIONS)
        .pipeline("__default__", nodes)
        .parameters(x=1, seconds=0.1)
        .airflow_yml("default: {group_by: auto, slots: 3}")
        .build()
    )
    plan = project.plan()
    assert plan["forecast"]["slots"] == 3
    assert len(plan["tasks"]) == 3


def test_no_task_takes_more_than_the_memory_of_a_slot(builder: ProjectBuilder) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", BRANCHES).parameters(seconds=0.1).build()
    large_history(project, make=300.0, left=3000.0, right=9000.0, join=300.0)
    assert groups(project) == [["make", "left", "right", "join"]]
    limited = project.plan("--group-by=auto", "--set=memory_per_slot=4GiB")
    assert [task["nodes"] for task in limited["tasks"]] == [["make", "left"], ["right"], ["join"]]
    assert any(border["reason"].startswith("memory: together") for border in limited["borders"])

    (finding,) = json.loads(project.airflow("check", "--json", "--set=memory_per_slot=4GiB").ok().out)
    assert (finding["code"], finding["severity"]) == ("ALOFT-C04", "warning")
    assert "'right' took up to 9,000 MiB" in finding["message"]
    assert "`pool_slots: 3`" in finding["remedy"]
    given = 'default: {memory_per_slot: 4GiB, tasks: [{select: "node:right", pool: big, pool_slots: 3}]}'
    project.write("conf/base/airflow.yml", given)
    assert json.loads(project.airflow("check", "--json").ok().out) == []


AFTER_A_RUN = """
    import sys
    from pathlib import Path
    from kedro_aloft.cli.run import _tell_of_auto
    from kedro_aloft.compiler import Order, compile_project
    from kedro_aloft.project import open_project

    (dag,) = compile_project(open_project(), Order(overrides={"group_by": sys.argv[1]}))
    _tell_of_auto(Path.cwd(), dag)
"""


@pytest.mark.parametrize(
    ("grouping", "seconds", "said"),
    [("none", 0.1, True), ("none", 60.0, False), ("auto", 0.1, False), ("pipeline", 0.1, False)],
)
def test_after_a_run_the_gain_of_auto_is_told_where_it_is_large(
    builder: ProjectBuilder, grouping: str, seconds: float, said: bool
) -> None:
    project = builder.functions(FUNCTIONS).pipeline("__default__", BRANCHES).parameters(seconds=seconds).build()
    history(project, make=0.1, left=seconds, right=seconds, join=0.1)
    done = run_python(textwrap.dedent(AFTER_A_RUN), grouping, cwd=project.path).ok()
    assert ("--group-by=auto (predicted 1." in done.err) == said, done.text


@pytest.mark.airflow
@pytest.mark.e2e
def test_a_run_teaches_the_next_plan(
    on_airflow: Callable[[ProjectBuilder], Project], module_builder: Callable[[str], ProjectBuilder]
) -> None:
    project = on_airflow(
        module_builder("taught")
        .functions(FUNCTIONS)
        .pipeline("__default__", BRANCHES)
        .parameters(seconds=0.1)
        .pickles("joined")
    )
    assert project.plan("--group-by=auto")["forecast"]["known"] == 0
    assert project.run("--group-by=auto")["state"] == "success"
    forecast = project.plan("--group-by=auto")["forecast"]
    assert (forecast["known"], forecast["nodes"]) == (4, 4)
    assert [case["unknown_s"] for case in forecast["cases"]] == [None]
    assert project.run("--group-by=auto")["state"] == "success"
    assert project.pickled("joined") == 3


@pytest.mark.airflow
@pytest.mark.e2e
def test_runs_on_another_airflow_teach_as_well(
    on_airflow: Callable[[ProjectBuilder], Project],
    module_builder: Callable[[str], ProjectBuilder],
    shared_airflow: EmbeddedAirflow,
) -> None:
    project = on_airflow(
        module_builder("elsewhere").functions(FUNCTIONS).pipeline("__default__", BRANCHES).parameters(seconds=0.4)
    )
    address = shared_airflow.status().address
    assert address is not None
    login = {"KEDRO_ALOFT_AIRFLOW_PASSWORD": address.password}
    words = ("learn", f"--from={address.url}", f"--username={address.username}")

    assert project.run("--group-by=memory")["state"] == "success"  # one task: only its report knows the nodes
    (project.path / ".airflow" / "history" / f"{project.package}.json").unlink()
    file = project.path / ".airflow" / "learned" / f"{project.package}.json"
    assert "4 of 4 nodes from 1 run" in project.airflow(*words, env=login).ok().err
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["source"] == address.url
    assert content["seconds"]["left"] >= 0.4 > content["seconds"]["make"]
    assert project.plan("--group-by=auto")["forecast"]["known"] == 4

    before = file.read_bytes()
    unknown = project.airflow(*words, "--set=dag_id=never_ran", env=login)
    assert (unknown.code, "never_ran" in unknown.err) == (3, True)
    refused = project.airflow(*words, env={"KEDRO_ALOFT_AIRFLOW_PASSWORD": "hunter2"})
    assert (refused.code, "hunter2" in refused.text) == (3, False)
    assert project.airflow(*words).code == 2  # no password at all
    assert file.read_bytes() == before
