"""KedroCleanup: the teardown that removes what a DAG run handed over."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from kedro_aloft.airflow.locate import find_project
from kedro_aloft.contract.identity import RunIdentity
from kedro_aloft.contract.store import run_uri

if TYPE_CHECKING:
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
        ti = context["ti"]
        identity = RunIdentity(dag_id=ti.dag_id, run_id=ti.run_id, run_after=context["dag_run"].run_after)
        project = find_project(self.kedro, context["dag"].fileloc)
        place = _Place(run_uri(self.kedro.handoff, str(project), identity.directory))
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
    """The directory of one run in the handoff store, local or remote."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def remove(self) -> None:
        if "://" not in self.uri:
            shutil.rmtree(self.uri, ignore_errors=True)
            return
        file_system, path = _connect(self.uri)
        if file_system.exists(path):
            file_system.rm(path, recursive=True)

    def remove_older_siblings(self, ttl_s: int) -> list[str]:
        """Remove the places of other runs of this DAG that nothing was written to for `ttl_s` seconds."""
        if "://" in self.uri:
            return self._remove_older_remote(ttl_s)
        removed = []
        for sibling in sorted(Path(self.uri).parent.glob("*/")):
            if sibling != Path(self.uri) and sibling.stat().st_mtime < time.time() - ttl_s:
                shutil.rmtree(sibling, ignore_errors=True)
                removed.append(str(sibling))
        return removed

    def _remove_older_remote(self, ttl_s: int) -> list[str]:
        file_system, path = _connect(self.uri)
        parent = path.rpartition("/")[0]
        if not file_system.exists(parent):
            return []
        removed = []
        for sibling in sorted(file_system.ls(parent, detail=False)):
            times = [file_system.modified(name).timestamp() for name in file_system.find(sibling)]
            if sibling.rstrip("/") != path and times and max(times) < time.time() - ttl_s:
                file_system.rm(sibling, recursive=True)
                removed.append(sibling)
        return removed


def _connect(uri: str) -> tuple[Any, str]:
    import fsspec

    file_system, path = fsspec.core.url_to_fs(uri)
    return file_system, path.rstrip("/")
