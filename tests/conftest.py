"""Fixtures of all tests; a throw-away Airflow home before anything can import Airflow."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `support`, whatever the import mode

from support.airflow import airflow_environment, migrated_database, share_airflow
from support.commands import SHORT_LIVES
from support.projects import ProjectBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.embedded import EmbeddedAirflow
    from support.engine import Engine
    from support.projects import Project
    from support.remote import Remote

# A shell that starts us in the background has SIGINT ignored; the commands that we start must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_HOME = Path(tempfile.mkdtemp(prefix="kedro-aloft-tests-"))
for _name in [name for name in os.environ if name.startswith(("AIRFLOW_", "KEDRO_", "FORCE_COLOR", "COLUMNS"))]:
    del os.environ[_name]
os.environ.update(airflow_environment(_HOME, _HOME / "dags"))
os.environ["DO_NOT_TRACK"] = "1"
os.environ.update(SHORT_LIVES)


with contextlib.suppress(ImportError):  # environments of the matrix have no Hypothesis
    from hypothesis import settings

    # The same examples everywhere and each time; HYPOTHESIS_PROFILE=default looks for new ones.
    settings.register_profile("steady", derandomize=True, deadline=None, database=None)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that rewrites golden files."""
    parser.addoption("--regenerate-golden", action="store_true", help="Rewrite the golden files instead of comparing.")


def pytest_unconfigure() -> None:
    """Remove the throw-away home."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of this test session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def airflow_database(shared_path: Path) -> Path:
    """A migrated, empty Airflow database to copy."""
    return migrated_database(shared_path)


@pytest.fixture(scope="session")
def shared_airflow(shared_path: Path) -> Iterator[EmbeddedAirflow]:
    """One embedded Airflow for the whole session: it starts with its first user and ends with its last one."""
    from kedro_aloft.embedded import EmbeddedAirflow

    path = shared_path / "airflow"
    path.mkdir(exist_ok=True)
    embedded = EmbeddedAirflow(path, parallelism=4)
    with embedded.running():
        yield embedded


@pytest.fixture(scope="session")
def api(shared_airflow: EmbeddedAirflow) -> AirflowApi:
    """A client of the shared Airflow."""
    return shared_airflow.api()


@pytest.fixture(scope="session")
def on_airflow(shared_airflow: EmbeddedAirflow) -> Callable[[ProjectBuilder], Project]:
    """Build projects whose `kedro airflow run` uses the shared Airflow."""
    return lambda builder: share_airflow(builder.build(), shared_airflow.project_path)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine that all tests of this user share; skips where there can be none, but not in CI."""
    from support.engine import EngineMissingError, running_engine

    with ExitStack() as stack:
        try:
            running = stack.enter_context(running_engine())
        except EngineMissingError as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        yield running


@pytest.fixture(scope="session")
def remote(shared_path: Path) -> Iterator[Remote]:
    """A second Airflow that the whole session shares; skips where there can be none, but not in CI."""
    from support.remote import RemoteMissingError, running_remote

    with ExitStack() as stack:
        try:
            running = stack.enter_context(running_remote(shared_path / "remote"))
        except RemoteMissingError as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        yield running


@pytest.fixture
def builder(tmp_path: Path) -> ProjectBuilder:
    """A builder for one project in the test's own directory."""
    return ProjectBuilder(tmp_path)


@pytest.fixture(scope="module")
def module_builder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ProjectBuilder]:
    """Make builders for projects that the tests of a module share."""
    return lambda package: ProjectBuilder(tmp_path_factory.mktemp(package), package)
