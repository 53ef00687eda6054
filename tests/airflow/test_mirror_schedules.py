"""Fused tasks under random failures, retries, kills, clears and a triggerer that stalls, on Celery and Postgres.

Static mirrors have the same specification, but for one thing: how one ends that did not do well.

MIRROR_SCHEDULES=200 runs as many schedules; the seed of each is its number, and a failure names it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.client import wait_for_dag
from kedro_aloft.contract.keys import LIVE, STATIC
from support.airflow import task_log
from support.runs import wait_until

pytest.importorskip("airflow.sdk")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.client import AirflowApi
    from support.projects import Project, ProjectBuilder
    from support.remote import Remote

LONG = [pytest.mark.timeout(0)] if "MIRROR_SCHEDULES" in os.environ else []
pytestmark = [pytest.mark.airflow, pytest.mark.e2e, *LONG]

SCHEDULES = {mirrors: int(os.environ.get("MIRROR_SCHEDULES", number)) for mirrors, number in ((LIVE, 3), (STATIC, 2))}
FIRST = int(os.environ.get("MIRROR_FIRST", "0"))
AT_ONCE = 6
COUNT = 6
STEPS = [f"step_{number}" for number in range(COUNT)]
RUNNER, GATE, DONE = "__default__", "__default__.gate", "__default__.done"
ROUNDS = 3
STUCK_S = 900.0

FUNCTIONS = f"""
    import signal, time

    def make(number):
        def step(run, x=0):
            note(f"start {{number}}", f"runs/{{run}}.txt")
            order = PROJECT / "orders" / f"{{run}}-{{number}}"
            what = order.read_text() if order.exists() else "0.05"
            order.unlink(missing_ok=True)
            if what == "fail":
                note(f"fail {{number}}", f"runs/{{run}}.txt")
                raise ValueError(f"step {{number}} has no luck")
            if what == "kill":
                time.sleep(1)
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(float(what))
            note(f"ok {{number}}", f"runs/{{run}}.txt")
            return x + 1
        step.__name__ = f"step_{{number}}"
        return step

    {", ".join(f"s{number}" for number in range(COUNT))} = map(make, range({COUNT}))
