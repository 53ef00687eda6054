"""Garbage collection: releases go when nothing can need them any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kedro_aloft.client import AirflowApi
    from kedro_aloft.deploy.history import Deployment, History

KEPT = 10
"""As many of the latest deployments can be rolled back to."""

_UNFINISHED = ("running", "queued")
_CLOCKS = timedelta(days=1)
"""How far the clocks of who deploys and of Airflow may be apart."""


def deployments_in_use(history: History, api: AirflowApi) -> frozenset[int]:
    """Return the deployments with which an unfinished run may have begun, by serial.

    Raises:
        RemoteError: If Airflow does not answer.
    """
    deployments = history.all()
    ids = {one.file.dag_id for deployment in deployments for one in deployment.places.values()}
    starts = [start for dag_id in sorted(ids) for start in _starts(api, dag_id)]
    if not starts:
        return frozenset()
    oldest = min(starts) - _CLOCKS
    return frozenset(_current_since(deployments, oldest))


def collect(history: History, *, in_use: Collection[int], kept: int = KEPT) -> tuple[str, ...]:
    """Remove every release of the environment but the current one, those of the last deployments and those in use.

    Entries of the log stay. Blobs go that only removed releases needed; one that is being uploaded belongs to none. A
    manifest that is damaged keeps the blobs that it still names.

    Returns:
        The ids of what was removed, sorted.
    """
    deployments = history.all()
    needed = {id_ for one in deployments[:kept] for id_ in one.releases}
    needed |= {id_ for one in deployments if one.serial in in_use for id_ in one.releases}
    needed |= {id_ for one in history.elsewhere() for id_ in one.releases}
    known = {id_ for one in deployments for id_ in (*one.releases, *([one.release] if one.release else []))}
    return history.erase(sorted(known - needed), since=deployments[0].serial if deployments else 0)


def _starts(api: AirflowApi, dag_id: str) -> Iterator[datetime]:
    """Yield when unfinished runs began; a queued one begins with what is live then."""
    if api.dag_details(dag_id) is None:
        return
    for state in _UNFINISHED:
        for run in api.runs(dag_id, 1000, state=state):
            if run.start_date is not None:
                yield run.start_date


def _current_since(deployments: Collection[Deployment], moment: datetime) -> Iterator[int]:
    """Yield the deployments, latest first, that were the current one at some time since a moment."""
    for one in deployments:
        yield one.serial
        if datetime.fromisoformat(one.when) < moment:
            return
