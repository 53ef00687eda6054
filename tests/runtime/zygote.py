"""A process that has imported Kedro and forks itself for each piece of work: real processes without their start.

Reads one JSON object per line, writes one per line. Each piece of work has a process of its own, as a task on a
worker has; only the imports of Kedro are shared.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path


def main() -> None:
    """Serve until the other side hangs up."""
    from kedro_aloft.runtime.logs import keep_log_handlers

    with keep_log_handlers():
        import kedro.framework.cli.cli
        import kedro.framework.session
        import kedro.runner  # noqa: F401
        import pandas  # noqa: F401, ICN001

        import kedro_aloft.runtime.process  # noqa: F401
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)


def _serve(work: dict) -> dict:
    out = Path(work["out"])
    child = os.fork()
    if child == 0:
        _work(work, out)
    _, status = os.waitpid(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": out.read_text(encoding="utf-8"),
        "left": _left_behind(child),
    }


def _left_behind(group: int) -> bool:
    """Whether processes outlived the one that started them; they are ended then."""
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.01)
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _work(work: dict, out: Path) -> None:
    code = 70
    try:
        os.setsid()
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(work["cwd"])
        os.environ.update(work["env"])
        code = _kedro(work["argv"]) if "argv" in work else _task(work["request"], Path(work["report"]))
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _task(request: str, report: Path) -> int:
    import logging

    from kedro_aloft.runtime import process

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    before = Path.cwd()
    report.write_text(process.run(request), encoding="utf-8")
    assert Path.cwd() == before
    return 0


def _kedro(argv: list[str]) -> int:
    from kedro.framework.cli.cli import main as kedro

    sys.argv = ["kedro", *argv]
    try:
        kedro()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
