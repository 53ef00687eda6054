"""Names under which the two sides leave things for each other."""

from __future__ import annotations

CONF_KEY = "kedro_params"
"""Key of a DAG run's conf: nested Kedro runtime parameters, as `kedro airflow run --params` passes them."""

REPORT_KEY = "kedro_report"
"""XCom key of a task's report: seconds, memory, rows per node. Data never goes there."""

DEFAULT_HANDOFF_URI = ".airflow/handoff"
"""Inside the project, in a directory that git ignores: right for one machine; fleets name a shared place."""
