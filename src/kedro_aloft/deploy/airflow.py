"""The Airflow that reads a target, as airflow.yml names it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kedro_aloft.client import AirflowApi

if TYPE_CHECKING:
    from kedro_aloft.settings.targets import AirflowSettings


def api_of(airflow: AirflowSettings | None) -> AirflowApi | None:
    """Return the API of the Airflow that a target names; None when it names no address."""
    if airflow is None or airflow.url is None:
        return None
    auth = airflow.auth
    return AirflowApi(
        airflow.url, username=os.environ.get(auth.username_env, ""), password=os.environ.get(auth.password_env, "")
    )
