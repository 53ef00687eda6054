"""The only place that knows differences between versions of Kedro and of Airflow, and what they keep private.

Every import of Kedro or Airflow is inside a function: either may be absent.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# ---------------------------------------------------------------------------------------------------------- Kedro


@contextmanager
def block_plugin_hooks(distributions: Iterable[str]) -> Iterator[None]:
    """Keep the Kedro hooks of some distributions from being loaded by sessions that are created and run inside.

    Kedro's own `DISABLE_HOOKS_FOR_PLUGINS` imports a plugin before it unregisters it, and an import may already
    stall or fail. Pluggy does not load an entry point whose name is blocked.
    Source: Kedro 1.2–1.7 `framework/hooks/manager.py`, pluggy `load_setuptools_entrypoints`.
    """
    import importlib.metadata

    import kedro.framework.session.session as session_module
    import kedro.runner.task as task_module  # makes hook managers in the processes of the ParallelRunner
    from kedro.framework.hooks.manager import _create_hook_manager

    unwanted = {_normal(name) for name in distributions}
    names = [
        entry_point.name
        for entry_point in importlib.metadata.entry_points(group="kedro.hooks")
        if entry_point.dist is not None and _normal(entry_point.dist.name) in unwanted
    ]
    modules: list[Any] = [session_module, task_module]
    try:
        import kedro.framework.session.service_session as service_module  # Kedro ≥ 1.4

        modules.append(service_module)
    except ImportError:
        pass

    def create_hook_manager() -> Any:
        manager = _create_hook_manager()
        for name in names:
            manager.set_blocked(name)
        return manager

    for module in modules:
        module._create_hook_manager = create_hook_manager
    try:
        yield
    finally:
        for module in modules:
            module._create_hook_manager = _create_hook_manager


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def silence_own_warnings() -> None:
    """Ignore what Kedro's use of omegaconf makes it say, three times per task: no user can do anything about it."""
    import warnings

    warnings.filterwarnings("ignore", message=r"register_new_resolver\(\) is deprecated", category=UserWarning)


def load_every_pipeline() -> None:
    """Make Kedro load the whole registry, whatever pipelines a session asks for.

    Kedro ≥ 1.3 tells `find_pipelines()` to find only the requested ones, which breaks registries that compose
    pipelines from others. Before 1.3 the whole registry is always loaded.
    """
    from kedro.framework.project import pipelines

    set_requested = getattr(pipelines, "set_requested", None)
    if set_requested is None:
        return
    set_requested(None)
    setattr(pipelines, "set_requested", lambda _names: None)  # noqa: B010  as the type checker wants it


def end_processes(runner: Any) -> None:
    """End the process in which Kedro's ParallelRunner keeps shared data.

    Kedro ends it when the runner is deleted, but an exception's traceback keeps the runner, and Airflow's processes
    leave without cleaning up: every failed task would leave a process behind for good.
    Source: Kedro 1.2–1.7 `runner/parallel_runner.py`.
    """
    shutdown = getattr(getattr(runner, "_manager", None), "shutdown", None)
    if shutdown is not None:
        shutdown()


def replace_dataset(catalog: Any, name: str, dataset: Any) -> None:
    """Put a dataset in the place of a materialised one, keeping what the catalog knows of the name.

    `catalog[name] = …` would log a warning and drop the validators that the catalog declares for the name.
    """
    materialised = getattr(catalog, "_datasets", None)
    if isinstance(materialised, dict) and name in materialised:
        materialised[name] = dataset
    else:
        catalog[name] = dataset


def infer_copy_mode_cheaply() -> None:
    """Answer Kedro's question how to copy plain Python values without importing pandas, numpy and ibis.

    Kedro wraps every parameter in a `MemoryDataset` and imports these libraries to find out that a number is no data
    frame: 0.4 CPU seconds and 80 MB per task of a project that uses none of them. The answers stay the same.
    Source: Kedro 1.2–1.7 `io/memory_dataset.py`.
    """
    from kedro.io import memory_dataset

    original = memory_dataset._infer_copy_mode
    if hasattr(original, "answers_plain_values"):
        return
    plain = (bool, bytes, dict, float, int, list, set, str, tuple, type(None))

    def infer_copy_mode(data: Any) -> Any:
        return "deepcopy" if type(data) in plain else original(data)

    infer_copy_mode.answers_plain_values = True  # type: ignore[attr-defined]
    memory_dataset._infer_copy_mode = infer_copy_mode


