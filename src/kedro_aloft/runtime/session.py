"""One Kedro session per task, with the identity of the DAG run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import settings
from kedro.framework.session import KedroSession
from kedro.utils import load_obj

from kedro_aloft import compat
from kedro_aloft.contract.keys import FINISH, NODES, PER_RUN, START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kedro_aloft.contract.request import TaskRequest

DEFAULT_PIPELINE = "__default__"


class BeforeNodes:
    """Kedro hooks that call a function when all is prepared, before the hooks of others at this place."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self) -> None:
        """Call it."""
        self._function()


_SILENT = {
    NODES: ("before_pipeline_run", "after_pipeline_run", "on_pipeline_error"),
    START: ("after_pipeline_run", "on_pipeline_error"),
    FINISH: ("before_pipeline_run",),
}
"""Stage → hooks of others that are not called in it when they are called once per DAG run."""


def run_session(
    request: TaskRequest,
    *,
    hooks: Iterable[object],
    runner: Any = None,
    around: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
) -> None:
    """Run the request's nodes in a session of the project's own session class.

    Args:
        request: What to run.
        hooks: Registered after all hooks of the project and of plugins.
        runner: Runs the nodes; None for the request's own.
        around: Returns what takes the place of the runner's `run`, which it gets.
    """
    with open_session(request, hooks=hooks) as session:
        runner = runner or load_obj(request.runner, "kedro.runner")()
        if around is not None:
            runner.run = around(runner.run)
        try:
            session.run(runner=runner, **_run_arguments(request, session))
        finally:
            compat.end_processes(runner)


@contextmanager
def open_session(request: TaskRequest, *, hooks: Iterable[object]) -> Iterator[Any]:
    """Give a session of the project's own session class; the arguments are those of `run_session`."""
    with compat.block_plugin_hooks(request.skip_plugin_hooks), _create(request) as session:
        others = session._hook_manager.get_plugins()
        for hook in hooks:
            session._hook_manager.register(hook)
        if request.pipeline_hooks == PER_RUN:
            _silence(session._hook_manager, others, stage=request.stage)
        yield session


def _silence(manager: Any, others: Iterable[object], *, stage: str) -> None:
    """Keep the hooks of others around the pipeline from being called.

    kedro-mlflow opens and closes the MLflow run of a session there, and logs nothing without it.
    """
    needed = () if stage == START else ("kedro_mlflow.",)
    others = [one for one in others if not type(one).__module__.startswith(needed)]
    for name in _SILENT[stage]:
        setattr(manager.hook, name, manager.subset_hook_caller(name, remove_plugins=others))


def _create(request: TaskRequest) -> Any:
    session_class: Any = getattr(settings, "SESSION_CLASS", KedroSession)
    arguments: dict[str, Any] = {
        "project_path": request.project_path,
        "env": request.env,
        "conf_source": request.conf_source,
    }
    if not issubclass(session_class, KedroSession):
        return session_class.create(session_id=request.version, **arguments)
    session = session_class.create(runtime_params=dict(request.runtime_params), **arguments)
    # Kedro's session takes its save version from its id, which is the moment of its creation; every task of a DAG
    # run must have the same. https://github.com/kedro-org/kedro/issues/1731
    session.session_id = request.version
    session._store["session_id"] = request.version
    return session


def _run_arguments(request: TaskRequest, session: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "pipeline_names": [] if request.pipeline == DEFAULT_PIPELINE else [request.pipeline],
        "node_names": tuple(request.nodes),
        "load_versions": {**dict.fromkeys(request.pinned, request.version), **request.load_versions} or None,
    }
    if not isinstance(session, KedroSession):
        arguments |= {"run_id": request.version, "runtime_params": dict(request.runtime_params)}
    return arguments
