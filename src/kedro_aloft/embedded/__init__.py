"""A real Airflow inside a Kedro project: start, use, stop."""

from kedro_aloft.client.follow import wait_for_dag
from kedro_aloft.embedded.control import Address, EmbeddedAirflow, Status

__all__ = ["Address", "EmbeddedAirflow", "Status", "wait_for_dag"]
