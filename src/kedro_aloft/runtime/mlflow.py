"""One MLflow run per DAG run, through kedro-mlflow.

kedro-mlflow reads mlflow.yml, connects to the server (credentials, request headers) and gives every session the MLflow
run that its configuration names, or a new one. All that we do is to name one there: the run with the DAG run's mark,
made by whoever looks for it first. Where kedro-mlflow does nothing, nothing happens here.
"""

from __future__ import annotations

import logging
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from kedro_aloft.contract import outcome
from kedro_aloft.contract.keys import FINISH, NODES, START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.contract.request import TaskRequest

MARK = "airflow.dag_run"
"""Tag of the MLflow run: DAG and run id. No other run of the experiment has the same."""

COMMIT_VARIABLE = "KEDRO_ALOFT_GIT_SHA"
"""Environment variable with the commit of the project, for images, which have no repository."""

_FINAL = {outcome.SUCCESS: "FINISHED", outcome.FAILED: "FAILED", outcome.STOPPED: "KILLED"}
_OF_ONE_TASK = ("node_names", "kedro_command")
"""Tags that kedro-mlflow sets for every session: at the end they would tell of the last task alone."""

logger = logging.getLogger(__name__)


class MlflowHooks:
    """Kedro hooks that name the DAG run's MLflow run in kedro-mlflow's configuration, and keep its state right."""

    def __init__(self, request: TaskRequest) -> None:
        self._request = request
        self._run_id: str | None = None

    @hook_impl(trylast=True)
    def after_context_created(self, context: Any) -> None:
        """Find the run or make it; kedro-mlflow has read its configuration and connected to the server by now.

        A run that the project names itself, in mlflow.yml or by starting it, is respected.
        """
        config = getattr(context, "mlflow", None)
        if not self._request.mlflow or config is None:
            return
        tracking = config.tracking
        if tracking.run.id is not None or self._request.pipeline in tracking.disable_tracking.pipelines:
            return
        # kedro-mlflow gives the run this name again in each session; the name of the pipeline, if there is none.
        tracking.run.name = tracking.run.name or self._request.run_id
        self._run_id = _find_or_make(self._request, experiment=tracking.experiment.name, name=tracking.run.name)
        tracking.run.id = self._run_id

    @contextmanager
    def keeping_state(self) -> Iterator[None]:
        """Leave the run as the DAG run is: kedro-mlflow ends it with each session."""
        state = _FINAL[outcome.outcome(self._request.states)] if self._request.stage == FINISH else "RUNNING"
        try:
            yield
        except Exception:
            # No node will run, and no teardown either.
            self._leave("FAILED" if self._request.stage == START else state)
            raise
        except BaseException:
            # Somebody stops this task. When they stop the whole run, its end may be told already.
            self._leave(None if self._request.stage == NODES else state)
            raise
        self._leave(state)

    def _leave(self, state: str | None) -> None:
        """Set the run's state; None keeps what it is.

        A task whose nodes are done stays done when the server has gone meanwhile; the end of the run does not.
        """
        if self._run_id is None:
            return
        try:
            _set_state(self._run_id, state)
        except Exception:
            if self._request.stage != NODES:
                raise
            logger.warning("The state of MLflow run %s could not be set.", self._run_id, exc_info=True)


def _find_or_make(request: TaskRequest, *, experiment: str, name: str) -> str:
    """Return the id of the DAG run's MLflow run.

    Two tasks that find none make one each, look again and agree on the earliest: the other one is deleted.
    """
    import mlflow

    client = mlflow.MlflowClient()
    experiment_id = client.get_experiment_by_name(experiment).experiment_id
    mark = f"{request.dag_id}/{request.run_id}"
    found = _marked(client, experiment_id, mark)
    if found:
        return found[0]
    made = client.create_run(experiment_id, run_name=name, tags=_tags(request, mark)).info.run_id
    first = next(iter(_marked(client, experiment_id, mark)), made)
    if first != made:
        client.delete_run(made)
    logger.info("MLflow run %s is that of DAG run '%s'.", first, request.run_id)
    return str(first)


def _marked(client: Any, experiment_id: str, mark: str) -> list[str]:
    """Return the ids of the runs with a mark, the earliest first."""
    quote = '"' if "'" in mark else "'"
    runs = client.search_runs([experiment_id], filter_string=f"tags.`{MARK}` = {quote}{mark}{quote}")
    return [run.info.run_id for run in sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))]


def _tags(request: TaskRequest, mark: str) -> dict[str, str]:
    commit = os.environ.get(COMMIT_VARIABLE) or _commit(request.project_path)
    return {
        MARK: mark,
        "airflow.dag_id": request.dag_id,
        "airflow.run_id": request.run_id,
        # Names of MLflow's own, which its pages show.
        "mlflow.source.name": request.dag_id,
        "mlflow.source.type": "JOB",
        **({"mlflow.source.git.commit": commit} if commit else {}),
    }


def _commit(path: str) -> str:
    """Return the commit that the project's repository has checked out; nothing where there is none, or no git."""
    try:
        done = subprocess.run(["git", "-C", path, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _set_state(run_id: str, wanted: str | None) -> None:
    """Close what this process has open, so that nothing ends the run when the process ends, and set the run's state."""
    import mlflow

    state = wanted or mlflow.MlflowClient().get_run(run_id).info.status
    while (active := mlflow.active_run()) is not None:
        mlflow.end_run(state if active.info.run_id == run_id else "KILLED")
    client = mlflow.MlflowClient()
    if state == "RUNNING" or wanted is None:
        client.update_run(run_id, status=state)
        return
    tags = client.get_run(run_id).data.tags
    for tag in (one for one in _OF_ONE_TASK if one in tags):
        client.delete_tag(run_id, tag)
    client.set_terminated(run_id, state)
