"""N12, K21: one MLflow run per DAG run, whatever is retried or cleared, on a real MLflow server and a real Airflow."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.contract.keys import RUN_VARIABLE, TASK_VARIABLE
from support.commands import run_command
from support.runs import tasks_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import World
    from kedro_aloft.client import AirflowApi, TaskState
    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

FUNCTIONS = """
    import time

    def features(rows, rate):
        import mlflow
        mlflow.log_metric("rows", rows)
        while rows < 0:  # until somebody stops us
            (PROJECT / "waiting").touch()
            time.sleep(0.05)
        return [rows * rate]

    def left(features, rate, fail):
        import mlflow
        if fail:
            raise ValueError("not today")
        mlflow.log_metric("left", sum(features))
        return 0.5

    def right(features, rate):
        import mlflow
        run = mlflow.active_run().info
        note(run.run_id + " " + run.status)
        tried = PROJECT / "tried"
        if not tried.exists():
            tried.touch()
            raise ConnectionError("flaky")
        return 0.25

    def join(accuracy, loss): return accuracy + loss
"""
NODES = """
    node(features, ["params:rows", "params:rate"], "numbers", name="features"),
    node(left, ["numbers", "params:rate", "params:fail"], "accuracy", name="left"),
    node(right, ["numbers", "params:rate"], "loss", name="right"),
    node(join, ["accuracy", "loss"], "total", name="join"),
"""
CATALOG = """
    accuracy: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}
    loss: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}
    total: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}
