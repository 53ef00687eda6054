"""A client of Airflow's REST API: look, trigger, follow."""

from kedro_aloft.client.api import AirflowApi
from kedro_aloft.client.follow import follow_run, wait_for_dag
from kedro_aloft.client.values import Backfill, RunResult, RunState, TaskState

__all__ = ["AirflowApi", "Backfill", "RunResult", "RunState", "TaskState", "follow_run", "wait_for_dag"]
