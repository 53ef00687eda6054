"""What a mirror leaves for people who look at it: a record in its log, its node's figures, a link to its runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.keys import MIRROR_LINK_KEY
from kedro_aloft.contract.mirror import Showing, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro_aloft.contract.journal import NodeEntry

FIGURES_KEY = "kedro_node"
"""XCom key of a mirror: its node's true times and figures. Airflow's own duration is that of the wait."""


def tell_start(log: Any, verdict: Verdict, *, node: str) -> None:
    """Say in the mirror's log since when its node runs."""
    log.info("Node '%s' is running since %s.", node, _started(verdict))


def tell(log: Any, verdict: Verdict, *, node: str, runner_id: str) -> None:
    """Leave in the mirror's log what Airflow's page of it cannot show, in one record.

    Airflow 3.3.2 drops what it has not read of a trigger's log when the trigger ends.
    """
    what, where = ", ".join(_words(verdict)), f"What it printed stands in the log of task '{runner_id}'."
    if verdict.showing is Showing.SUCCESS:
        log.info("Node '%s' succeeded: %s. %s", node, what, where)
    elif verdict.showing is Showing.FAILED:
        entry = verdict.entry
        message, tail = ("", "") if entry is None else (entry.message, entry.tail)
        log.error("Node '%s' %s (%s). %s\n%s\n%s", node, verdict.reason, what, message, tail, where)
    else:
        log.info("Node '%s' %s. %s", node, verdict.reason, where)


def left_by(verdict: Verdict, *, link: str) -> dict[str, Any]:
    """Return what a mirror leaves in XCom, by key."""
    figures = {} if verdict.entry is None else {FIGURES_KEY: _figures(verdict.entry)}
    return {MIRROR_LINK_KEY: link, **figures}


def _figures(entry: NodeEntry) -> dict[str, Any]:
    """Return what is known of a node, for people who look at the mirror's XCom."""
    state, start, end, figures = entry.to_json()
    times = {"start": _clock(start), "end": _clock(end), "seconds": entry.seconds}
    return {"state": state, **{key: value for key, value in times.items() if value is not None}, **figures}


def _words(verdict: Verdict) -> Iterator[str]:
    entry = verdict.entry
    if entry is None or entry.start is None:
        yield verdict.reason or "nothing more is known"
        return
    yield (
        f"from {_clock(entry.start)}" if entry.seconds is None else f"{entry.seconds:.2f} s from {_clock(entry.start)}"
    )
    for name, value in (("rows", entry.rows), ("bytes", entry.bytes), ("MiB at most", entry.peak)):
        if value is not None:
            yield f"{value:,} {name}"


def _started(verdict: Verdict) -> str:
    start = None if verdict.entry is None else _clock(verdict.entry.start)
    return start or "a while"


def _clock(seconds: float | None) -> str | None:
    from datetime import datetime, timezone

    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def runner_page(ti: Any, runner_id: str) -> str:
    """Return the path of the page of the task that runs a mirror's node."""
    from urllib.parse import quote

    return f"/dags/{quote(ti.dag_id)}/runs/{quote(ti.run_id, safe='')}/tasks/{quote(runner_id)}"