"""


def build(world: World, builder: ProjectBuilder, airflow_yml: str = "") -> ProjectBuilder:
    return (
        world.configured(builder)
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .catalog(CATALOG)
        .pickles("numbers")
        .parameters(rows=7, rate=0.5, fail=False)
        .airflow_yml(f"default: {{retries: 1, retry_delay: 1s, {airflow_yml}}}")
    )


@pytest.fixture(scope="module")
def project(
    world: World, on_airflow: Callable[[ProjectBuilder], Project], module_builder: Callable[[str], ProjectBuilder]
) -> Project:
    """Two tasks run side by side, one of them fails at first, and the last one has a Python of its own."""
    python = world.bin / "python"
    own = f"tasks: [{{select: join, execution: venv, venv: {{python: {python}}}}}]"
    built = on_airflow(build(world, module_builder("one_run"), own))
    for words in (["init", "-q"], ["add", "src"], ["commit", "-qm", "first"]):
        named = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *named, *words], cwd=built.path, check=True)
    return built


@pytest.fixture(scope="module")
def outcome(world: World, project: Project) -> dict[str, Any]:
    """The first run of the project."""
    done = world.run(project)
    assert done["state"] == "success", done
    return done


def test_all_tasks_and_a_retry_log_into_one_run(world: World, project: Project, outcome: dict[str, Any]) -> None:
    assert tasks_of(outcome)["right"]["tries"] == 2
    (run,) = world.runs(project)
    assert run["status"] == "FINISHED"
    assert run["name"] == outcome["run_id"]
    assert run["params"] == {"rows": "7", "rate": "0.5", "fail": "False"}
    assert run["metrics"] == {"rows": 7.0, "left": 3.5, "accuracy": 0.5, "loss": 0.25, "total": 0.75}
    assert run["tags"]["airflow.dag_run"] == f"{project.package}/{outcome['run_id']}"
    commit = run_command("git", "rev-parse", "HEAD", cwd=project.path).ok().out.strip()
    assert run["tags"]["mlflow.source.git.commit"] == commit
    assert "node_names" not in run["tags"]
    assert set(project.notes()) == {f"{run['id']} RUNNING"}


def test_a_clear_opens_the_run_again_and_leaves_it_finished(
    world: World, project: Project, outcome: dict[str, Any], api: AirflowApi
) -> None:
    ran_before = {task.task_id: task.tries for task in api.tasks(project.package, outcome["run_id"])}
    clear(api, project, outcome["run_id"], "left")
    tasks = ended(api, project, outcome["run_id"])
    assert {name for name, task in tasks.items() if task.tries > ran_before[name]} == {
        "start_run",
        "left",
        "finish_run",
    }
    (run,) = world.runs(project)
    assert run["status"] == "FINISHED"
    assert run["history"] == {"rows": 1, "left": 2, "accuracy": 2, "loss": 1, "total": 1}


def test_a_run_that_is_gone_is_made_again_by_the_task_that_misses_it(
    world: World, project: Project, outcome: dict[str, Any]
) -> None:
    """A DAG that somebody wrote by hand may have no setup; and runs may be deleted between setup and task."""
    (before,) = world.runs(project)
    world.python("import mlflow, sys; mlflow.MlflowClient().delete_run(sys.argv[1])", before["id"])
    at(world, project, outcome["run_id"], nodes=["features"])
    (run,) = world.runs(project)
    assert run["id"] != before["id"]
    assert (run["status"], run["metrics"]) == ("RUNNING", {"rows": 7.0})


def test_a_failed_run_is_failed_and_has_a_run_of_its_own(
    world: World, project: Project, outcome: dict[str, Any], api: AirflowApi
) -> None:
    failed = world.run(project, "--params=fail=true")
    assert failed["state"] == "failed"
    of_runs = {run["tags"]["airflow.run_id"]: run for run in world.runs(project)}
    assert set(of_runs) == {outcome["run_id"], failed["run_id"]}
    run = of_runs[failed["run_id"]]
    assert run["status"] == "FAILED"
    assert run["metrics"] == {"rows": 7.0, "loss": 0.25}
    states = {task.task_id: task.state for task in api.tasks(project.package, failed["run_id"])}
    assert (states["left"], states["join"], states["finish_run"]) == ("failed", "upstream_failed", "success")


def test_a_run_that_somebody_stops_is_killed(
    world: World, project: Project, outcome: dict[str, Any], api: AirflowApi
) -> None:
    api.set_paused(outcome["dag_id"], paused=False)
    run_id = api.trigger(outcome["dag_id"], conf={"rows": -1}).run_id
    wait_until((project.path / "waiting").exists, "a node waits")
    api.fail_run(outcome["dag_id"], run_id)
    states = {name: task.state for name, task in ended(api, project, run_id).items()}
    assert (states["features"], states["left"], states["finish_run"]) == ("failed", "skipped", "success")
    (run,) = [one for one in world.runs(project) if one["tags"]["airflow.run_id"] == run_id]
    assert run["status"] == "KILLED"


def test_tasks_that_find_no_run_at_the_same_time_agree_on_one(world: World, builder: ProjectBuilder) -> None:
    project = build(world, builder).build()
    chosen = world.python(_TOGETHER, project.package, str(project.path)).split()
    assert len(chosen) == 4
    runs = world.runs(project)
    assert {run["id"] for run in runs} >= set(chosen)
    assert len(runs) == 1


_TOGETHER = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
import mlflow
from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.runtime import mlflow as ours

package, path = sys.argv[1:]
request = TaskRequest(dag_id=package, run_id="r", task_id="t", version="v", run_directory="d", project_path=path,
                      package=package, pipeline="__default__", nodes=("a",), mlflow=True)
mlflow.MlflowClient().create_experiment(package)
gate, find = threading.Barrier(4), ours._marked
missed = threading.local()

def find_nothing_at_first(*arguments):  # all four have looked before any of them makes one
    found = find(*arguments)
    if not hasattr(missed, "once"):
        missed.once = True
        gate.wait()
    elif not hasattr(missed, "twice"):  # and all have made one before any of them looks again
        missed.twice = True
        gate.wait()
        found = find(*arguments)
    return found

ours._marked = find_nothing_at_first
with ThreadPoolExecutor(4) as pool:
    done = [pool.submit(ours._find_or_make, request, experiment=package, name="r") for _ in range(4)]
    print(*(one.result() for one in done))
"""


# --- containers


