"""Random graphs, failures and datasets: the retry ends in what one whole run ends in, with the fewest nodes.

Each try is a process of its own with Kedro's own runner, catalog and datasets; only the session around is left out.
"""

from __future__ import annotations

import json
import os
import signal
import traceback
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cloudpickle  # noqa: F401  here once, and not in each process of a try
import pandas  # noqa: F401, ICN001
import xxhash  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner, ThreadRunner
from kedro_datasets.pickle import PickleDataset

from kedro_aloft.contract.request import TaskRequest
from kedro_aloft.contract.resume import Step, nodes_to_run
from kedro_aloft.runtime.handoff import HandoffHooks
from kedro_aloft.runtime.meter import Meter
from kedro_aloft.runtime.resume import Resume

if TYPE_CHECKING:
    from collections.abc import Callable

RUNNERS = {"SequentialRunner": SequentialRunner, "ThreadRunner": ThreadRunner}


class Locked:
    """Data that cannot be pickled, as an object that holds a lock."""

    def __init__(self, terms: list[str]) -> None:
        self.terms = terms

    def __deepcopy__(self, memo: dict[int, Any]) -> Locked:
        return Locked(list(self.terms))

    def __reduce__(self) -> Any:
        raise TypeError("this holds a lock")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A graph (inputs of each node by number), and what happens to which of them."""

    graph: tuple[tuple[int, ...], ...]
    kept: frozenset[int]
    locked: frozenset[int]
    shared: frozenset[int]
    given: frozenset[int]
    fails: tuple[int, ...]
    killed: bool
    runner: str

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(name=f"n{number}", inputs=tuple(f"d{one}" for one in inputs), outputs=(f"d{number}",))
            for number, inputs in enumerate(self.graph)
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(min_value=2, max_value=7))
    numbers = st.frozensets(st.integers(min_value=0, max_value=size - 1))
    graph = tuple(
        tuple(sorted(draw(st.sets(st.integers(min_value=0, max_value=number - 1), max_size=3)))) if number else ()
        for number in range(size)
    )
    kept = draw(numbers)
    shared = draw(numbers) - kept
    # Nodes that share an object and run at once do so in no order, in Kedro as here.
    runner = "SequentialRunner" if shared else draw(st.sampled_from(sorted(RUNNERS)))
    return Case(
        graph=graph,
        kept=kept,
        locked=draw(numbers) - kept,
        shared=shared,
        given=draw(numbers) - kept - shared,
        fails=tuple(draw(st.lists(st.integers(min_value=0, max_value=size - 1), min_size=1, max_size=2))),
        killed=draw(st.booleans()),
        runner=runner,
    )


def function(case: Case, number: int, folder: Path, *, bad: str) -> Callable[..., Any]:
    """A node: it leaves its mark on objects that it shares, notes what it saw, and fails or kills when it should."""

    def run(*data: Any) -> Any:
        with (folder / "ran.txt").open("a") as file:
            file.write(f"n{number}\n")
        seen = []
        for source, value in zip(case.graph[number], data, strict=True):
            terms = value.terms if isinstance(value, Locked) else value
            seen.append(f"d{source}={'.'.join(terms)}")
            if source in case.shared:
                terms.append(f"n{number}")
        if bad == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if bad:
            raise RuntimeError(f"n{number} fails")
        (folder / f"seen-{number}.txt").write_text(json.dumps(seen))
        made = [f"n{number}({','.join(seen)})"]
        return Locked(made) if number in case.locked else made

    run.__name__ = f"n{number}"
    return run


def world(case: Case, folder: Path, bad: dict[int, str]) -> tuple[Pipeline, DataCatalog]:
    nodes = [
        node(
            function(case, number, folder, bad=bad.get(number, "")),
            [f"d{one}" for one in inputs] or None,
            f"d{number}",
            name=f"n{number}",
        )
        for number, inputs in enumerate(case.graph)
    ]
    kept = {f"d{number}": PickleDataset(filepath=str(folder / f"d{number}.pkl")) for number in case.kept}
    shared = {f"d{number}": MemoryDataset(copy_mode="assign") for number in case.shared}
    return Pipeline(nodes), DataCatalog({**kept, **shared})


def attempt(case: Case, folder: Path, *, number: int, bad: dict[int, str]) -> list[str]:
    """Make a try of the task in a process of its own; return the nodes that ran."""
    (folder / "ran.txt").write_text("")
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = _attempt(case, folder, number=number, bad=bad)
        except BaseException:  # noqa: BLE001  the last frame of this process
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    expected = 0 if not bad else (-signal.SIGKILL if "kill" in bad.values() else 1)
    assert status == expected
    return (folder / "ran.txt").read_text().splitlines()


def _attempt(case: Case, folder: Path, *, number: int, bad: dict[int, str]) -> int:
    pipeline, catalog = world(case, folder, bad)
    request = TaskRequest(
        dag_id="shop",
        run_id="r",
        task_id="all",
        try_number=number,
        version="v",
        run_directory="shop/r",
        project_path=str(folder),
        package="no_package",
        pipeline="p",
        nodes=tuple(step.name for step in case.steps),
        handoff_uri="handoff",
        gives=tuple(f"d{one}" for one in sorted(case.given - case.locked)),
        runner=case.runner,
    )
    meter = Meter()
    resume = Resume(request, meter)
    hooks = _create_hook_manager()
    for one in (HandoffHooks(request, meter), resume):
        hooks.register(one)
    hooks.hook.after_catalog_created(
        catalog=catalog, conf_catalog={}, conf_creds={}, parameters={}, save_version="v", load_versions={}
    )
    hooks.hook.before_pipeline_run(run_params={}, pipeline=pipeline, catalog=catalog)
    with meter.watch_nodes(case.runner):
        try:
            resume.around(RUNNERS[case.runner]().run)(pipeline, catalog, hooks)
        except RuntimeError:
            return 1
    resume.done()
    return 0


def seen(case: Case, folder: Path) -> dict[int, Any]:
    return {number: json.loads((folder / f"seen-{number}.txt").read_text()) for number in range(len(case.graph))}


@settings(max_examples=30, deadline=None)
@given(cases())
def test_a_retry_ends_as_a_whole_run_and_runs_no_more_than_it_must(case: Case) -> None:
    with TemporaryDirectory() as name:
        folder, whole = Path(name, "task"), Path(name, "whole")
        folder.mkdir()
        whole.mkdir()
        assert len(attempt(case, whole, number=1, bad={})) == len(case.graph)
        done: set[str] = set()
        for number, fails in enumerate(case.fails, start=1):
            bad = {fails: "kill" if case.killed else "raise"}
            if f"n{fails}" in done:
                continue
            ran = attempt(case, folder, number=number, bad=bad)
            done |= {one for one in ran if one != f"n{fails}" and (folder / f"seen-{one[1:]}.txt").exists()}
        ran = attempt(case, folder, number=len(case.fails) + 1, bad={})
        assert seen(case, folder) == seen(case, whole)
        assert len(ran) == len(set(ran)), "no node runs twice in a try"
        if len(case.fails) == 1 and case.runner == "SequentialRunner":
            assert sorted(ran) == fewest(case, done)
        assert not list(folder.rglob("resume.jsonl"))


def fewest(case: Case, done: set[str]) -> list[str]:
    """The nodes that a second try must run, by what is there: on disk, handed over, or written down."""
    names = [step.name for step in case.steps]
    there = set(case.kept) | (case.given - case.locked)
    if not case.killed:
        there |= set(range(len(names))) - case.locked
    return list(
        nodes_to_run(
            case.steps,
            asked=set(names) - done,
            available={f"d{one}" for one in there if f"n{one}" in done},
            shared={f"d{one}" for one in case.shared},
            started={*done, f"n{case.fails[0]}"},
        )
    )
