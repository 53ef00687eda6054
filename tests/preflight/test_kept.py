"""What an engine still has of a task: real containers, as Airflow's operator leaves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kedro_aloft.errors import ImageError
from kedro_aloft.preflight.causes import explain
from kedro_aloft.preflight.kept import find_container

if TYPE_CHECKING:
    from support.engine import Engine

pytestmark = pytest.mark.docker


def left(engine: Engine, run_id: str, *words: str, run: str | None = None) -> None:
    """Leave a container of the task `t`; a command that fails is no error here."""
    told = json.dumps({"dag_id": "kept", "run_id": run_id, "task_id": "t"}) if run is None else run
    options = ("--network=none", "--label=app.kubernetes.io/managed-by=kedro-aloft", f"--env=KEDRO_ALOFT_RUN={told}")
    name = engine.docker("create", *options, *words[:-1], engine.base_image(), "bash", "-c", words[-1])
    engine.docker("start", name)
    engine.docker("wait", name)


def test_want_of_memory_names_the_limit(engine: Engine) -> None:
    left(engine, "memory", "--memory=64m", "exec python3 -c 'b\"x\" * 300_000_000'")
    found = find_container(engine.url, "kept", "memory", "t")
    assert found is not None
    hint = explain([found.said], started=found.started)
    assert hint is not None
    assert (hint.code, "64Mi" in hint.text) == ("out-of-memory", True), found


def test_the_latest_try_counts(engine: Engine) -> None:
    left(engine, "tries", "exit 4")
    left(engine, "tries", "exit 3")
    found = find_container(engine.url, "kept", "tries", "t")
    assert found is not None
    assert found.said == f"container {found.name} ended: Error, exit code 3"


@pytest.mark.parametrize("run", ["", "no JSON", "[1]", '{"dag_id": "kept"}'])
def test_containers_of_others_are_not_taken_for_ours(engine: Engine, run: str) -> None:
    left(engine, "", "true", run=run)
    assert find_container(engine.url, "kept", "other", "t") is None


def test_an_engine_that_does_not_answer_says_so() -> None:
    with pytest.raises(ImageError, match="Asking the engine failed"):
        find_container("unix:///nowhere.sock", "kept", "r", "t")
