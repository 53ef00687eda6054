"""Typed `conf/<env>/airflow.yml`: what the user wrote → `DagSettings`, with every problem named.

No Kedro, no Airflow, no file is read here: the `project` room hands over the mapping that Kedro's config loader read.
"""

from kedro_aloft.settings.assign import parse_params_option, parse_set
from kedro_aloft.settings.demands import check_execution, check_handoff
from kedro_aloft.settings.duration import Duration, format_duration, parse_duration
from kedro_aloft.settings.execution import BUILT_IMAGE, CONTAINER_MODES
from kedro_aloft.settings.models import DagSettings, TaskOverride
from kedro_aloft.settings.overrides import (
    TaskSettings,
    effective,
    effective_by_name,
    merge_requirements,
    selects_any,
    unused_overrides,
)
from kedro_aloft.settings.pod_template import with_pod_templates
from kedro_aloft.settings.read import Notice, Reading, check_settings, read_settings
from kedro_aloft.settings.schedule import Every, OnAssets, cron_gaps
from kedro_aloft.settings.spark import SPARK_TAG

__all__ = [
    "BUILT_IMAGE",
    "CONTAINER_MODES",
    "SPARK_TAG",
    "DagSettings",
    "Duration",
    "Every",
    "Notice",
    "OnAssets",
    "Reading",
    "TaskOverride",
    "TaskSettings",
    "check_execution",
    "check_handoff",
    "check_settings",
    "cron_gaps",
    "effective",
    "effective_by_name",
    "format_duration",
    "merge_requirements",
    "parse_duration",
    "parse_params_option",
    "parse_set",
    "read_settings",
    "selects_any",
    "unused_overrides",
    "with_pod_templates",
]
