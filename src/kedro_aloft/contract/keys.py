"""Names under which the two sides leave things for each other in Airflow."""

from __future__ import annotations

CONF_KEY = "kedro_params"
"""Key of a DAG run's conf: nested Kedro runtime parameters, as `kedro airflow run --params` passes them."""

REPORT_KEY = "kedro_report"
"""XCom key of a task's report: seconds, memory, rows per node. Data never goes there."""
