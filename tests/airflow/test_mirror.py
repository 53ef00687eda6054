"""Mirrors on a worker, where they come when no triggerer has ended them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("airflow.sdk")

from kedro_aloft.compat import has_workerless_tasks

if not has_workerless_tasks():
    pytest.skip("tasks cannot end in the triggerer before Airflow 3.3", allow_module_level=True)

from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSkipException, TaskDeferred

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kedro_aloft.airflow.mirror import KedroMirror
    from support.supervisor import Supervisor

pytestmark = pytest.mark.airflow

ENDED_BY_EVENT, TIMED_OUT = ("execute", {"event": None}), ("__fail__", {"error": "Trigger timeout"})
BROKEN = ("__fail__", {"error": "Trigger failure", "traceback": ["no kedro-aloft here"]})


@pytest.fixture
def mirror() -> KedroMirror:
    from kedro_aloft.airflow.mirror import KedroMirror

    return KedroMirror(task_id="fit", node="fit", runner_id="all")


@pytest.fixture
def come(mirror: KedroMirror) -> Callable[..., None]:
    """Let the mirror come to a worker."""

    def come(reason: tuple[str, Mapping[str, Any]], *, waited: timedelta = timedelta(0)) -> None:
        begun = datetime.now(timezone.utc) - waited
        ti = SimpleNamespace(
            id="1", dag_id="shop", run_id="run", try_number=1, start_date=begun, xcom_push=lambda **_: None
        )
        mirror.resume_execution(reason[0], dict(reason[1]), {"ti": ti, "dag_run": SimpleNamespace(clear_number=0)})

    return come


@pytest.mark.parametrize("reason", [ENDED_BY_EVENT, TIMED_OUT], ids=["event", "timeout"])
@pytest.mark.parametrize("hours", [0, 3])
def test_while_its_runner_runs_it_goes_back_for_as_long_as_it_has_waited(
    come: Callable[..., None], supervisor: Supervisor, reason: tuple[str, Mapping[str, Any]], hours: int
) -> None:
    from kedro_aloft.airflow.mirror import PATIENCE

    supervisor.runner = "running"
    with pytest.raises(TaskDeferred) as left:
        come(reason, waited=timedelta(hours=hours))
    assert left.value.trigger.serialize()[1] == {"node": "fit", "runner_id": "all"}
    assert left.value.timeout >= max(PATIENCE, timedelta(hours=hours))


@pytest.mark.usefixtures("supervisor")
@pytest.mark.parametrize("reason", [ENDED_BY_EVENT, TIMED_OUT], ids=["event", "timeout"])
def test_when_its_runner_has_ended_it_ends(come: Callable[..., None], reason: tuple[str, Mapping[str, Any]]) -> None:
    with pytest.raises(AirflowSkipException, match="was not run"):
        come(reason)


def test_where_triggers_fail_it_stays_with_workers(come: Callable[..., None], supervisor: Supervisor) -> None:
    supervisor.runner = "running"
    with pytest.raises(AirflowRescheduleException):
        come(BROKEN)


def test_the_trigger_is_the_one_that_its_name_says(mirror: KedroMirror) -> None:
    from kedro_aloft.airflow.trigger import MirrorTrigger

    classpath, kwargs = MirrorTrigger(node="fit", runner_id="all").serialize()
    assert (mirror.start_trigger_args.trigger_cls, mirror.start_trigger_args.trigger_kwargs) == (classpath, kwargs)
