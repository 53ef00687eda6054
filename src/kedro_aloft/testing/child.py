"""The process in which a throw-away Airflow runs DAGs: `python -m kedro_aloft.testing.child`.

Each line on stdin is a request, each line on the real stdout an answer, both JSON objects; what Airflow and the nodes
print goes to stderr. The end of stdin, however it comes, ends this process with all that it started.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import sys
import threading
import time
from contextlib import redirect_stdout, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_aloft.airflow.launch import WARM_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> None:
    """Make the metadata database, then answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    with redirect_stdout(sys.stderr):
        from airflow.utils.db import initdb

        initdb()
        while True:
            answers.write(json.dumps(answer(requests.get())) + "\n")
            answers.flush()


def _listen(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    try:
        for line in sys.stdin:
            requests.put(json.loads(line))
    finally:
        _end()


def _end() -> None:
    """End this process and all that it started: warm servers by name, the others as a group that is ours alone."""
    from kedro_aloft.warm.stop import stop_servers

    with suppress(Exception):
        stop_servers(Path(os.environ[WARM_VARIABLE]))
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the DAG that a request names and say how it ended.

    Args:
        request: `dag_id`; `folder` of its file; `conf` of the run; `run_after`, the moment that gives the run its
            identity, in ISO 8601.

    Returns:
        `state`, `run_id` and `seconds` of the run; `params` and `env_vars` that its tasks passed to Kedro; or `errors`
        of files that do not load, by name.
    """
    from kedro_aloft.compat import load_dag_bag

    dags, errors = load_dag_bag(request["folder"])
    if request["dag_id"] not in dags:
        return {"errors": {Path(name).name: str(trace) for name, trace in errors.items()}}
    dag = dags[request["dag_id"]]
    seen: dict[str, Any] = {"params": {}, "env_vars": {}}
    outsiders = list(_prepare(dag, seen))
    moment = datetime.fromisoformat(request["run_after"])
    started = time.monotonic()
    run = dag.test(
        run_after=moment,
        logical_date=moment,
        run_conf=request["conf"],
        mark_success_pattern="|".join(map(re.escape, outsiders)) or None,
    )
    seconds = time.monotonic() - started
    return {"state": str(getattr(run.state, "value", run.state)), "run_id": run.run_id, "seconds": seconds, **seen}


def _prepare(dag: Any, seen: dict[str, Any]) -> Iterator[str]:
    """Make a DAG try nothing again and note what it passes to Kedro; yield tasks that wait for what is not here.

    `kedro run` has no second try either: a node that needs one is a difference.
    """
    from kedro_aloft.airflow import KedroCleanup, KedroOperator

    for task in dag.tasks:
        task.retries = 0
        if isinstance(task, KedroOperator):
            task.pre_execute = partial(_note, seen)  # type: ignore[method-assign]
        elif not isinstance(task, KedroCleanup):
            yield task.task_id


def _note(seen: dict[str, Any], context: Any) -> None:
    """Note what a task passes to Kedro, when Airflow has rendered its templates."""
    task = context["ti"].task  # Airflow 3.0 leaves the one without rendered templates in context["task"]
    seen["params"] = task.build_request(context).runtime_params
    seen["env_vars"] |= task.env_vars


if __name__ == "__main__":
    main()
