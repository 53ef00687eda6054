"""Fused tasks whose nodes are tasks to the eye, on a real Airflow: what people see, and what they clear."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.airflow import task_log
from support.runs import wait_until

pytest.importorskip("airflow.sdk")

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder

pytestmark = [pytest.mark.airflow, pytest.mark.e2e]

COUNT = 12
STEPS = [f"step_{number}" for number in range(COUNT)]
RUNNER = "__default__"

FUNCTIONS = f"""
    import signal, time

    def make(number):
        def step(x=0):
            note(str(number), "runs.txt")
            order = PROJECT / "orders" / str(number)
            what = order.read_text() if order.exists() else ""
            order.unlink(missing_ok=True)
            if what == "fail":
                raise ValueError(f"step {{number}} has no luck")
            if what == "kill":
                time.sleep(1)
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.05)
            return x + 1
        step.__name__ = f"step_{{number}}"
        return step

    {", ".join(f"s{number}" for number in range(COUNT))} = map(make, range({COUNT}))
"""
NODES = "\n".join(
    f"node(s{number}, {f'{chr(34)}d{number}{chr(34)}' if number else None}, 'd{number + 1}', name='step_{number}'),"
    for number in range(COUNT)
)


@pytest.fixture(scope="module")
def project(
    on_airflow: Callable[[ProjectBuilder], Project], module_builder: Callable[[str], ProjectBuilder]
) -> Project:
    """A chain of nodes in one task, which do as the files in `orders` say."""
    return on_airflow(
        module_builder("chain")
        .functions(FUNCTIONS)
        .pipeline("__default__", NODES)
        .pickles("d3", f"d{COUNT}")
        .airflow_yml("default: {group_by: pipeline, mirrors: live, retries: 0, warm: never}\n")
    )


def order(project: Project, number: int, what: str) -> None:
    project.write(f"orders/{number}", what)


@dataclass(frozen=True)
class Seen:
    """A run that ended, as Airflow shows it."""

    api: AirflowApi
    dag_id: str
    run_id: str

    def states(self) -> dict[str, str]:
        return {task.task_id: task.state for task in self.api.tasks(self.dag_id, self.run_id)}

    def log(self, task_id: str, try_number: int = 1) -> str:
        return "\n".join(
            str(entry["event"]) for entry in task_log(self.api, self.dag_id, self.run_id, task_id, try_number)
        )

    def clear(self, *tasks: str, downstream: bool = False) -> str:
        """Clear tasks; return the state in which the run then ends."""
        self.api.clear(self.dag_id, self.run_id, tasks, downstream=downstream, dry_run=False)
        look = lambda: (run := self.api.run(self.dag_id, self.run_id)).finished and run.state  # noqa: E731
        return str(wait_until(look, "the run ends again"))


def run(project: Project, api: AirflowApi, state: str) -> Seen:
    (project.path / "runs.txt").unlink(missing_ok=True)
    outcome = project.run()
    assert outcome["state"] == state, outcome
    return Seen(api, outcome["dag_id"], outcome["run_id"])


def test_every_node_is_a_green_task_when_all_is_well(project: Project, api: AirflowApi) -> None:
    seen = run(project, api, "success")
    assert seen.states() == dict.fromkeys([*STEPS, RUNNER, f"{RUNNER}.gate", f"{RUNNER}.done"], "success")
    assert api.xcom(seen.dag_id, seen.run_id, "step_3", "kedro_node")["state"] == "ok"
    assert "Node 'step_3' succeeded: 0." in seen.log("step_3")


def test_a_node_that_fails_is_red_with_its_error_and_what_is_left_is_skipped(project: Project, api: AirflowApi) -> None:
    order(project, 5, "fail")
    seen = run(project, api, "failed")
    states = seen.states()
    assert [states[step] for step in STEPS] == ["success"] * 5 + ["failed"] + ["skipped"] * 6
    assert (states[RUNNER], states[f"{RUNNER}.done"]) == ("failed", "upstream_failed")
    assert "step 5 has no luck" in seen.log("step_5")
    assert 'raise ValueError(f"step {number} has no luck")' in seen.log("step_5"), "the end of the traceback"


def test_clearing_the_red_task_and_what_follows_runs_these_nodes_alone(project: Project, api: AirflowApi) -> None:
    order(project, 7, "fail")
    seen = run(project, api, "failed")
    assert seen.clear("step_7", downstream=True) == "success"
    assert set(seen.states().values()) == {"success"}
    assert Counter(map(int, project.notes("runs.txt"))) == Counter(dict.fromkeys(range(COUNT), 1) | {7: 2})


def test_clearing_one_green_task_runs_its_node_alone(project: Project, api: AirflowApi) -> None:
    seen = run(project, api, "success")
    (project.path / "runs.txt").unlink()
    assert seen.clear("step_3") == "success"
    assert project.notes("runs.txt") == ["3"]
    assert set(seen.states().values()) == {"success"}


def test_a_retry_goes_on_and_no_mirror_is_tried_twice(
    on_airflow: Callable[[ProjectBuilder], Project],
    module_builder: Callable[[str], ProjectBuilder],
    api: AirflowApi,
) -> None:
    builder = module_builder("again").functions(FUNCTIONS).pipeline("__default__", NODES).pickles(f"d{COUNT}")
    yml = "default: {group_by: pipeline, mirrors: live, retries: 1, retry_delay: 1s}\n"
    project = on_airflow(builder.airflow_yml(yml))
    order(project, 7, "fail")
    seen = run(project, api, "success")
    assert set(seen.states().values()) == {"success"}
    assert Counter(map(int, project.notes("runs.txt"))) == Counter(dict.fromkeys(range(COUNT), 1) | {7: 2})
    tries = {task.task_id: task.tries for task in api.tasks(seen.dag_id, seen.run_id)}
    assert (tries[RUNNER], {tries[step] for step in STEPS}) == (2, {1})


def test_without_live_mirrors_the_nodes_end_with_their_task(
    on_airflow: Callable[[ProjectBuilder], Project],
    module_builder: Callable[[str], ProjectBuilder],
    api: AirflowApi,
) -> None:
    builder = module_builder("still").functions(FUNCTIONS).pipeline("__default__", NODES).pickles("d3", f"d{COUNT}")
    project = on_airflow(builder.airflow_yml("default: {group_by: pipeline, mirrors: static, retries: 0}\n"))
    order(project, 7, "fail")
    seen = run(project, api, "failed")
    assert {seen.states()[step] for step in STEPS} == {"upstream_failed"}
    assert seen.clear(*STEPS) == "success"
    (project.path / "runs.txt").unlink()
    assert seen.clear("step_3") == "success"
    assert project.notes("runs.txt") == ["3"]
    assert set(seen.states().values()) == {"success"}


FUSED = """
from kedro_aloft.airflow import fused

with dag():
    fused(task_id="all", kedro=kedro, nodes={f"step_{n}": [f"step_{n - 1}"] if n else [] for n in range(12)})
"""


def test_where_no_triggerer_takes_a_mirror_it_shows_its_node_from_a_worker(
    run_dag: Callable[..., Any], builder: ProjectBuilder
) -> None:
    """`airflow dags test` sends every task to a worker; so does Airflow when a trigger cannot be loaded."""
    project = builder.functions(FUNCTIONS).pipeline("__default__", NODES).pickles("d3", f"d{COUNT}").build()
    order(project, 7, "fail")
    test = run_dag(project, FUSED).test
    assert test.state == "failed", test.log
    shown = {"success": STEPS[:7], "failed": [STEPS[7]], "skipped": STEPS[8:]}
    assert {state: [step for step in STEPS if test.tasks[step] == state] for state in shown} == shown
    assert "Node 'step_7' failed" in test.log