def test_containers_start_run_and_finish_one_run(world: World, builder: ProjectBuilder) -> None:
    project = build(world, builder).build()
    (project.path / "tried").touch()
    for nodes in ([], ["features", "left"], ["right"]):
        at(world, project, "r1", nodes=nodes)
    (run,) = world.runs(project)
    assert (run["status"], run["name"]) == ("RUNNING", "r1")
    at(world, project, "r1", stage="finish", states={"a": "success", "b": "failed", "clean_up": None})
    (run,) = world.runs(project)
    assert run["status"] == "FAILED"
    assert run["metrics"] == {"rows": 7.0, "left": 3.5, "accuracy": 0.5, "loss": 0.25}
    at(world, project, "r1", stage="start")
    at(world, project, "r1", stage="finish", states={"a": "success", "b": "skipped", "clean_up": None})
    (run,) = world.runs(project)
    assert run["status"] == "KILLED"
    at(world, project, "r1", stage="finish", states={"a": "success", "b": "success", "clean_up": None})
    (run,) = world.runs(project)
    assert run["status"] == "FINISHED"
    assert "node_names" not in run["tags"]


PROVIDER = """
from mlflow.tracking.request_header.abstract_request_header_provider import RequestHeaderProvider

from {package}.functions import note


class Provider(RequestHeaderProvider):
    def __init__(self, key): self.key = key

    def in_context(self): return True

    def request_headers(self):
        note(self.key)
        return {{"X-Token": self.key}}
"""


def test_a_provider_of_request_headers_is_asked_for_each_request_of_each_task(
    world: World, builder: ProjectBuilder
) -> None:
    """kedro-mlflow#357: tokens expire in long jobs."""
    package = builder.package
    told = f"request_header_provider: {{type: {package}.tokens.Provider, init_kwargs: {{key: fresh}}}}"
    project = (
        build(world, builder)
        .file(f"src/{package}/tokens.py", PROVIDER.format(package=package))
        .file("conf/base/mlflow.yml", f"server: {{mlflow_tracking_uri: '{world.server}', {told}}}")
        .build()
    )
    asked = [0]
    for nodes, stage in (([], "start"), (["features"], ""), ([], "finish")):
        at(world, project, "r1", nodes=nodes, stage=stage, states={"features": "success"})
        asked.append(len(project.notes()))
    assert set(project.notes()) == {"fresh"}
    assert all(after - before > 3 for before, after in pairwise(asked)), asked
    (run,) = world.runs(project)
    assert run["status"] == "FINISHED"


def at(
    world: World, project: Project, run_id: str, *, nodes: list[str] | None = None, stage: str = "start", **run: Any
) -> None:
    """Run the runtime as the program of a container: some nodes, or a stage."""
    work = {
        "package": project.package,
        "pipeline": "__default__",
        "mlflow": True,
        **({"nodes": nodes} if nodes else {}),
    }
    moment = {"dag_id": project.package, "run_id": run_id, "task_id": "t", "try_number": 1}
    states = {"states": {run_id: run.get("states", {})}, "teardowns": ["clean_up", "t"]}
    variables = {
        **world.variables(),
        TASK_VARIABLE: json.dumps(work),
        RUN_VARIABLE: json.dumps({**moment, "run_after": "2026-01-02T03:04:05+00:00", **states}),
    }
    words = [] if nodes else [stage]
    run_command(world.bin / "python", "-m", "kedro_aloft.runtime", *words, cwd=project.path, env=variables).ok()


def clear(api: AirflowApi, project: Project, run_id: str, task_id: str) -> None:
    body = {
        "dry_run": False,
        "dag_run_id": run_id,
        "task_ids": [task_id],
        "only_failed": False,
        "include_downstream": False,
        "reset_dag_runs": True,
    }
    api._call("POST", f"/api/v2/dags/{project.package}/clearTaskInstances", body=body)


def ended(api: AirflowApi, project: Project, run_id: str) -> dict[str, TaskState]:
    """Wait until the run and all of its tasks have ended: a teardown may be the last one."""

    def over() -> dict[str, TaskState] | None:
        tasks = {task.task_id: task for task in api.tasks(project.package, run_id)}
        still = {"none", "scheduled", "queued", "running", "restarting", "up_for_retry"}
        done = api.run(project.package, run_id).finished and not still & {task.state for task in tasks.values()}
        return tasks if done else None

    tasks: dict[str, TaskState] = wait_until(over, "the cleared run ends")
    return tasks