"""


def _node(number: int) -> str:
    inputs = ["params:run", *([f"d{number}"] if number else [])]
    return f"node(s{number}, {inputs}, 'd{number + 1}', name='step_{number}'),"


@dataclass(frozen=True)
class Place:
    """Where the schedules run: the project, and its DAGs with and without a retry, by whether a kill is hard."""

    project: Project
    api: AirflowApi
    dags: dict[tuple[int, bool], str]
    triggerer: Callable[[], list[int]]
    mirrors: str

    @property
    def ill(self) -> tuple[str, ...]:
        """How a mirror ends that did not do well."""
        return ("failed", "skipped") if self.mirrors == LIVE else ("upstream_failed",)


@pytest.fixture(scope="module", params=[LIVE, STATIC])
def place(
    remote: Remote, module_builder: Callable[[str], ProjectBuilder], request: pytest.FixtureRequest
) -> Iterator[Place]:
    mirrors = request.param
    builder = (
        module_builder(f"mirrored_{mirrors}")
        .functions(FUNCTIONS)
        .pipeline("__default__", "\n".join(map(_node, range(COUNT))))
        .pickles(f"d{COUNT}")
        .parameters(run="none")
    )
    project = builder.build()
    (project.path / "runs").mkdir()
    dags = {}
    for retries in (0, 1):
        for hard in (False, True):
            dag_id = f"mirrored-{mirrors}-{retries}-{'hard' if hard else 'soft'}"
            warm = "" if hard else f"\n  env_vars: {{KEDRO_ALOFT_WARM: {project.path / 'warm'}}}"
            project.write(
                "conf/base/airflow.yml",
                f"default:\n  dag_id: {dag_id}\n  group_by: pipeline\n  mirrors: {mirrors}\n  retries: {retries}\n"
                f"  retry_delay: 1s\n  max_active_runs: 20\n  project_path: {project.path}{warm}\n",
            )
            (file,) = project.create()
            shutil.copy(file, remote.dags / f"{dag_id}.py")
            dags[retries, hard] = dag_id
    api = remote.api()
    for dag_id in dags.values():
        wait_for_dag(api, dag_id, marker="kedro-aloft fingerprint", deadline_s=300)
        api.set_paused(dag_id, paused=False)
    yield Place(project, api, dags, lambda: _triggerers(remote.directory), mirrors)
    for dag_id in dags.values():
        (remote.dags / f"{dag_id}.py").unlink()


def _triggerers(directory: Path) -> list[int]:
    """The processes of the triggerer, whose output goes to its own log."""
    log = str(directory / "logs" / "triggerer.log")
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str((entry / "fd" / "1").readlink()) == log:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@dataclass
class Schedule:
    """One DAG run and all that happens to it."""

    place: Place
    seed: int
    told: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    killed: bool = False
    asked: tuple[list[str], bool] | None = None
    cleared: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.run_id = f"s{self.seed}"
        self.retries = self.random.choice((0, 1))
        self.hard = self.random.random() < 0.25
        self.dag_id = self.place.dags[self.retries, self.hard]
        self.api = self.place.api

    def play(self) -> Counter[str]:
        """Run it to its end, again and again after clears; check each end."""
        self._order()
        self.api.trigger(self.dag_id, run_id=self.run_id, conf={"kedro_params": {"run": self.run_id}})
        for number in range(ROUNDS):
            if self.random.random() < 0.4:
                self._disturb()
            self._check(self._end())
            if number < ROUNDS - 1:
                self._order() if self.random.random() < 0.4 else self._forget()
                self._clear(at_work=False)
        return Counter(line.split()[0] for line in self.told)

    def _order(self) -> None:
        """Say what some nodes shall do the next time that they run."""
        for number in range(COUNT):
            what = self.random.choices(("0.05", "0.6", "fail", "kill" if self.hard else "fail"), (70, 15, 10, 5))[0]
            self.place.project.write(f"orders/{self.run_id}-{number}", what)
            if what != "0.05":
                self.told.append(f"{what} {number}")

    def _forget(self) -> None:
        for number in range(COUNT):
            (self.place.project.path / "orders" / f"{self.run_id}-{number}").unlink(missing_ok=True)

    def _disturb(self) -> None:
        """Do something to the run while it is at work, at any moment."""
        time.sleep(self.random.uniform(0.5, 6))
        if self.random.random() < 0.3:
            self.told.append("stall")
            pids = self.place.triggerer()
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(self.random.uniform(0.5, 3))
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        else:
            self._clear(at_work=True)

    def _clear(self, *, at_work: bool) -> None:
        states = self.states()
        failed = [step for step in STEPS if states[step] == self.place.ill[0]]
        number = self.random.randrange(COUNT)
        kind = self.random.choice(("node", "downstream", "failed", "all"))
        asked = {"failed": failed or STEPS, "all": STEPS}.get(kind, [STEPS[number]])
        downstream = kind == "downstream"
        if downstream and failed:
            asked = failed[:1]
        self.told.append(f"{'clear-at-work' if at_work else 'clear'} {kind} {asked[0]}")
        self.asked = (asked, downstream) if at_work else None
        self._ask(asked, downstream=downstream)

    def _ask(self, asked: list[str], *, downstream: bool) -> None:
        self.cleared = frozenset(
            task.task_id
            for task in self.api.clear(self.dag_id, self.run_id, asked, downstream=downstream, dry_run=False)
        )
        assert {RUNNER, GATE, DONE} <= self.cleared, f"{self}: {sorted(self.cleared)}"
        self.stale = {step for step in STEPS if step not in self.cleared}

    def states(self) -> dict[str, str]:
        return {task.task_id: task.state for task in self.api.tasks(self.dag_id, self.run_id)}

    def _end(self) -> str:
        """Return the state in which the run ends; clear again what Airflow lost.

        A clear that saw the run at work does not start it again (3.3.2, `clear_task_instances`); when the scheduler
        ended it meanwhile, it stays ended, and what was cleared has no state. Or the runner had just failed, and the
        scheduler gives that to static mirrors after the clear. docs/explanation/fused-tasks.md shows both.
        """
        state = self._await_end()
        states = self.states()
        if self.asked is not None and (
            all(states[task] == "none" for task in self.cleared)
            or (state == "success" and any(states[task] == "upstream_failed" for task in self.cleared))
        ):
            self.told.append("lost-clear")
            asked, downstream = self.asked
            self._ask(asked, downstream=downstream)
            state = self._await_end()
        self.asked = None
        return state

    def _await_end(self) -> str:
        def look() -> str | None:
            run = self.api.run(self.dag_id, self.run_id)
            return run.state if run.finished else None

        return str(wait_until(look, f"{self} is stuck", deadline_s=STUCK_S))

    def _check(self, state: str) -> None:
        """Compare the end with what the nodes themselves wrote down."""
        states, truth = self.states(), self._truth()
        seen = f"{self}: {state}, {states}, {truth}"
        assert (state == "success") == (states[RUNNER] == "success") == (states[DONE] == "success"), seen
        if state == "success":
            assert set(truth.values()) == {"ok"}, f"green run on failed work: {seen}"
        for step in STEPS:
            shown, was = states[step], truth[step]
            if shown == "success":
                # Not cleared, it ran again only to make data anew: the run is red, and the next try runs the node.
                helped = step in self.stale and state == "failed"
                assert was == "ok" or helped, f"{step} is green: {seen}"
            elif step not in self.stale:
                assert shown in self.place.ill, seen
                assert state == "failed", f"{step} is not green in a good run: {seen}"
                assert shown != "failed" or was != "ok" or "kill" in str(self.told), f"{step} is red: {seen}"

    def _truth(self) -> dict[str, str]:
        """The last word of each node."""
        found = dict.fromkeys(STEPS, "never")
        path = self.place.project.path / "runs" / f"{self.run_id}.txt"
        for line in path.read_text().splitlines() if path.exists() else ():
            word, number = line.split()
            found[STEPS[int(number)]] = word
        return found

    def __str__(self) -> str:
        return f"schedule {self.seed} ({self.dag_id}: {'; '.join(self.told)})"


def story(place: Place, seed: int) -> Iterator[str]:
    """All that Airflow has of a schedule that ended wrong: journal, logs of the last tries."""
    one = Schedule(place, seed)
    yield json.dumps(place.api.xcom(one.dag_id, one.run_id, RUNNER, "journal"))
    for task in place.api.tasks(one.dag_id, one.run_id):
        yield f"--- {task}"
        for entry in task_log(place.api, one.dag_id, one.run_id, task.task_id, max(task.tries, 1)):
            yield f"{entry.get('timestamp')} {entry['event']}"


def test_random_schedules_end_as_they_should(place: Place) -> None:
    wrong: list[str] = []
    happened: Counter[str] = Counter()

    def play(seed: int) -> None:
        try:
            happened.update(Schedule(place, seed).play())
            happened["schedules"] += 1
            print(f"{happened['schedules']} well, {len(wrong)} wrong", flush=True)
        except AssertionError as error:
            wrong.append(str(error))
            print(error, *story(place, seed), sep="\n", flush=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(play, range(FIRST, FIRST + SCHEDULES[place.mirrors])))
    print(dict(happened))
    assert not wrong
