"""The second Airflow of the tests itself: Celery runs its tasks, roles count, and it ends with its last user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kedro_aloft.client import follow_run, wait_for_dag
from kedro_aloft.errors import RemoteError

if TYPE_CHECKING:
    from support.remote import Remote

pytestmark = pytest.mark.e2e

_DAG = """
from airflow.sdk import DAG, task

with DAG("plain", doc_md="first plain file"):

    @task
    def where() -> str:
        import os
        import s3fs

        s3fs.S3FileSystem().mkdirs("seen-by-worker", exist_ok=True)
        return f"{os.environ['AIRFLOW__CORE__EXECUTOR']} {sorted(s3fs.S3FileSystem().ls(''))}"

    where()
"""


def test_a_celery_worker_runs_what_is_in_the_dag_folder_and_sees_the_object_store(remote: Remote) -> None:
    (remote.dags / "plain.py").write_text(_DAG)
    api = remote.api()
    wait_for_dag(api, "plain", marker="first plain file", deadline_s=300)
    api.set_paused("plain", paused=False)
    run = api.trigger("plain")
    result = follow_run(api, "plain", run.run_id, on_change=lambda _task: None)
    assert result.run.state == "success", api.log("plain", run.run_id, "where", 1)
    assert "CeleryExecutor" in api.xcom("plain", run.run_id, "where")
    assert "seen-by-worker" in api.xcom("plain", run.run_id, "where")


def test_a_viewer_may_look_and_not_trigger(remote: Remote) -> None:
    viewer = remote.api("viewer")
    assert viewer.pools()
    with pytest.raises(RemoteError, match="403"):
        viewer.trigger("plain")
