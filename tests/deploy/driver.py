"""Deploys in child processes that are killed: run as a script in a Kedro project, prints JSON.

The project is compiled once. Its second version differs in one file, which only archives read; so a deploy of either
costs milliseconds, in a fork that may be killed anywhere without harm to this process.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.airflow import KedroPipeline
from kedro_aloft.airflow.release import released_project
from kedro_aloft.compiler import Order, compile_project
from kedro_aloft.contract.identity import RunIdentity
from kedro_aloft.deploy.history import History
from kedro_aloft.deploy.kinds import find_target
from kedro_aloft.deploy.publish import plan_deploy, plan_rollback
from kedro_aloft.deploy.steps import apply_steps
from kedro_aloft.errors import AloftError
from kedro_aloft.project import open_project
from kedro_aloft.render import was_edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.deploy.target import Target
    from kedro_aloft.project import Project

VERSION = "src/{package}/version.py"
_EVENTS = ("open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")


@dataclass
class Bench:
    """A compiled project, and a folder to which it is deployed."""

    project: Project
    compiled: tuple[CompiledDag, ...]
    folder: str

    def write_version(self, version: str) -> None:
        path = self.project.path / VERSION.format(package=self.project.package)
        path.write_text(f"VERSION = {version!r}\n", encoding="utf-8")

    def target(self) -> Target:
        return find_target(self.folder, raw={}, source="", project=self.project.path)

    def history(self) -> History:
        store = self.target().store()
        assert store is not None
        return History(store, package=self.project.package, env=self.project.env)

    def plan(self, version: str) -> Any:
        """Version `a` has all pipelines, `b` lacks the last one."""
        self.write_version(version)
        compiled = self.compiled if version == "a" else self.compiled[:-1]
        return plan_deploy(self.target(), self.project, compiled, replaces_all=True)

    def deploy(self, version: str, before: Callable[[Any], None] = lambda _step: None) -> None:
        apply_steps(self.plan(version).steps, before=before)

    def state(self) -> dict[str, str]:
        """Return which version each DAG file is and leads to; raise where anything is neither whole nor true."""
        found = {}
        for path in sorted(Path(self.folder).glob("*.py")):
            source = path.read_text(encoding="utf-8")
            assert not was_edited(source), f"{path.name} is not whole"
            seen: dict[str, Any] = {}
            exec(compile(source.partition("with DAG(")[0], path.name, "exec"), _NAMES, seen)
            found[path.name] = self._version_of(seen["kedro"], str(path))
        return found

    def _version_of(self, kedro: KedroPipeline, dag_file: str) -> str:
        """Unpack the release as a worker does."""
        from datetime import datetime, timezone

        identity = RunIdentity(dag_id="d", run_id=kedro.release, run_after=datetime.now(timezone.utc))
        project = released_project(kedro, dag_file, identity, clears=0, begins=True)
        assert project.release is not None
        assert project.release.id == kedro.release
        assert Path(dag_file).name in project.release.dag_files
        version: dict[str, str] = {}
        exec((project.path / VERSION.format(package=kedro.package)).read_text(encoding="utf-8"), version)
        return version["VERSION"]


_NAMES = {"KedroPipeline": KedroPipeline}


def _start(work: Callable[[], None]) -> int:
    """Run in a fork; return its process."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except AloftError as error:
            code = int(error.code[-3:]) % 100
        except Exception:  # noqa: BLE001  whatever it is, the parent sees the exit code
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def _join(child: int) -> int:
    """Return the exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _in_child(work: Callable[[], None]) -> int:
    return _join(_start(work))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_at(number: int) -> Callable[[], list[int]]:
    """Make this process kill itself at its n-th touch of the file system; return a counter of them."""
    touched = [0]

    def hook(event: str, arguments: Any) -> None:
        if event in _EVENTS and "site-packages" not in str(arguments[:1]):
            touched[0] += 1
            if touched[0] == number:
                _die()

    sys.addaudithook(hook)
    return lambda: touched


def _touches(bench: Bench, version: str) -> int:
    """Count the touches of one deploy."""
    read, write = os.pipe()

    def work() -> None:
        count = _dies_at(-1)
        bench.deploy(version)
        os.write(write, str(count()[0]).encode())

    assert _in_child(work) == 0
    return int(os.read(read, 20))


def _kill_at_step(bench: Bench, version: str, name: str) -> int:
    def before(step: Any) -> None:
        if step.name == name:
            _die()

    return _in_child(lambda: bench.deploy(version, before))


def _kill_at_touch(bench: Bench, version: str, number: int) -> int:
    def work() -> None:
        _dies_at(number)
        bench.deploy(version)

    return _in_child(work)


WANTED = {"a": 2, "b": 1}


def _is_repaired(bench: Bench, version: str) -> bool:
    assert _in_child(lambda: bench.deploy(version)) == 0
    state = bench.state()
    return len(state) == WANTED[version] and set(state.values()) == {version}


def each_step(bench: Bench) -> Any:
    """Kill the deploy of another version before each of its steps."""
    results = []
    for old, new in (("a", "b"), ("b", "a")):
        assert _is_repaired(bench, old)
        kept = f"{bench.folder}-{old}"
        shutil.copytree(bench.folder, kept)
        names = [step.name for step in bench.plan(new).steps]
        for name in names:
            code = _kill_at_step(bench, new, name)
            state = bench.state()
            results.append({"step": name, "code": code, "state": state, "repaired": _is_repaired(bench, new)})
            shutil.rmtree(bench.folder)
            shutil.copytree(kept, bench.folder)
    return results


def touches(bench: Bench, kills: int) -> Any:
    """Kill deploys of either version at random touches, without repair in between; then one that ends."""
    chance = random.Random(7)
    assert _is_repaired(bench, "a")
    total = max(_touches(bench, "b"), _touches(bench, "a"))
    assert _is_repaired(bench, "a")
    killed, seen = 0, []
    for _ in range(kills):
        version = chance.choice("ab")
        killed += _kill_at_touch(bench, version, chance.randrange(1, total + 1)) == -signal.SIGKILL
        seen.append(bench.state())
    return {"touches": total, "killed": killed, "states": seen, "repaired": _is_repaired(bench, "b")}


def at_once(bench: Bench, rounds: int) -> Any:
    """Let two deploys plan, then apply at the same time; return their exit codes and who stands there."""
    results = []
    for number in range(rounds):
        (ready, is_ready), (go, goes) = os.pipe(), os.pipe()
        children = []
        for who in ("one", "two"):

            def work(version: str = f"{who} {number}", is_ready: int = is_ready, go: int = go) -> None:
                plan = bench.plan(version)
                os.write(is_ready, b".")
                os.read(go, 1)
                apply_steps(plan.steps)

            children.append(_start(work))
            os.read(ready, 1)
        os.write(goes, b"..")
        codes = [_join(child) for child in children]
        results.append({"codes": codes, "state": bench.state()})
    return results


def collected(bench: Bench) -> Any:
    """Remove the release that a deploy, then a rollback, brings, right before the claim, as a collection may."""
    assert _is_repaired(bench, "a")
    target, history = bench.target(), bench.history()
    first = history.all()[0]
    plan = bench.plan("b")
    apply_steps(plan.steps, before=_before_claim(lambda: history.erase([plan.release], since=first.serial)))
    deployed = bench.state()
    back = plan_rollback(target, history, first)
    try:
        apply_steps(back.steps, before=_before_claim(lambda: history.erase([first.release], since=back.serial)))
    except AloftError as error:
        return {"deployed": deployed, "refused": error.what, "state": bench.state()}
    return {"deployed": deployed, "refused": "", "state": bench.state()}


def _before_claim(work: Callable[[], object]) -> Callable[[Any], None]:
    def before(step: Any) -> None:
        if step.name == "claim":
            work()

    return before


def main() -> None:
    """Arguments: what to do, the folder, and a number for those that take one."""
    what, folder, *number = sys.argv[1:]
    os.fsync = lambda _file: None  # a killed process loses nothing that it wrote; only a machine does
    project = open_project()
    compiled = compile_project(project, Order(every_pipeline=True, command="deploy"))
    bench = Bench(project, compiled, folder)
    if what == "each_step":
        result = each_step(bench)
    elif what == "touches":
        result = touches(bench, int(number[0]))
    elif what == "collected":
        result = collected(bench)
    else:
        result = at_once(bench, int(number[0]))
    sys.stdout.write(f"\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main()
