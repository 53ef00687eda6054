"""Issue 2: what other tools rely on in `plan`, `run`, `check`, `diff`, `init`, `up`, `down` and `status`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import airflow_processes, load_one, nodes_by_task
from support.commands import program, user_environment
from support.runs import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

FUNCTIONS = "def first(*values): return 1"
NODES = """
    node(first, ["raw", "params:size"], "table", name="clean", namespace=None),
    node(first, "table", "model", name="train"),
    node(first, ["model", "table"], "score", name="evaluate"),
    node(first, "raw", "report", name="aside"),
"""


@pytest.fixture(scope="module")
def project(module_builder: Callable[[str], ProjectBuilder]) -> Project:
    """One memory dataset that crosses tasks, one persisted one, one branch aside."""
    return (
        module_builder("commands")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pipeline("etl", 'node(first, "raw", "table", name="clean_only")')
        .pickles("raw", "table", "score", "report")
        .parameters(size=1)
        .file("conf/prod/catalog.yml", "{}")
        .build()
    )


# --- plan


def test_plan_json_has_the_keys_of_the_contract(project: Project) -> None:
    """`hash, pipeline, env, tasks: [{id, nodes, upstream, inputs, outputs}], handoff: [{dataset, from, to, uri}]`."""
    plan = project.plan()
    assert plan["pipeline"] == "__default__"
    assert plan["env"] == "local"
    assert isinstance(plan["hash"], str)
    tasks = {
        task["id"]: {key: task[key] for key in ("nodes", "upstream", "inputs", "outputs")} for task in plan["tasks"]
    }
    assert tasks == {
        "aside": {"nodes": ["aside"], "upstream": [], "inputs": ["raw"], "outputs": ["report"]},
        "clean": {"nodes": ["clean"], "upstream": [], "inputs": ["raw"], "outputs": ["table"]},
        "train": {"nodes": ["train"], "upstream": ["clean"], "inputs": ["table"], "outputs": ["model"]},
        "evaluate": {
            "nodes": ["evaluate"],
            "upstream": ["clean", "train"],
            "inputs": ["model", "table"],
            "outputs": ["score"],
        },
    }
    (crossing,) = plan["handoff"]
    assert set(crossing) == {"dataset", "from", "to", "uri"}
    assert (crossing["dataset"], crossing["from"], crossing["to"]) == ("model", "train", "evaluate")
    assert crossing["uri"].endswith(".handoff")


def test_the_plan_is_what_the_dag_file_runs(project: Project) -> None:
    """The same tasks with the same nodes, whatever the options."""
    for arguments in (
        ("--group-by=memory",),
        ("--tags=none_of_these",),
        ("--to-nodes=train", "--env=prod"),
        ("-p", "etl"),
    ):
        done = project.airflow("plan", "--json", *arguments)
        if done.code:
            assert "none_of_these" in done.text
            continue
        folder = f"dags{len(str(arguments))}"
        project.create(f"--target-dir={folder}", *arguments)
        planned = {task["id"]: task["nodes"] for task in done.json()["tasks"]}
        assert nodes_by_task(load_one(project.path / folder)) == planned


def test_the_hash_changes_with_the_plan_and_with_nothing_else(project: Project) -> None:
    """The same plan, the same hash; what does not change the plan does not change the hash."""
    hashes = {
        name: project.plan(*arguments)["hash"]
        for name, arguments in {
            "once": (),
            "again": (),
            "schedule": ("--set=schedule=@daily",),
            "grouped": ("--group-by=memory",),
            "selected": ("--nodes=clean",),
            "prod": ("--env=prod",),
        }.items()
    }
    assert hashes["once"] == hashes["again"] == hashes["schedule"]
    assert len(set(hashes.values())) == 4


def test_several_plans_are_a_list(project: Project) -> None:
    """One object for one pipeline, a list for several."""
    assert [plan["pipeline"] for plan in project.plan("-p", "etl,__default__")] == ["etl", "__default__"]
    assert [plan["pipeline"] for plan in project.plan("--all")] == ["__default__", "etl"]
    assert project.plan("-p", "etl")["pipeline"] == "etl"


def test_a_plan_that_nobody_would_read_is_cut_and_says_so(module_builder: Callable[[str], ProjectBuilder]) -> None:
    count = 250
    nodes = [f"node(first, {'x' if i == 0 else f'd{i - 1}'!r}, 'd{i}', name='n{i}')" for i in range(count)]
    project = (
        module_builder("long")
        .functions("def first(x): return x")
        .pipeline("__default__", ", ".join(nodes))
        .pickles("x")
        .build()
    )
    apart = project.airflow("plan", "--group-by=none").ok().out
    assert "… and 50 tasks more: `kedro airflow plan --json` has all" in apart
    assert "… and 49 crossings more" in apart
    assert "\nn199 " in apart
    assert "\nn200 " not in apart
    assert "… 50 more" in project.airflow("plan", "--group-by=chain").ok().out
    assert len(project.plan("--group-by=none")["tasks"]) == count


def test_the_plan_for_people_names_tasks_borders_and_where_data_is_kept(project: Project) -> None:
    """Printed on stdout, all of it; nothing is written."""
    before = project.tree()
    done = project.airflow("plan").ok()
    for word in ("clean", "evaluate", "model", "handoff", "data/table.pkl"):
        assert word in done.out
    assert project.tree() == before


# --- check, diff, init


def test_check_json_is_a_list_and_a_sound_project_has_no_findings(project: Project) -> None:
    """Exit code 0, and an empty list."""
    assert project.airflow("check", "--all", "--json").ok().json() == []


def test_diff_tells_what_create_would_change_and_which_tasks_lose_their_history(project: Project) -> None:
    """Three times: new, unchanged, changed; nothing is written."""
    arguments = ("--target-dir=compared", "--exit-code")
    assert project.airflow("diff", *arguments).code == 1
    project.create("--target-dir=compared")
    same = project.airflow("diff", *arguments).ok()
    assert same.out == ""
    before = project.tree()
    shown = project.airflow("diff", *arguments, "--group-by=memory")
    assert shown.code == 1
    assert "disappears" not in shown.err
    changed = project.airflow("diff", *arguments, "--group-by=memory", "--set=mirrors=off")
    assert changed.code == 1
    assert "+" in changed.out
    for word in ("'train'", "history", "disappears"):
        assert word in changed.err
    assert project.airflow("diff", "--target-dir=compared", "--set=dag_id=renamed").ok().err.count("renamed") >= 1
    assert project.tree() == before


def test_init_writes_settings_that_change_nothing_and_a_schema(builder: ProjectBuilder) -> None:
    """A commented airflow.yml; what is there already is never overwritten without asking."""
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("raw").parameters(size=1).build()
    (plain,) = project.create()
    before = plain.read_bytes()
    done = project.airflow("init").ok()
    assert "Next:" in done.out
    settings = project.path / "conf" / "base" / "airflow.yml"
    schema = json.loads((project.path / "conf" / "airflow.schema.json").read_text(encoding="utf-8"))
    assert "properties" in schema or "additionalProperties" in schema
    assert settings.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../airflow.schema.json")
    project.create()
    assert plain.read_bytes() == before
    settings.write_text("default: {owner: me}\n")
    again = project.airflow("init")
    assert again.code == 2
    assert "--force" in again.text
    assert settings.read_text() == "default: {owner: me}\n"
    project.airflow("init", "--force").ok()
    assert settings.read_text() != "default: {owner: me}\n"


@pytest.mark.parametrize("command", ["init", "plan", "check", "create", "diff", "run", "learn", "up", "down", "status"])
def test_every_command_has_help_with_an_example(project: Project, command: str) -> None:
    """DESIGN: `--help` with an example."""
    done = project.airflow(command, "--help").ok()
    assert f"kedro airflow {command}" in done.out
    assert "Example" in done.out


@pytest.mark.parametrize("command", ["create", "plan", "run", "check"])
def test_commands_share_their_options(project: Project, command: str) -> None:
    """`-p -e -g --conf-source`, Kedro's selection options and `--set`."""
    text = project.airflow(command, "--help").ok().out
    selection = ("--tags", "--nodes", "--from-nodes", "--to-nodes", "--from-inputs", "--to-outputs", "--namespaces")
    options = ("-p, --pipelines", "-e, --env", "-g, --group-by", "--conf-source", "--set", *selection)
    assert [option for option in options if option not in text] == []


