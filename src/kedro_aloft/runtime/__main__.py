"""The runtime as a program: what containers and pods run.

    python -m kedro_aloft.runtime          run the nodes that the environment names (`contract.container`)
    python -m kedro_aloft.runtime clean    remove what the run handed over
    python -m kedro_aloft.runtime fill SOURCE TARGET
                                           copy what the image has in a folder into the empty claim of a run
    python -m kedro_aloft.runtime start    what is done once per DAG run before all nodes, and
    python -m kedro_aloft.runtime finish   after them: its MLflow run, hooks around the pipeline

Exit codes: 0 the nodes ended well, 1 a node failed, 2 the request cannot be served, 143 asked to stop.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kedro_aloft.contract.container import read_cleanup, read_request
from kedro_aloft.contract.keys import NODES, REPORT_MARK
from kedro_aloft.contract.place import clean_up
from kedro_aloft.contract.summary import MAX_LINE_BYTES, summarise
from kedro_aloft.errors import AloftError
from kedro_aloft.runtime.lines import JournalLines

if TYPE_CHECKING:
    from kedro_aloft.contract.report import TaskReport

FAILED = 1
REFUSED = 2
STOPPED = 143

_TERMINATION_LOG = Path("/dev/termination-log")
"""Kubernetes shows the end of this file in the status of a pod that failed, and Airflow in the task's error."""

_OF_A_NEW_DISK = {"lost+found"}

logger = logging.getLogger("kedro_aloft")


def main(arguments: list[str]) -> int:
    """Run the nodes, or clean up; return the exit code."""
    _log_to_stdout()
    # The first process of a container ignores SIGTERM unless it says otherwise.
    signal.signal(signal.SIGTERM, _stop)
    try:
        if arguments[:1] == ["fill"]:
            return _fill(*map(Path, arguments[1:]))
        return _clean() if arguments[:1] == ["clean"] else _run(stage=arguments[0] if arguments else NODES)
    except AloftError as error:
        logger.error("%s", error)  # noqa: TRY400  a refusal says all there is to say
        _leave_word(str(error))
        return REFUSED


def _run(*, stage: str) -> int:
    from kedro_aloft.runtime.execute import execute

    request = read_request(os.environ, directory=str(Path.cwd()), stage=stage)
    lines = JournalLines(sys.stdout) if len(request.nodes) > 1 and stage == NODES else None
    try:
        report = execute(request, tell=None if lines is None else lines.add)
    finally:
        if lines is not None:
            lines.close()
    _tell(report)
    return FAILED if report.failure else 0


def _clean() -> int:
    cleanup = read_cleanup(os.environ, directory=str(Path.cwd()))
    for done in clean_up(cleanup.uri, keep=cleanup.keep, ttl_s=cleanup.ttl_s, well=cleanup.well):
        logger.info("%s", done)
    return 0


def _fill(source: Path, target: Path) -> int:
    """Copy into a claim that holds nothing yet; a mark tells a copy that was interrupted from one that is whole."""
    begun = target / ".kedro-aloft-filling"
    if not begun.exists() and {one.name for one in target.iterdir()} - _OF_A_NEW_DISK:
        logger.info("%s holds data already: nothing is copied.", target)
        return 0
    begun.touch()
    for left in target.iterdir():
        if left != begun and left.name not in _OF_A_NEW_DISK:
            _remove(left)
    for one in sorted(source.iterdir()) if source.is_dir() else ():
        if one.is_dir() and not one.is_symlink():
            shutil.copytree(one, target / one.name, symlinks=True)
        else:
            shutil.copy2(one, target / one.name, follow_symlinks=False)
    begun.unlink()
    logger.info("Copied %s into the claim of the run.", source)
    return 0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _tell(report: TaskReport) -> None:
    """Leave the report as the last line of the log."""
    sys.stdout.flush()
    sys.stdout.write(f"{REPORT_MARK}{json.dumps(summarise(report, max_bytes=MAX_LINE_BYTES))}\n")
    sys.stdout.flush()
    if report.failure:
        place = f"Node '{report.failure.node}' failed: " if report.failure.node else ""
        _leave_word(f"{place}{report.failure.type}: {report.failure.message}")


def _leave_word(text: str) -> None:
    with suppress(OSError):
        if _TERMINATION_LOG.exists():
            _TERMINATION_LOG.write_text(text[-4000:], encoding="utf-8")


def _log_to_stdout() -> None:
    """One line per record, with its level: the operator that shows them knows no levels."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def _stop(number: int, frame: Any) -> NoReturn:  # noqa: ARG001  as `signal` calls it
    for child in multiprocessing.active_children():
        child.kill()
    raise SystemExit(STOPPED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
