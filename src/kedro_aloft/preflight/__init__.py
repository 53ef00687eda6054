"""What runs in containers and other Pythons, looked at from outside: before a run, and when one fails or waits.

    wanted ── look ──▶ answers (those of `doctor`)        evidence ── causes ──▶ hint

Knows no settings: `cli/` says in `wanted` what a project's tasks demand.
"""

from kedro_aloft.preflight.answers import WHY, leave_unasked
from kedro_aloft.preflight.cluster import Cluster, Found
from kedro_aloft.preflight.engine import look_at_engine
from kedro_aloft.preflight.pods import look_at_cluster
from kedro_aloft.preflight.pythons import look_at_python
from kedro_aloft.preflight.wanted import ClusterWanted, EngineWanted, PodWanted, PythonWanted, Unreachable

__all__ = [
    "WHY",
    "Cluster",
    "ClusterWanted",
    "EngineWanted",
    "Found",
    "PodWanted",
    "PythonWanted",
    "Unreachable",
    "leave_unasked",
    "look_at_cluster",
    "look_at_engine",
    "look_at_python",
]
