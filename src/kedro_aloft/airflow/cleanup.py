"""KedroCleanup: the teardown that removes what a DAG run handed over."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from kedro_aloft.airflow.pipeline import KedroPipeline

_GOOD_STATES = frozenset({"success", "skipped"})


class KedroCleanup(BaseOperator):
    """Remove the handed-over datasets of a successful run; keep those of a failed one until their time is over.

    A teardown: it runs however the other tasks ended, and its own result never decides that of the DAG run.

    Args:
        kedro: What all tasks of the DAG share.
        kwargs: Any argument of Airflow's `BaseOperator`.
    """

    ui_color = "#eeeeee"

    def __init__(self, *, kedro: KedroPipeline, task_id: str = "clean_up_handoff", **kwargs: Any) -> None:
        super().__init__(task_id=task_id, **{"retries": 0, **kwargs})
        self.kedro = kedro
        self.as_teardown()

    def execute(self, context: Context) -> None:
        """Remove this run's place when all is well, and places of older runs whose time is over."""
        from kedro_aloft.airflow.locate import find_project
        from kedro_aloft.contract.identity import RunIdentity
        from kedro_aloft.contract.store import run_uri

        ti = context["ti"]
        identity = RunIdentity(dag_id=ti.dag_id, run_id=ti.run_id, run_after=context["dag_run"].run_after)
        project = "" if "://" in self.kedro.handoff else str(find_project(self.kedro, context["dag"].fileloc))
        place = _Place(run_uri(self.kedro.handoff, project, identity.directory))
        if self.kedro.handoff_keep == "never" or (self.kedro.handoff_keep == "on_failure" and self._all_well(context)):
            self.log.info("Removing the handed-over datasets of this run: %s", place.uri)
            place.remove()
        else:
            self.log.info("Keeping the handed-over datasets of this run: %s", place.uri)
        if self.kedro.handoff_keep != "always":
            for removed in place.remove_older_siblings(self.kedro.handoff_ttl):
                self.log.info("Removed the handed-over datasets of an older run: %s", removed)

    def _all_well(self, context: Context) -> bool:
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        return all(state in _GOOD_STATES for task_id, state in states.items() if task_id != ti.task_id)


class _Place:
    """The directory `<root>/<dag>/<run>` of one run in the handoff store, local or remote."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._local = None if "://" in uri else Path(uri)

    def remove(self) -> None:
        """Remove the run's directory, and the DAG's when no other run has one."""
        if self._local is None:
            file_system, path = _connect(self.uri)
            _remove_remote(file_system, path)
            _remove_if_empty(file_system, path.rpartition("/")[0])
            return
        shutil.rmtree(self._local, ignore_errors=True)
        with suppress(OSError):  # another run has its place there, or there never was one
            self._local.parent.rmdir()

    def remove_older_siblings(self, ttl_s: int) -> list[str]:
        """Remove the places of other runs of this DAG that nothing was written to for `ttl_s` seconds."""
        before = time.time() - ttl_s
        removed = self._remove_older_remote(before) if self._local is None else self._remove_older(self._local, before)
        return sorted(removed)

    def _remove_older(self, own: Path, before: float) -> Iterator[str]:
        for sibling in sorted(own.parent.glob("*/")):
            with suppress(FileNotFoundError):  # the cleanup of another run was quicker
                if sibling != own and sibling.stat().st_mtime < before:
                    _Place(str(sibling)).remove()
                    yield str(sibling)

    def _remove_older_remote(self, before: float) -> Iterator[str]:
        file_system, path = _connect(self.uri)
        parent = path.rpartition("/")[0]
        if not file_system.exists(parent):
            return
        for sibling in file_system.ls(parent, detail=False):
            with suppress(FileNotFoundError):
                times = [file_system.modified(name).timestamp() for name in file_system.find(sibling)]
                if sibling.rstrip("/") != path and times and max(times) < before:
                    _remove_remote(file_system, sibling)
                    yield sibling
        _remove_if_empty(file_system, parent)


def _remove_remote(file_system: Any, path: str) -> None:
    with suppress(FileNotFoundError):
        file_system.rm(path, recursive=True)


def _remove_if_empty(file_system: Any, path: str) -> None:
    """On object stores there is no directory left to remove; some of them refuse to be asked."""
    with suppress(OSError, NotImplementedError):
        if file_system.isdir(path) and not file_system.ls(path):
            file_system.rmdir(path)


def _connect(uri: str) -> tuple[Any, str]:
    import fsspec

    file_system, path = fsspec.core.url_to_fs(uri)
    return file_system, path.rstrip("/")
