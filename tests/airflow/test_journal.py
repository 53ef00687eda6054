"""A task of several nodes keeps its journal in XCom while it runs, wherever its nodes run."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.airflow.journal import JournalKeeper, keep_journal
from kedro_aloft.compat import airflow_hears_threads
from kedro_aloft.contract.journal import Journal
from kedro_aloft.contract.report import NodeReport, TaskReport
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.warm.stop import stop_servers
from support.commands import run_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import DagRun
    from support.projects import Project, ProjectBuilder

pytestmark = pytest.mark.airflow

FUNCTIONS = """
    import logging

    def first(): return [1, 2, 3]
    def second(x):
        if os.environ.get("ILL"):
            from airflow.sdk.log import mask_secret
            mask_secret("open-sesame")
            logging.getLogger("shop").warning("I say open-sesame")
            raise ValueError("not today")
        return x
    def third(x): return x
"""
NODES = """
    node(first, None, "one", name="first"),
    node(second, "one", "two", name="second"),
    node(third, "two", "three", name="third"),
"""
NAMES = ("first", "second", "third")


def build(builder: ProjectBuilder) -> Project:
    return builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("three").build()


class Instance:
    """A task instance as far as a journal needs one."""

    id = "01933f7e-0000-7000-8000-000000000000"
    try_number = 2

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.pushed: list[dict[str, Any]] = []

    def xcom_push(self, key: str, value: dict[str, Any]) -> None:
        if self.broken:
            raise ConnectionError("no XCom today")
        assert key == "journal"
        self.pushed.append(value)


def context(instance: Instance) -> Any:
    return {"ti": instance, "dag_run": SimpleNamespace(clear_number=3)}


def test_the_journal_names_its_try_and_ends() -> None:
    instance = Instance()
    with keep_journal(context(instance)) as keeper:
        keeper.add({"first": ["running", 1.0, None, {}]})
        keeper.add({"first": ["ok", 1.0, 2.0, {"rows": 3}]})
    journal = Journal.from_json(instance.pushed[-1])
    assert (journal.attempt, journal.try_number, journal.clear_number) == (Instance.id, 2, 3)
    assert journal.ended is not None
    assert journal.started is not None
    assert journal.nodes["first"].rows == 3


@pytest.mark.skipif(
    not airflow_hears_threads(), reason="Airflow 3.0 and 3.1 hear one thread: the journal is written at the end"
)
def test_what_runs_is_told_while_it_runs() -> None:
    instance, told = Instance(), threading.Event()
    push = instance.xcom_push
    instance.xcom_push = lambda key, value: (push(key, value), told.set())  # type: ignore[method-assign]
    with keep_journal(context(instance)) as keeper:
        keeper.add({"first": ["running", 1.0, None, {}]})
        assert told.wait(300)
        assert instance.pushed[-1]["nodes"]["first"][0] == "running"
        assert instance.pushed[-1]["t1"] is None


def test_a_broken_xcom_is_not_felt() -> None:
    with keep_journal(context(Instance(broken=True))) as keeper:
        keeper.add({"first": ["running", 1.0, None, {}]})


def test_a_task_that_is_killed_leaves_what_ran() -> None:
    instance = Instance()

    def run_and_be_killed() -> None:
        with keep_journal(context(instance)) as keeper:
            keeper.add({"first": ["running", 1.0, None, {}]})
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        run_and_be_killed()
    assert instance.pushed[-1]["nodes"]["first"][0] == "running"


def test_nodes_that_nobody_saw_come_from_the_report() -> None:
    keeper = JournalKeeper(Instance())
    keeper.complete(TaskReport(nodes=(NodeReport(name="first", state="success"),)))
    assert keeper.journal.done == {"first"}


# --- transports


def request(project: Project) -> TaskRequest:
    return TaskRequest(
        dag_id="shop",
        run_id="r1",
        task_id="all",
        version=f"{datetime(2026, 1, 2, tzinfo=timezone.utc):%Y-%m-%dT%H.%M.%S}.000Z-0123abcd",
        run_directory="shop/r1",
        project_path=str(project.path),
        package=project.package,
        pipeline="__default__",
        nodes=NAMES,
    )


LAUNCH = """
import json, sys
from pathlib import Path
from kedro_aloft.airflow.launch import launch_in_process, launch_in_venv, launch_warm
from kedro_aloft.contract.request import TaskRequest

mode, request, servers = sys.argv[1:]
request, news = TaskRequest.from_json(request), []
if mode == "process":
    launch_in_process(request, tell=news.append)
elif mode == "venv":
    launch_in_venv(request, {"python": sys.executable}, tell=news.append)
else:
    launch_warm(request, Path(servers), tell=news.append)
print(json.dumps(news))
"""
SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.mark.parametrize("mode", ["process", "warm", "venv"])
def test_every_mode_tells_when_nodes_start_and_end(builder: ProjectBuilder, tmp_path: Path, mode: str) -> None:
    project, servers = build(builder.parameters(x=1)), tmp_path / "servers"
    try:
        environment = {"PYTHONPATH": SOURCE}
        done = run_python(LAUNCH, mode, request(project).to_json(), servers, cwd=tmp_path, env=environment).ok()
    finally:
        stop_servers(servers)
    news = json.loads(done.out.splitlines()[-1])
    told = [(name, entry[0]) for new in news for name, entry in new.items()]
    assert told == [(name, state) for name in NAMES for state in ("running", "ok")]
    assert news[-1]["third"][3]["outputs"] == {"three": "catalog"}
    assert news[1]["first"][3]["rows"] == 3
    assert all(new[name][3]["peak"] > 10 for new in news for name in new if new[name][0] == "ok")


# --- in Airflow

DAG = """
    with dag():
        task("all", nodes=["first", "second", "third"])
        task("first")
"""


def test_a_failed_task_keeps_what_its_nodes_did(
    module_builder: Callable[[str], ProjectBuilder], run_dag: Callable[..., DagRun]
) -> None:
    run = run_dag(build(module_builder("journal")), DAG, ILL="1")
    assert set(run.journals) == {"all"}, "a task of one node needs none"
    journal = Journal.from_json(run.journals["all"])
    assert {name: entry.state for name, entry in journal.nodes.items()} == {"first": "ok", "second": "failed"}
    assert journal.nodes["second"].message == "ValueError: not today"
    tail = journal.nodes["second"].tail.splitlines()
    assert "WARNING shop: I say ***" in tail, "as in Airflow's log, which hides secrets"
    assert tail[-2:] == ['    raise ValueError("not today")', "ValueError: not today"]
    assert not journal.nodes["first"].tail
    assert journal.nodes["first"].outputs == {"one": "memory"}
    assert (journal.nodes["first"].peak or 0) > 10
    assert journal.attempt
    assert journal.ended is not None
