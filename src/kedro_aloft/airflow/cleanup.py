"""KedroCleanup: the teardown that removes what a DAG run handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from kedro_aloft.airflow.pipeline import KedroPipeline


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