def describe_git_cheaply() -> None:
    """Answer Kedro's question about the commit without starting git where there is no repository.

    Git would fail, and Kedro would print its traceback for a debug message that nobody reads: 4 CPU milliseconds and
    1 MB per task. The answer stays the same.
    Source: Kedro 1.2–1.7 `framework/session/session.py`.
    """
    import kedro.framework.session.session as session_module

    original = getattr(session_module, "_describe_git", None)
    if original is None or hasattr(original, "knows_repositories"):
        return

    def describe_git(project_path: Any) -> Any:
        wanted = logging.getLogger(session_module.__name__).isEnabledFor(logging.DEBUG)
        return original(project_path) if wanted or _may_have_commits(project_path) else {}

    describe_git.knows_repositories = True  # type: ignore[attr-defined]
    session_module._describe_git = describe_git


def _may_have_commits(path: Path) -> bool:
    """Whether git may find a repository from here, by its folder or by a variable."""
    return "GIT_DIR" in os.environ or any((folder / ".git").exists() for folder in (path, *path.parents))


def split_node_names(text: str) -> list[str]:
    """Split a list of node names as `kedro run --nodes` does: at commas, except for those inside brackets."""
    from kedro.framework.cli.utils import split_node_names as split

    return [name.strip() for name in split(cast("Any", None), None, text) if name.strip()]


def split_runtime_params(text: str) -> dict[str, Any]:
    """Read `a=1,b.c=x` as `kedro run --params` does: nested, numbers and booleans converted."""
    import click
    from kedro.framework.cli.utils import _split_params

    if not text:
        return {}
    return dict(_split_params(click.get_current_context(), click.Option(["--params"]), text))


# -------------------------------------------------------------------------------------------------------- Airflow


def airflow_exception(message: str) -> Exception:
    """Return the exception that makes a task fail and Airflow retry it."""
    return _airflow_exception("AirflowException", message)


def airflow_fail_exception(message: str) -> Exception:
    """Return the exception that makes a task fail at once, whatever its retries."""
    return _airflow_exception("AirflowFailException", message)


def _airflow_exception(name: str, message: str) -> Exception:
    """Exceptions moved to `airflow.sdk.exceptions` one by one; the last ones in Airflow 3.2."""
    exception: Exception = _first_of(("airflow.sdk.exceptions", name), ("airflow.exceptions", name))(message)
    return exception


def cron_data_interval_timetable(cron: str, timezone: str) -> Any:
    """Return Airflow's timetable with data intervals: part of the Task SDK since Airflow 3.2, of the core before."""
    name = "CronDataIntervalTimetable"
    return _first_of(("airflow.sdk", name), ("airflow.timetables.interval", name))(cron, timezone=timezone)


def load_dag_bag(folder: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Load a folder of DAG files as Airflow does; return its DAGs by id and the import errors by file.

    `BundleDagBag` since Airflow 3.2; before, `DagBag`.
    """
    module = "airflow.dag_processing.dagbag"
    bag_class = _first_of((module, "BundleDagBag"), (module, "DagBag"), ("airflow.models.dagbag", "DagBag"))
    if bag_class.__name__ == "BundleDagBag":
        from pathlib import Path

        bag = bag_class(folder, bundle_path=Path(folder), bundle_name="verify")
    else:
        bag = bag_class(folder, include_examples=False)
    return dict(bag.dags), dict(bag.import_errors)


def _first_of(*places: tuple[str, str]) -> Any:
    """Return the first of some attributes of modules that exists."""
    import importlib

    for module, name in places:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    names = ", ".join(f"{module}.{name}" for module, name in places)
    raise ImportError(f"this version of Airflow has none of {names}")
