"""Checks of what makes every task, parse or deployment slower than it need be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kedro_aloft.doctor.check import Check, Family, Result, bad, ok, unknown, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.doctor.facts import DagFile, Environment

_MIB = 1024**2
LITTLE_SPACE, TOO_LITTLE_SPACE = 1024 * _MIB, 100 * _MIB
SLOW_FILE_S = 0.5
MANY_TASKS_PER_CORE = 8
_MOST_COMPILED = 0.9
_SHOWN = 3


def _bytecode(env: Environment) -> Result:
    missing = [
        f"{package} ({total - compiled:,} of {total:,} modules)"
        for package, (compiled, total) in env.bytecode.items()
        if compiled < _MOST_COMPILED * total
    ]
    if not env.bytecode:
        return unknown("neither Airflow nor Kedro is in the site-packages of this Python")
    if missing:
        return warn(
            f"no bytecode for {', '.join(missing)}",
            "python -m compileall -q $(python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'), or "
            "install with `uv pip install --compile-bytecode`",
        )
    return ok("compiled")


def _bytecode_variable(env: Environment) -> Result:
    if env.variables.get("PYTHONDONTWRITEBYTECODE"):
        return warn("PYTHONDONTWRITEBYTECODE is set", "unset PYTHONDONTWRITEBYTECODE where Airflow and its tasks run")
    return ok("Python may write bytecode")


def _telemetry(env: Environment) -> Result:
    if env.telemetry == "no answer":
        return warn("kedro-telemetry is on, and its host does not answer", "export DO_NOT_TRACK=1")
    return ok("off" if env.telemetry == "off" else "nothing waits for it")


def _space(env: Environment) -> Result:
    seen = ", ".join(f"{free // _MIB:,} MiB in {place}" for place, free in sorted(env.free.items()))
    least = min(env.free.values(), default=LITTLE_SPACE)
    if least < TOO_LITTLE_SPACE:
        return bad(seen, "free space, or set `handoff.uri` to a store that has it")
    return warn(seen, "free space, or set `handoff.uri` to a store that has it") if least < LITTLE_SPACE else ok(seen)


def _fork(env: Environment) -> Result:
    if env.platform == "darwin" and env.variables.get("OBJC_DISABLE_INITIALIZE_FORK_SAFETY") != "YES":
        return warn(
            "macOS ends forked processes that use some system libraries",
            "export OBJC_DISABLE_INITIALIZE_FORK_SAFETY=YES NO_PROXY='*'",
        )
    if env.variables.get("GRPC_ENABLE_FORK_SUPPORT", "1").lower() in {"0", "false"}:
        return warn("GRPC_ENABLE_FORK_SUPPORT is off", "unset GRPC_ENABLE_FORK_SUPPORT")
    return ok("nothing speaks against it")


def _at_most(key: str, limit: float, proposal: str) -> Callable[[Environment], Result]:
    """Return the question whether a number of seconds is small enough."""
    section, _, option = key.partition(".")
    variable = f"AIRFLOW__{section.upper()}__{option.upper()}"

    def ask(env: Environment) -> Result:
        if env.airflow is None:
            return unknown(env.airflow_missing)
        try:
            value = float(env.airflow[key])
        except ValueError:
            return unknown(f"[{section}] {option} is not set")
        seen = f"[{section}] {option} = {value:g}"
        return ok(seen) if value <= limit else warn(seen, f"export {variable}={proposal}")

    return ask


def _parallelism(env: Environment) -> Result:
    if env.airflow is None:
        return unknown(env.airflow_missing)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    value = env.airflow["core.parallelism"]
    seen = f"[core] parallelism = {value} on {cores} processors, {env.airflow['core.executor']}"
    if "LocalExecutor" in env.airflow["core.executor"] and value.isdigit() and int(value) > MANY_TASKS_PER_CORE * cores:
        return warn(seen, f"export AIRFLOW__CORE__PARALLELISM={2 * cores}")
    return ok(seen)


def _with_dags(judge: Callable[[tuple[DagFile, ...]], Result]) -> Callable[[Environment], Result]:
    def ask(env: Environment) -> Result:
        if env.dags is None:
            return unknown(env.dags_missing)
        return judge(env.dags) if env.dags else ok("no DAG file")

    return ask


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _loads(files: tuple[DagFile, ...]) -> Result:
    broken = [f"{file.name}: {file.error}" for file in files if file.error]
    if broken:
        return bad(_listed(broken), "repair or remove the file; see `airflow dags list-import-errors`")
    return ok(f"{len(files)} load" if len(files) > 1 else "it loads")


def _costs(files: tuple[DagFile, ...]) -> Result:
    slow = [f"{file.name} {file.seconds:.1f} s" for file in files if file.seconds > SLOW_FILE_S]
    if slow:
        return warn(_listed(slow), "move imports and work from the top of the file into its tasks")
    return ok(f"at most {max(file.seconds for file in files):.2f} s of processor time")


def _imports(files: tuple[DagFile, ...]) -> Result:
    heavy = [f"{file.name} imports {', '.join(file.heavy)}" for file in files if file.heavy]
    if heavy:
        return warn(_listed(heavy), "import them inside the tasks; DAG files of kedro-aloft import none")
    return ok("no heavy library")


SPEED: tuple[Check[Environment], ...] = (
    Check(
        code="bytecode",
        title="Bytecode of installed packages",
        why="Without it every process compiles everything anew: the same DAG took 42.6 s instead of 17.3 s (measured, "
        "Airflow 3.3.2). uv and read-only images leave it out.",
        family=Family.ALWAYS,
        ask=_bytecode,
    ),
    Check(
        code="bytecode-variable",
        title="PYTHONDONTWRITEBYTECODE",
        why="Python then never writes what it compiled, and compiles it again in every process: 2.4 times slower where "
        "packages came without bytecode (measured, Airflow 3.3.2).",
        family=Family.ALWAYS,
        ask=_bytecode_variable,
    ),
    Check(
        code="telemetry",
        title="Telemetry that stalls",
        why="kedro-telemetry waits up to 10 s for a network that does not answer, at each catalog (measured: 10.4 s). "
        "Tasks of kedro-aloft do not load it; `kedro run` and other plugins' tasks do.",
        family=Family.ALWAYS,
        ask=_telemetry,
    ),
    Check(
        code="disk-space",
        title="Space for temporary files and for handed-over data",
        why="Datasets in memory that cross tasks are written to `handoff.uri`, by default inside the project.",
        family=Family.ALWAYS,
        ask=_space,
    ),
    Check(
        code="fork-safety",
        title="Forks",
        why="Airflow's LocalExecutor and CeleryExecutor, and warm starts, fork. Source: Airflow's documentation, "
        "“Troubleshooting”; gRPC's on fork support.",
        family=Family.ALWAYS,
        ask=_fork,
    ),
    Check(
        code="scheduler-sleep",
        title="Pause of the scheduler",
        why="The scheduler sleeps 1 s when it finds nothing to do, so each hop of a chain costs about 1 s: ten empty "
        "tasks took 11.4 to 14.9 s with 1, and 2.2 to 3.3 s with 0.1 (measured, Airflow 3.3.2). 0.1 takes 11 % of a "
        "processor when idle, 0.5 takes 2 %.",
        family=Family.ALWAYS,
        ask=_at_most("scheduler.scheduler_idle_sleep_time", 0.5, "0.1"),
    ),
    Check(
        code="heartbeat",
        title="Slots of finished tasks",
        why="38 of 59 empty tasks kept their slot for one heartbeat interval, 5 s, after they had ended (measured, "
        "Airflow 3.3.2); with 1 it is at most 1 s.",
        family=Family.ALWAYS,
        ask=_at_most("workers.min_heartbeat_interval", 1, "1"),
    ),
    Check(
        code="new-files",
        title="Time until a new DAG file is found",
        why="A new file is found when its bundle is refreshed, by default every 300 s (Airflow 3.3, `[dag_processor] "
        "refresh_interval`; measured: 6 s with 5).",
        family=Family.ALWAYS,
        ask=_at_most("dag_processor.refresh_interval", 60, "30"),
    ),
    Check(
        code="parallelism",
        title="Processes of the LocalExecutor",
        why="It starts as many workers as `parallelism` says: 32 on 2 processors were 39 processes and 1.65 GB, idle "
        "(measured, `airflow standalone` 3.3.2).",
        family=Family.ALWAYS,
        ask=_parallelism,
    ),
    Check(
        code="dag-files",
        title="Files of the DAG folder",
        why="A file that does not load has no DAGs, and Airflow's page hides the reason in a banner.",
        family=Family.ALWAYS,
        ask=_with_dags(_loads),
    ),
    Check(
        code="dag-cost",
        title="Processor time of each DAG file",
        why="Airflow imports each file again every 30 s, and once more in every task: 27 files that import Kedro took "
        "45 % of a processor all day (measured, kedro-airflow 0.11).",
        family=Family.ALWAYS,
        ask=_with_dags(_costs),
    ),
    Check(
        code="dag-imports",
        title="Heavy libraries in DAG files",
        why="With Kedro and pandas at the top of its DAG file each task took 1.5 s, with both imported before 0.1 s "
        "(measured, Airflow 3.3.2); importing Kedro also replaces Airflow's log handlers.",
        family=Family.ALWAYS,
        ask=_with_dags(_imports),
    ),
)
