"""Fixtures for the tests of a Kedro project on Airflow; see `kedro_aloft.testing` for how to load them.

Three fixtures say what is tested, and are there to be overridden: `kedro_project_path` (the working directory),
`kedro_env` (the project's default) and `kedro_pipeline` (`__default__`).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kedro_aloft.testing.throwaway import throw_away_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.compiler import CompiledDag
    from kedro_aloft.graph.plan import Plan
    from kedro_aloft.project import Project
    from kedro_aloft.testing.throwaway import DagResult


@pytest.fixture(scope="session")
def kedro_project_path() -> Path:
    """A directory in the Kedro project; the working directory unless you override it."""
    return Path.cwd()


@pytest.fixture(scope="session")
def kedro_env() -> str | None:
    """The Kedro environment; None, unless you override it, for the project's default."""
    return None


@pytest.fixture(scope="session")
def kedro_pipeline() -> str:
    """The registered pipeline; `__default__` unless you override it."""
    return "__default__"


@pytest.fixture(scope="session")
def kedro_compiled(kedro_project_path: Path, kedro_env: str | None, kedro_pipeline: str) -> CompiledDag:
    """The pipeline as `kedro airflow create` compiles it: snapshot, plan, settings, findings, text of the DAG file."""
    from kedro_aloft.compiler import compile_project

    with _quiet():
        (compiled,) = compile_project(_project(kedro_project_path, kedro_env), _order(kedro_pipeline))
    return compiled


@pytest.fixture(scope="session")
def kedro_plan(kedro_compiled: CompiledDag) -> Plan:
    """The tasks of the pipeline, their nodes and what crosses between them."""
    return kedro_compiled.plan


@pytest.fixture(scope="session")
def kedro_dag(kedro_compiled: CompiledDag, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The DAG, as the installed Airflow loads its file; no metadata database is needed or touched."""
    from kedro_aloft.compat import load_dag_bag
    from kedro_aloft.render import write_files

    home = tmp_path_factory.mktemp("airflow")
    folder = home / "dags"
    write_files(folder, {kedro_compiled.file_name: kedro_compiled.rendered.source})
    with _quiet(), _airflow_home(home, folder):
        dags, errors = load_dag_bag(str(folder))
    if kedro_compiled.dag_id not in dags:
        pytest.fail("Airflow does not load the DAG:\n" + "\n".join(errors.values()), pytrace=False)
    return dags[kedro_compiled.dag_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """A DAG run that ended.

    Args:
        result: State of the run and of its tasks, what failed tasks said.
        project_path: The private copy in which it ran; pytest removes it.
        outputs: What each persisted output holds, by dataset; loaded when it is asked for.
        log: What Airflow and the nodes printed.
    """

    result: DagResult
    project_path: Path
    outputs: Mapping[str, Any]
    log: str

    @property
    def state(self) -> str:
        """`success` or `failed`."""
        return self.result.state

    @property
    def tasks(self) -> Mapping[str, str]:
        """State by task id, without tasks that only show nodes."""
        return self.result.tasks

    @property
    def nodes(self) -> Mapping[str, str]:
        """State by node, however nodes are grouped into tasks: `success`, `failed`, `not run`, or that of its task."""
        return self.result.nodes


class _Outputs(Mapping[str, Any]):
    def __init__(self, catalog: Any, names: tuple[str, ...]) -> None:
        self._catalog, self._names = catalog, names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._catalog.load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@pytest.fixture
def run_dag(
    kedro_project_path: Path, kedro_env: str | None, kedro_pipeline: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., DagRun]:
    """Run the DAG with `dag.test` on a throw-away Airflow, in a private copy of the project.

    The fixture is a function: `run_dag(params={…}, data=Path("tests/data"))`, both optional: nested runtime parameters,
    and a folder whose files go over `data/`.
    """

    def run(*, params: Mapping[str, Any] | None = None, data: Path | None = None) -> DagRun:
        from kedro_aloft.testing.copies import written
        from kedro_aloft.testing.trial import Bench

        with _quiet():
            project = replace(_project(kedro_project_path, kedro_env), runtime_params=dict(params or {}))
            bench = Bench(tmp_path_factory.mktemp("kedro_aloft"), project, _order(kedro_pipeline), data=data)
            (dag,) = bench.compiled
            with bench.airflow() as airflow:
                result = bench.run_dag(airflow, dag, datetime.now(timezone.utc))
                log = airflow.log()
            catalog = replace(bench.on_airflow, runtime_params=result.params).catalog(kedro_pipeline)
        names = tuple(info.name for info in written(dag.snapshot))
        return DagRun(result=result, project_path=bench.on_airflow.path, outputs=_Outputs(catalog, names), log=log)

    return run


def _project(path: Path, env: str | None) -> Project:
    from kedro_aloft.project import open_project

    return open_project(path, env=env)


def _order(pipeline: str) -> Any:
    from kedro_aloft.compiler import Order

    return Order(pipelines=(pipeline,), for_here=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """What Kedro and Airflow warn of in their own code is no failure of the project's tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _airflow_home(home: Path, dags: Path) -> Iterator[None]:
    """Import Airflow with a home of its own, for an import writes one; what is imported already stays as it is."""
    if "airflow" in sys.modules:
        yield
        return
    before = dict(os.environ)
    own = throw_away_environment(home, dags)
    try:
        os.environ.clear()
        os.environ.update(own)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