# --- run


@pytest.mark.e2e
def test_run_json_prints_one_object_with_the_keys_of_the_contract(
    on_airflow: Callable[[ProjectBuilder], Project], builder: ProjectBuilder, api: AirflowApi
) -> None:
    """One line: `dag_id, run_id, state, seconds, tasks: [{id, state, seconds, tries, nodes: [{name, seconds}]}]`."""
    project = on_airflow(
        builder.functions("def first(*values): print('a node prints'); return 1")
        .pipeline("__default__", NODES)
        .pickles("table", "score", "report")
        .catalog("raw: {type: json.JSONDataset, filepath: data/raw.json}")
        .file("data/raw.json", "1")
        .parameters(size=1)
    )
    done = project.airflow("run", "--json", "--group-by=memory", f"--set=project_path={project.path}").ok()
    outcome: dict[str, Any] = json.loads(done.out)
    assert done.out.count("\n") == 1
    assert set(outcome) >= {"dag_id", "run_id", "state", "seconds", "tasks"}
    run = api.run(outcome["dag_id"], outcome["run_id"])
    assert (outcome["state"], outcome["seconds"]) == ("success", run.seconds)
    planned = {task["id"]: task["nodes"] for task in project.plan("--group-by=memory")["tasks"]}
    assert {task["id"]: [node["name"] for node in task["nodes"]] for task in outcome["tasks"]} == planned
    for task in outcome["tasks"]:
        assert set(task) >= {"id", "state", "seconds", "tries", "nodes"}
        assert (task["state"], task["tries"]) == ("success", 1)
        assert 0 < sum(node["seconds"] for node in task["nodes"]) <= task["seconds"]
    assert "evaluate" in done.err
    assert project.airflow("run", f"--set=project_path={project.path}").ok().out.count("success") >= 4


