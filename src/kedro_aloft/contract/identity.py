"""Run identity: one DAG run is one Kedro run, in every task and every retry."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING

from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from datetime import datetime

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_SAFE = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,99}")
"""No capitals: to the file systems of macOS and Windows, `Data` and `data` are one name."""

_DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """What makes one DAG run different from all others.

    Args:
        dag_id, run_id: As Airflow knows them.
        run_after: When the run was due (aware). It never changes, whatever is cleared or retried; the run's start does.
    """

    dag_id: str
    run_id: str
    run_after: datetime

    def __post_init__(self) -> None:
        """Refuse a moment that every worker would read in a zone of its own."""
        if self.run_after.tzinfo is None:
            raise RequestError("The moment when the run was due has no time zone.", where=f"DAG run '{self.run_id}'")

    @property
    def version(self) -> str:
        """Kedro session id and `save_version` of the run.

        A Kedro timestamp in UTC followed by a digest of DAG and run: versions sort by time as Kedro expects, and two
        runs of the same instant never share one.
        """
        moment = self.run_after.astimezone(timezone.utc)
        stamp = f"{moment:%Y-%m-%dT%H.%M.%S}.{moment.microsecond // 1000:03d}Z"
        return f"{stamp}-{_digest(f'{self.dag_id}/{self.run_id}')}"

    @property
    def directory(self) -> str:
        """Relative path `<dag>/<run>` for whatever belongs to this run alone; safe on every file system."""
        return f"{path_part(self.dag_id)}/{path_part(self.run_id)}"


def path_part(name: str) -> str:
    """Return a file name for any text: the text itself when it is safe, else a readable part and a digest."""
    if _SAFE.fullmatch(name):
        return name
    stem = _UNSAFE.sub("_", name).strip("_.-")[:100]
    return f"{stem or 'x'}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
