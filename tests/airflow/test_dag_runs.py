"""Whole DAG runs in a real Airflow: what the tasks leave, say and report; how they fail."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk")

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import DagRun
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow


# --- a run that does well

WELL = """
    import json, logging

    def make(x, rate, depth, day, secret):
        logging.getLogger("my.library").warning("beware")
        print("printed")
        note(os.getcwd(), "cwd.txt")
        return {"x": x, "rate": rate, "depth": depth, "day": day, "secret": secret, "add": lambda y: x + y}

    def braces(made): return {**made, "sum": made["add"](1)}
    braces.__name__ = "{{ ds }}.sql"

    def keep(made): made.pop("add"); return made

    def read(kept): note(json.dumps(kept)); return json.dumps(kept, sort_keys=True)
"""
WELL_NODES = """
    node(
        make,
        ["params:x", "params:model.rate", "params:model.depth", "params:day", "params:secret"],
        "made",
        name="make",
    ),
    node(braces, "made", "more"),
    node(keep, "more", "kept", name="keep"),
    node(read, "kept", "text", name="read"),
"""
WELL_CATALOG = """
    kept: {type: json.JSONDataset, filepath: data/kept.json, versioned: true}
    text: {type: text.TextDataset, filepath: data/text.txt}
"""
WELL_DAG = """
    with dag(
        params={"x": Param(1, type="integer"), "model.depth": Param(2, type="integer")},
        default_args={"retries": 1, "retry_delay": duration("1s"), "env_vars": {"TOKEN": "t-{{ dag.dag_id }}"}},
    ):
        first = task("make", gives=["made"])
        second = task("braces", nodes=[BRACES], takes=["made"], gives=["more"])
        third = task("keep", takes=["more"], versioned=["kept"])
        fourth = task("read", pinned=["kept"])
        first >> second >> third >> fourth >> KedroCleanup(kedro=kedro)
