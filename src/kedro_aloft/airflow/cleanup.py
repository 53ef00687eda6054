"""KedroCleanup: the teardown that removes what a DAG run handed over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from kedro_aloft.airflow.pipeline import KedroPipeline
    from kedro_aloft.contract.request import TaskRequest

logger = logging.getLogger(__name__)


class KedroCleanup(BaseOperator):
    """Remove the handed-over datasets of a successful run; keep those of a failed one until their time is over.

    A teardown: it runs however the other tasks ended, and its own result never decides that of the DAG run.

    Args:
        kedro: What all tasks of the DAG share.
        kwargs: Any argument of Airflow's `BaseOperator`.
    """

    ui_color = "#eeeeee"

    def __init__(self, *, kedro: KedroPipeline, task_id: str = "clean_up_handoff", **kwargs: Any) -> None:
        super().__init__(task_id=task_id, **{"retries": 0, **kwargs})
        self.kedro = kedro
        self.as_teardown()

    def execute(self, context: Context) -> None:
        """Remove this run's place when all is well, and places of older runs whose time is over."""
        from kedro_aloft.airflow.around import states_of
        from kedro_aloft.airflow.locate import handoff_of
        from kedro_aloft.contract.identity import RunIdentity
        from kedro_aloft.contract.outcome import all_well
        from kedro_aloft.contract.place import clean_up
        from kedro_aloft.contract.store import run_uri

        ti = context["ti"]
        identity = RunIdentity(dag_id=ti.dag_id, run_id=ti.run_id, run_after=context["dag_run"].run_after)
        for done in clean_up(
            run_uri(handoff_of(self.kedro, context["dag"].fileloc), "", identity.directory),
            keep=self.kedro.handoff_keep,
            ttl_s=self.kedro.handoff_ttl,
            well=all_well(states_of(context)),
        ):
            self.log.info(done)


def clean_up_after_task(kedro: KedroPipeline, context: Context, request: TaskRequest, *, failed: bool) -> None:
    """Remove what tasks left for their next try and whose time is over, in a DAG without a `KedroCleanup`.

    Args:
        kedro: What all tasks of the DAG share.
        context: Of the task that ended.
        request: What it was asked for.
        failed: Whether it failed. In a remote store only then: to look there takes time.
    """
    from kedro_aloft.contract.place import RunPlace
    from kedro_aloft.contract.store import run_uri, task_uri

    remote = "://" in request.handoff_uri
    if kedro.handoff_keep == "always" or (remote and not failed):
        return
    if any(task.task_type == KedroCleanup.__name__ for task in context["dag"].tasks):
        return
    uri = run_uri(request.handoff_uri, request.project_path, request.run_directory)
    ti: Any = context["ti"]
    try:
        if kedro.handoff_keep == "never" and failed and ti.try_number > ti.max_tries:
            RunPlace(task_uri(uri, request.task_id)).remove()
        for removed in RunPlace(uri).remove_older_siblings(kedro.handoff_ttl):
            logger.info("Removed what an older run left: %s", removed)
    except Exception as error:  # noqa: BLE001  a file system may raise anything, and the work is done
        logger.warning("What older runs left could not be removed: %s: %s", type(error).__name__, error)
