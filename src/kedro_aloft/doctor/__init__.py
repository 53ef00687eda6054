"""Looks at an environment, not at a project: what is installed, how Airflow is set up, what another Airflow says.

Facts are gathered once; every check is a pure question to them, with its reason.
"""

from kedro_aloft.doctor.check import Answer, Check, Family, Result, State, ask
from kedro_aloft.doctor.facts import Environment, gather
from kedro_aloft.doctor.remote import REMOTE, RemoteAirflow, gather_remote
from kedro_aloft.doctor.security import PRODUCTION, SECURITY
from kedro_aloft.doctor.speed import SPEED
from kedro_aloft.doctor.versions import VERSIONS

ALWAYS = (*VERSIONS, *SPEED)

__all__ = [
    "ALWAYS",
    "PRODUCTION",
    "REMOTE",
    "SECURITY",
    "Answer",
    "Check",
    "Environment",
    "Family",
    "RemoteAirflow",
    "Result",
    "State",
    "ask",
    "gather",
    "gather_remote",
]