"""
PARAMETERS: dict[str, Any] = {"x": 1, "model": {"rate": 0.5, "depth": 2}, "day": "never", "secret": "none"}


@pytest.fixture(scope="module")
def well(module_builder: Callable[[str], ProjectBuilder], run_dag: Callable[..., DagRun]) -> tuple[Project, DagRun]:
    """A run with handoff, versions, all kinds of parameters and an environment variable."""
    project = (
        module_builder("well")
        .functions(WELL)
        .pipeline("__default__", WELL_NODES)
        .catalog(WELL_CATALOG)
        .parameters(**PARAMETERS)
        .file("conf/prod/parameters.yml", "secret: ${oc.env:TOKEN}")
        .settings(
            "from omegaconf.resolvers import oc\n"
            "CONFIG_LOADER_ARGS = {'base_env': 'base', 'custom_resolvers': {'oc.env': oc.env}}\n"
        )
        .build()
    )
    listed = project.kedro("registry", "describe", "__default__").ok().out
    braces = re.search(r"\{\{ ds \}\}\.sql[^\s']*", listed)
    assert braces, listed
    run = run_dag(
        project,
        WELL_DAG.replace("BRACES", repr(braces[0])),
        pipeline="env='prod', runtime_params={'day': 'on {{ dag_run.dag_id[:4] }}', 'model': {'rate': '{{ 3 / 4 }}'}}",
        conf={"x": 5, "model.depth": 2, "kedro_params": {"model": {"depth": 7}}},
    )
    run.test.succeeded()
    return project, run


def test_parameters_come_from_file_template_form_and_conf(well: tuple[Project, DagRun]) -> None:
    project, _ = well
    (line,) = project.notes()
    assert json.loads(line) == {
        "x": 5, "rate": 0.75, "depth": 7, "day": "on well", "secret": f"t-{project.package}", "sum": 6,
    }  # fmt: skip


def test_the_run_leaves_what_kedro_run_leaves_with_the_same_parameters(well: tuple[Project, DagRun]) -> None:
    project, _ = well
    ours = (project.path / "data/text.txt").read_text()
    params = "x=5,model.rate=0.75,model.depth=7,day=on well"
    project.kedro("run", "--env=prod", f"--params={params}", env={"TOKEN": f"t-{project.package}"}).ok()
    assert (project.path / "data/text.txt").read_text() == ours


def test_nodes_run_in_the_project_and_the_command_was_elsewhere(well: tuple[Project, DagRun]) -> None:
    assert well[0].notes("cwd.txt")[0] == str(well[0].path)


def test_one_version_for_the_whole_run_that_sorts_by_time(well: tuple[Project, DagRun]) -> None:
    versions = [path.name for path in (well[0].path / "data/kept.json").iterdir()]
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{3}Z-[0-9a-f]{8}", version) for version in versions)


def test_a_successful_run_leaves_nothing_in_the_store(well: tuple[Project, DagRun]) -> None:
    assert list(well[0].handoff.iterdir()) == []
    assert (well[0].path / ".airflow/.gitignore").read_text() == "*\n"


def test_each_task_reports_its_nodes(well: tuple[Project, DagRun]) -> None:
    reports = well[1].reports
    states = {task: [node["state"] for node in report["nodes"]] for task, report in reports.items()}
    assert states == {task: ["success"] for task in ("make", "braces", "keep", "read")}
    (made,) = reports["make"]["nodes"][0]["outputs"]
    assert (made["name"], made["kept_in"]) == ("made", "handoff")
    assert reports["keep"]["nodes"][0]["outputs"][0]["kept_in"] == "catalog"
    assert "cut" not in reports["make"]


def test_no_data_goes_through_xcom(well: tuple[Project, DagRun]) -> None:
    assert well[0].package not in json.dumps(well[1].reports)
    assert set(well[1].reports) == {"make", "braces", "keep", "read"}


# --- a run in which many things go wrong, each in its own way

ILL = """
    import threading

    def once(x):
        note("once", "once.txt")
        if len((PROJECT / "once.txt").read_text().split()) < 2:
            raise ValueError("not yet")
        return lambda: x

    def never(x): note("never", "never.txt"); import no_such_module

    def stuck(x): note("stuck", "stuck.txt"); threading.Event().wait()

    def unpicklable(x): note("unpicklable", "unpicklable.txt"); return (n for n in [x])

    def after(given): note("after")
"""
ILL_NODES = """
    node(once, "params:x", "given", name="once"),
    node(never, "params:x", "a", name="never"),
    node(stuck, "params:x", "b", name="stuck"),
    node(unpicklable, "params:x", "c", name="unpicklable"),
    node(after, "given", None, name="after"),
    node(after, "given", None, name="blocked"),
"""
ILL_DAG = """
    with dag(default_args={"retries": 1, "retry_delay": duration("0s")}):
        once, never = task("once", gives=["given"]), task("never")
        stuck = task("stuck", execution_timeout=timedelta(seconds=1), retries=0)
        unpicklable = task("unpicklable", gives=["c"])
        after = task("after", takes=["given"])
        blocked = task("blocked", takes=["given"])
        gone = task("gone", retries=3)
        once >> after
        [once, never] >> blocked
        [after, blocked, stuck, unpicklable, gone] >> KedroCleanup(kedro=kedro)
