"""Checks of what is installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.compat import TESTED_VERSIONS
from kedro_aloft.doctor.check import Check, Family, Result, bad, ok, unknown, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro_aloft.doctor.facts import Environment

_TESTS = "`make test-matrix` of kedro-aloft; docs/compatibility"


def parts(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, at most three: `3.3.2rc1` is (3, 3, 2)."""
    found = re.match(r"\d+(\.\d+){0,2}", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def judge_version(name: str, version: str) -> Result:
    """Return how a version stands to those that were tested; a newer patch of the highest one counts as tested."""
    lowest, highest = TESTED_VERSIONS[name]
    tested = f"tested: {lowest} to {highest}"
    if parts(version) < parts(lowest):
        return bad(f"{version}; {tested}", f"pip install '{name}>={lowest}'" if name != "python" else f"use {lowest}")
    if parts(version)[:2] > parts(highest)[:2]:
        return warn(f"{version}; {tested}", "run the pipelines' tests before you trust it")
    return ok(version)


def _installed(name: str) -> Callable[[Environment], Result]:
    def ask(env: Environment) -> Result:
        version = env.versions.get(name)
        return judge_version(name, version) if version else unknown("not installed here")

    return ask


def _python(env: Environment) -> Result:
    return judge_version("python", env.python)


def _two_plugins(env: Environment) -> Result:
    others = [name for name in env.providers_of_command if name != "kedro-aloft"]
    if others and "kedro-aloft" in env.providers_of_command:
        return bad(f"{', '.join(others)} beside kedro-aloft", f"pip uninstall {' '.join(others)}")
    return ok("one provider of the command")


def _celery(env: Environment) -> Result:
    celery, provider = env.versions.get("celery"), env.versions.get("apache-airflow-providers-celery")
    if not celery or not provider:
        return ok("no CeleryExecutor here")
    if parts(celery) >= (5, 7) and parts(provider) <= (3, 26, 0):
        return bad(f"celery {celery} with provider {provider}", "pip install 'celery<5.7'")
    return ok(f"celery {celery} with provider {provider}")


def _fastapi(env: Environment) -> Result:
    airflow, fastapi = env.versions.get("apache-airflow-core", ""), env.versions.get("fastapi", "")
    if (3, 0) <= parts(airflow) < (3, 1) and parts(fastapi) >= (0, 118):
        return bad(f"fastapi {fastapi} with Airflow {airflow}", "pip install 'fastapi<0.118'")
    return ok(f"fastapi {fastapi or 'not installed'}")


VERSIONS: tuple[Check[Environment], ...] = (
    Check(
        code="python-version",
        title="Version of Python",
        why=_TESTS,
        family=Family.ALWAYS,
        ask=_python,
    ),
    Check(
        code="airflow-version",
        title="Version of Airflow",
        why=f"DAG files import airflow.sdk, which begins with Airflow 3. {_TESTS}",
        family=Family.ALWAYS,
        ask=_installed("apache-airflow"),
    ),
    Check(
        code="kedro-version",
        title="Version of Kedro",
        why=f"Tasks call `session.run(pipeline_names=…)`, which begins with Kedro 1.2. {_TESTS}",
        family=Family.ALWAYS,
        ask=_installed("kedro"),
    ),
    Check(
        code="two-plugins",
        title="Other plugins with the command `kedro airflow`",
        why="Kedro calls whichever it finds first, and says nothing (Kedro 1.7, `framework/cli/utils.py`).",
        family=Family.ALWAYS,
        ask=_two_plugins,
    ),
    Check(
        code="celery",
        title="Celery and Airflow's provider for it",
        why="Provider 3.26.0 does not import with Celery 5.7.0 (`cannot import name 'retry'`); measured with Airflow "
        "3.3.2. pip installs the pair without a word.",
        family=Family.ALWAYS,
        ask=_celery,
    ),
    Check(
        code="fastapi",
        title="FastAPI below Airflow 3.0",
        why="With FastAPI 0.118 or later, the API of Airflow 3.0 does not know a run that it has just started; "
        "measured with 3.0.6.",
        family=Family.ALWAYS,
        ask=_fastapi,
    ),
)
