"""From projects of kedro-airflow, kedro-airflow-k8s and the Composer/GKE example to `airflow.yml` of kedro-aloft.

Nothing of the old project is imported, and no Kedro either: it may need a Kedro that is not installed any more.
"""

from kedro_aloft.migrate.plan import plan_migration
from kedro_aloft.migrate.read import find_old_project, read_old_project
from kedro_aloft.migrate.values import Fate, Kind, Line, Migration

__all__ = ["Fate", "Kind", "Line", "Migration", "find_old_project", "plan_migration", "read_old_project"]