"""


@pytest.fixture(scope="module")
def ill(module_builder: Callable[[str], ProjectBuilder], run_dag: Callable[..., DagRun]) -> tuple[Project, DagRun]:
    """A failed run."""
    project = module_builder("ill").functions(ILL).pipeline("__default__", ILL_NODES).parameters(x=1).build()
    return project, run_dag(project, ILL_DAG)


def test_a_failed_node_makes_a_failed_run_although_the_cleanup_does_well(ill: tuple[Project, DagRun]) -> None:
    test = ill[1].test
    assert test.state == "failed", test.log
    assert test.tasks == {
        "once": "success",
        "after": "success",
        "never": "failed",
        "stuck": "failed",
        "unpicklable": "failed",
        "gone": "failed",
        "blocked": "upstream_failed",
        "clean_up_handoff": "success",
    }


def test_only_what_may_heal_is_tried_again(ill: tuple[Project, DagRun]) -> None:
    project, run = ill
    assert {task: run.test.tries[task] for task in ("once", "never", "unpicklable", "gone")} == {
        "once": 2,
        "never": 1,
        "unpicklable": 1,
        "gone": 1,
    }
    counts = {name: len(project.notes(f"{name}.txt")) for name in ("once", "never", "stuck", "unpicklable")}
    assert counts == {"once": 2, "never": 1, "stuck": 1, "unpicklable": 1}
    assert project.notes() == ["after"]


def test_airflow_is_told_which_node_failed_and_why(ill: tuple[Project, DagRun]) -> None:
    log = ill[1].test.log
    assert "AirflowException: Node 'once' failed: ValueError: not yet" in log
    assert "AirflowFailException: Node 'never' failed: ModuleNotFoundError: No module named 'no_such_module'" in log
    assert "AirflowFailException: Node 'unpicklable' failed: HandoffError" in log
    assert "Dataset 'c' cannot be handed over to another task. A builtins.generator cannot be pickled." in log
    assert "AirflowFailException: The task failed outside of its nodes: ValueError" in log
    assert "AirflowTaskTimeout" in log


def test_a_failed_tasks_report_tells_the_failure_without_traceback(ill: tuple[Project, DagRun]) -> None:
    reports = ill[1].reports
    assert reports["never"]["failure"]["node"] == "never"
    assert reports["never"]["failure"]["deterministic"] is True
    assert reports["never"]["failure"]["traceback"] == ""
    assert [node["state"] for node in reports["never"]["nodes"]] == ["failed"]
    assert reports["once"]["failure"] is None


def test_a_failed_run_keeps_what_was_handed_over(ill: tuple[Project, DagRun]) -> None:
    assert [path.name for path in ill[0].handoff.rglob("*") if path.is_file()] == ["given.handoff"]


# --- settings of the cleanup, and of where things are

PAIR = "node(make, None, 'data', name='make'), node(use, 'data', None, name='use')"
PAIR_DAG = """
    with dag():
        task("make", gives=["data"]) >> task("use", takes=["data"]) >> KedroCleanup(kedro=kedro)
"""


def pair(builder: ProjectBuilder, *, fails: bool) -> Project:
    """Two nodes; the second may fail for good."""
    use = "raise NameError('no')" if fails else "note(data)"
    return builder.functions(f"def make(): return 'x'\ndef use(data): {use}").pipeline("__default__", PAIR).build()


def test_always_keeps_what_a_successful_run_handed_over(
    builder: ProjectBuilder, run_dag: Callable[..., DagRun]
) -> None:
    project = pair(builder, fails=False)
    run_dag(project, PAIR_DAG, pipeline="handoff_keep='always', handoff='kept/here'").test.succeeded()
    assert [path.name for path in project.path.glob("kept/here/*/*/*.handoff")] == ["data.handoff"]


def test_never_removes_what_a_failed_run_handed_over(builder: ProjectBuilder, run_dag: Callable[..., DagRun]) -> None:
    project = pair(builder, fails=True)
    run = run_dag(project, PAIR_DAG, pipeline="handoff_keep='never'")
    assert (run.test.state, run.test.tasks["use"], run.test.tasks["clean_up_handoff"]) == (
        "failed",
        "failed",
        "success",
    )
    assert list(project.handoff.iterdir()) == []


def test_a_project_that_is_not_on_the_worker_fails_at_once(
    builder: ProjectBuilder, run_dag: Callable[..., DagRun]
) -> None:
    project = pair(builder, fails=False)
    dag = PAIR_DAG.replace("dag()", "dag(default_args={'retries': 3})")
    (project.path / "pyproject.toml").rename(project.path / "no.toml")
    run = run_dag(project, dag)
    assert (run.test.state, run.test.tries["make"]) == ("failed", 1)
    assert "is not on this worker" in run.test.log
    assert "KEDRO_ALOFT_PROJECT_PATH" in run.test.log