# --- the embedded Airflow


@pytest.fixture
def own(builder: ProjectBuilder) -> Any:
    """A project with an Airflow of its own; nothing of it survives the test."""
    project = (
        builder.functions(
            """
            import time

            def make(wait):
                note("started")
                deadline = time.monotonic() + 600
                while wait and time.monotonic() < deadline:
                    time.sleep(0.05)
                return 1
            """
        )
        .pipeline(
            "__default__", 'node(make, "params:wait", "made", name="make"), node(make, "params:no", "x", name="x")'
        )
        .pickles("made")
        .parameters(wait=False, no=False)
        .build()
    )
    yield project
    project.airflow("down")
    assert airflow_processes(project.path) == []


@pytest.mark.e2e
def test_up_stays_until_down_and_run_uses_it(own: Project) -> None:
    """`up`, `up` again, `status`, `run`, `down`, `down` again: exit codes, one Airflow, and nothing afterwards."""
    assert own.airflow("status").code == 1
    first = own.airflow("up").ok()
    assert "password" in first.err
    processes = set(airflow_processes(own.path))
    assert processes
    second = own.airflow("up").ok()
    assert "already up" in second.err
    status = own.airflow("status", "--json").ok().json()
    assert status["up"] is True
    assert status["url"].startswith("http://127.0.0.1:")
    assert status["url"] in first.err
    assert json.loads(own.airflow("run", "--json").ok().out)["state"] == "success"
    assert own.airflow("status").ok()
    own.airflow("down").ok()
    assert airflow_processes(own.path) == []
    assert own.airflow("status").code == 1
    own.airflow("down").ok()
    ignored = (own.path / ".airflow" / ".gitignore").read_text(encoding="utf-8")
    assert ignored.strip() == "*"


@pytest.mark.e2e
def test_a_run_leaves_nothing_running_and_ctrl_c_ends_everything(own: Project) -> None:
    """Two commands in a fresh project and no other file: green; then Ctrl-C in the middle: exit code 130, all gone."""
    before = own.tree("data", "notes.txt")
    outcome = json.loads(own.airflow("run", "--json").ok().out)
    assert outcome["state"] == "success"
    assert airflow_processes(own.path) == []
    assert own.tree("data", "notes.txt") == before
    command = [program("kedro"), "airflow", "run", "--params=wait=true", "--nodes=make"]
    process = subprocess.Popen(
        command,
        cwd=own.path,
        env=user_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(own.notes()) == 3 or process.poll() is not None, "the node that waits")
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert airflow_processes(own.path) == []
