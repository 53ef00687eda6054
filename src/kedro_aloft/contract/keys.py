"""Names under which the two sides leave things for each other."""

from __future__ import annotations

CONF_KEY = "kedro_params"
"""Key of a DAG run's conf: nested Kedro runtime parameters, as `kedro airflow run --params` passes them."""

REPORT_KEY = "kedro_report"
"""XCom key of a task's report: seconds, memory, rows per node. Data never goes there."""

JOURNAL_KEY = "journal"
"""XCom key of a running task's journal (`contract.journal`); Airflow removes it when the task is tried again."""

MIRROR_LINK_KEY = "_link_kedro_runner"
"""XCom key of a mirror's link to the task that runs its node."""

MIRROR_OPERATOR = "KedroMirror"
"""What Airflow's API calls the class of a task that shows a node live, in the triggerer."""

DEFAULT_HANDOFF_URI = ".airflow/handoff"
"""Inside the project, in a directory that git ignores: right for one machine; fleets name a shared place."""

TASK_VARIABLE = "KEDRO_ALOFT_TASK"
"""Environment variable of a container: what the DAG file knows of its task, as JSON (`contract.container`)."""

RUN_VARIABLE = "KEDRO_ALOFT_RUN"
"""Environment variable of a container: what Airflow filled in when the task started, as JSON."""

JOURNAL_MARK = "kedro-aloft journal: "
"""Begins lines of a container's log that tell what is new in its journal: entries by node as JSON."""

REPORT_MARK = "kedro-aloft report: "
"""Begins the last line of a container's log; the task's report as JSON is the rest of it."""

DEFAULT_VENV_PYTHON = ".venv/bin/python"
"""The project's own interpreter for `execution: venv`, relative to the project."""

DEFAULT_VENV_CACHE = ".airflow/venvs"
"""Folder of the environments that are built from requirements, relative to the project."""

PROJECT_IN_IMAGE = "/home/kedro/project"
"""Where images have the project, and where their containers work."""

NODES, START, FINISH = "nodes", "start", "finish"
"""Stages of a DAG run (`TaskRequest.stage`): the tasks that run nodes, and the ones before and after all of them."""

PER_TASK, PER_RUN = "per_task", "per_run"
"""Values of the setting `pipeline_hooks`."""

AUTO, LIVE, STATIC, OFF = "auto", "live", "static", "off"
"""Values of the setting `mirrors`: ways to show the nodes of a fused task."""
