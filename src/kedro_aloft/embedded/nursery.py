"""The nursery: imports Airflow once, forks its components, ends them in order.

Importing Airflow costs 3 processor seconds; four commands would pay them four times. The components run Airflow's own
command line functions, so nothing depends on how they work inside.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kedro_aloft.embedded import database
from kedro_aloft.embedded.adapt import pace_scheduler, read_local_logs_only
from kedro_aloft.embedded.config import HOST
from kedro_aloft.embedded.guard import StopRequested, stop_on_sigterm, wait_for_child
from kedro_aloft.embedded.layout import Layout
from kedro_aloft.embedded.processes import (
    POLL_S,
    Process,
    adopt_orphans,
    children,
    descendants,
    end_with_parent,
    kill_all,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

API_SERVER, SCHEDULER, TRIGGERER, MIGRATE = "api-server", "scheduler", "triggerer", "migrate"
# How long a running task has for its `on_kill`, its supervisor to report a killed one, and the other components.
TASK_GRACE_S = 3.0
REPORT_GRACE_S = 2.0
COMPONENT_GRACE_S = 3.0
LEAST_LIFE_S = 30.0
"""A triggerer that lived shorter is broken: another one would end, too."""
# Imported before the fork so that the components share them; a version of Airflow that lacks one is fine.
SHARED = (
    "airflow.cli.cli_parser",
    "airflow.cli.commands.scheduler_command",
    "airflow.cli.commands.dag_processor_command",
    "airflow.cli.commands.triggerer_command",
)
# What a component does differently here than anywhere else; called in its process before its command.
ADAPT: dict[str, Callable[[], None]] = {SCHEDULER: pace_scheduler, API_SERVER: read_local_logs_only}


def commands(port: str) -> dict[str, list[str]]:
    """Return Airflow's command per component, in the order of their starts: the slowest first.

    The servers for the logs of remote workers stay off: they listen on all interfaces, and here all logs are local.
    """
    return {
        API_SERVER: ["api-server", "--host", HOST, "--port", port, "--workers", "1"],
        "dag-processor": ["dag-processor"],
        SCHEDULER: ["scheduler", "--skip-serve-logs"],
        TRIGGERER: ["triggerer", "--skip-serve-logs"],
    }


def main(argv: list[str]) -> None:
    """Run all components until one of them ends for good or we are told to stop.

    Args:
        argv: The `.airflow` directory, the port of the API server, the process id of the guard.
    """
    layout, port, guard = Layout(Path(argv[0])), argv[1], int(argv[2])
    stop_on_sigterm()
    end_with_parent(guard, signal.SIGTERM)
    adopt_orphans()
    running: dict[str, Process] = {}
    try:
        _run(layout, commands(port), running)
    except StopRequested:
        _stop(running)
    finally:
        kill_all(lambda: descendants(os.getpid()))


def _run(layout: Layout, wanted: Mapping[str, list[str]], running: dict[str, Process]) -> None:
    for module in SHARED:
        with contextlib.suppress(ImportError):
            import_module(module)
    _migrate(layout)

    def start(name: str) -> Process:
        if name in running:  # what the one before said last is why there is another
            layout.log(name).replace(layout.log(f"{name}-before"))
        return Process.of(fork_component(partial(run_airflow, wanted[name]), layout.log(name)))

    for name in wanted:
        running[name] = start(name)
    _fail(layout, *keep(running, start, least_life_s=LEAST_LIFE_S))


def keep(running: dict[str, Process], start: Callable[[str], Process], *, least_life_s: float) -> tuple[str, int]:
    """Wait until a component ends for good; return its name and exit code.

    Airflow 3.3.2's triggerer ends when a task is cleared in the moment in which its trigger ends (`StaleDataError` in
    `Trigger.submit_event`). It has nothing of its own, so another one goes on, as with systemd or Kubernetes.

    Args:
        running: The components, by name.
        start: Starts one.
        least_life_s: How long a triggerer has lived that is worth another one.
    """
    while True:
        began = time.monotonic()
        names = {process.pid: name for name, process in running.items()}
        pid, code = wait_for_child(set(names))
        name = names[pid]
        if name != TRIGGERER or time.monotonic() - began < least_life_s:
            return name, code
        running[name] = start(name)


def _fail(layout: Layout, component: str, code: int) -> NoReturn:
    layout.failure.write_text(f"{component}\n{code}\n", encoding="utf-8")
    sys.exit(1)


def _migrate(layout: Layout) -> None:
    """Bring the database to the version of this Airflow: 1 to 3 s, so not at every start."""
    airflow = version("apache-airflow-core")
    if database.fits(layout, airflow):
        return
    database.set_aside_newer(layout, airflow)
    _, code = wait_for_child({fork_component(partial(run_airflow, ["db", "migrate"]), layout.log(MIGRATE))})
    if code:
        _fail(layout, MIGRATE, code)
    database.mark_migrated(layout, airflow)


# The components


def fork_component(run: Callable[[], None], log: Path) -> int:
    """Run a function in a child with its own log; the child ends when we end."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        end_with_parent(parent, signal.SIGKILL)
        _become_component(log)
        run()
        code = 0
    except SystemExit as err:
        code = err.code if isinstance(err.code, int) else int(err.code is not None)
    except BaseException:  # noqa: BLE001  # the last frame of this process: all that is left is to tell
        traceback.print_exc()
    finally:
        _leave(code)
    raise AssertionError("unreachable")


def _become_component(log: Path) -> None:
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def _leave(code: int) -> NoReturn:
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def run_airflow(args: list[str]) -> None:
    """Run one Airflow command in this process, as its console script would."""
    from airflow.cli import cli_parser

    if args[0] in ADAPT:
        ADAPT[args[0]]()
    # Airflow puts its own command line into the job's and the audit log's records.
    sys.argv = ["airflow", *args]
    parsed = cli_parser.get_parser().parse_args(args)
    parsed.func(parsed)


# The end


def _stop(running: Mapping[str, Process]) -> None:
    """End the scheduler with its tasks, then the others: the tasks report to the API server, so that one goes last."""
    if SCHEDULER in running:
        _stop_scheduler(running[SCHEDULER])
    rest = {name: process for name, process in running.items() if name != SCHEDULER}
    for process in rest.values():
        send(process.pid, signal.SIGTERM)
    _wait_until(lambda: all(_ended(name, process) for name, process in rest.items()), COMPONENT_GRACE_S)


def _stop_scheduler(scheduler: Process) -> None:
    """Ask the scheduler to end, which it does when its tasks have ended, and then help the tasks to end.

    SIGTERM runs a task's `on_kill` and does not end it; SIGKILL does, and its supervisor reports the failure.
    """
    send(scheduler.pid, signal.SIGTERM)
    for signum, grace_s in ((signal.SIGTERM, TASK_GRACE_S), (signal.SIGKILL, REPORT_GRACE_S)):
        for task in _tasks(scheduler):
            send(task, signum)
        _wait_until(lambda: not scheduler.alive, grace_s)


def _tasks(scheduler: Process) -> list[int]:
    """Return the task processes: the children of the executor's workers, which are the scheduler's children."""
    return [task for worker in children(scheduler.pid) for task in children(worker)] if scheduler.alive else []


def _ended(name: str, process: Process) -> bool:
    """Whether a component has ended; the triggerer idles 3 s more after its child, which has the triggers, is gone."""
    return not process.alive or (name == TRIGGERER and not children(process.pid))


def _wait_until(done: Callable[[], bool], deadline_s: float) -> None:
    deadline = time.monotonic() + deadline_s
    while not done() and time.monotonic() < deadline:
        time.sleep(POLL_S)
