"""Journal: what one try of a task did so far, node by node.

    {"v": 1, "attempt": "<id of the task instance>", "try": 2, "clear": 0, "t0": 1795258856.1, "t1": null,
     "nodes": {"clean": ["ok", 1795258857.0, 1795258859.5, {"rows": 77, "peak": 131.2}], "train": ["running", …]}}

A value that grows: each change returns another journal, and the newest one replaces all before it wherever it is kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.summary import MAX_BYTES, shorten
from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kedro_aloft.contract.report import NodeReport

    Tell = Callable[[Mapping[str, Any]], None]
    """Gets what is new in a journal while nodes run: entries by node, as JSON types. Threads may call it at once."""

VERSION = 1

OK, RUNNING, FAILED, KEPT = "ok", "running", "failed", "kept"
"""States of a node: done in this try, not ended yet, failed, done in an earlier try and not run again."""

DONE = frozenset({OK, KEPT})

_STATES = frozenset({OK, RUNNING, FAILED, KEPT})
_CUTS: tuple[frozenset[str], ...] = (
    frozenset({"outputs"}),
    frozenset({"outputs", "tail"}),
    frozenset({"outputs", "tail", "rows", "bytes", "peak"}),
    frozenset({"outputs", "tail", "rows", "bytes", "peak", "message"}),
)
"""Figures that are left out, step by step, until a journal is small enough; states and times never are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntry:
    """One node in a journal.

    Args:
        state: `ok`, `running`, `failed` or `kept`.
        start: When it started: seconds since 1970, by the clock of who ran it; None when nobody saw it.
        end: When it ended; None while it runs, or when nobody saw it.
        rows: Rows of its largest output; None when unknown.
        bytes: Size of its outputs together; None when unknown.
        peak: Highest resident memory of the process up to its end, in MiB; None when unknown.
        outputs: Where each dataset that it saved went: `catalog`, `handoff` or `memory`, by name.
        message: Why it failed.
        tail: Of a node that failed, the last lines that it logged, and those of the traceback.
    """

    state: str
    start: float | None = None
    end: float | None = None
    rows: int | None = None
    bytes: int | None = None
    peak: float | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    tail: str = ""

    def __post_init__(self) -> None:
        """Refuse a state that nobody would understand."""
        if self.state not in _STATES:
            raise RequestError(f"'{self.state}' is no state of a node.", seen=", ".join(sorted(_STATES)))

    @property
    def seconds(self) -> float | None:
        """Wall time, or None when it has not ended or was not seen."""
        return None if self.start is None or self.end is None else max(0.0, self.end - self.start)

    def to_json(self, *, without: Iterable[str] = ()) -> list[Any]:
        """Return the entry as `[state, start, end, figures]`, figures only as far as there are some."""
        content = asdict(self)
        head = [content.pop(name) for name in ("state", "start", "end")]
        present = {name: value for name, value in content.items() if value not in (None, {}, "")}
        return [*head, {name: value for name, value in present.items() if name not in without}]

    @classmethod
    def from_json(cls, content: Any) -> NodeEntry:
        """Return the entry that `to_json` made. Figures that this version does not know are left out.

        Raises:
            RequestError: If it is none.
        """
        try:
            state, start, end, figures = content
            known = {name: figures[name] for name in _CUTS[-1] if name in figures}
            return cls(state=state, start=start, end=end, **known)
        except (TypeError, ValueError) as error:
            raise RequestError(f"The journal has a malformed entry: {error}.", seen=repr(content)[:200]) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What one try of a task did so far.

    Args:
        attempt: Id of the task instance in this try (Airflow's `ti.id`, a UUID of version 7); empty when unknown.
        try_number: Number of the try.
        clear_number: How often the DAG run was cleared by then.
        started: When the try began: seconds since 1970.
        ended: When it ended; None while it runs, or when it was killed.
        nodes: Every node that started, and those that were kept, in the order of their starts.
    """

    attempt: str = ""
    try_number: int = 1
    clear_number: int = 0
    started: float | None = None
    ended: float | None = None
    nodes: Mapping[str, NodeEntry] = field(default_factory=dict)

    def with_node(self, node: str, entry: NodeEntry) -> Journal:
        """Return the journal with this as the entry of a node."""
        return replace(self, nodes={**self.nodes, node: entry})

    def with_started(self, node: str, at: float) -> Journal:
        """Return the journal after a node began."""
        return self.with_node(node, NodeEntry(state=RUNNING, start=at))

    def with_ended(self, node: str, at: float, *, failed: bool = False, **figures: Any) -> Journal:
        """Return the journal after a node ended; figures are those of `NodeEntry`."""
        before = self.nodes.get(node)
        start = before.start if before else None
        return self.with_node(node, NodeEntry(state=FAILED if failed else OK, start=start, end=at, **figures))

    def with_end(self, at: float) -> Journal:
        """Return the journal after the try ended."""
        return replace(self, ended=at)

    @property
    def done(self) -> frozenset[str]:
        """Nodes whose work is done, in this try or an earlier one."""
        return frozenset(name for name, entry in self.nodes.items() if entry.state in DONE)

    def to_dict(self, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
        """Return the journal as JSON types, not larger than `max_bytes`: figures are left out first, states never."""
        content = self._content(frozenset())
        for without in _CUTS:
            if len(json.dumps(content)) <= max_bytes:
                break
            content = self._content(without)
        return content

    def to_json(self, *, max_bytes: int = MAX_BYTES) -> str:
        """Return the journal as one line of JSON; see `to_dict`."""
        return json.dumps(self.to_dict(max_bytes=max_bytes))

    def _content(self, without: frozenset[str]) -> dict[str, Any]:
        return {
            "v": VERSION,
            "attempt": self.attempt,
            "try": self.try_number,
            "clear": self.clear_number,
            "t0": self.started,
            "t1": self.ended,
            "nodes": {name: entry.to_json(without=without) for name, entry in self.nodes.items()},
        }

    @classmethod
    def from_json(cls, content: Any) -> Journal:
        """Return the journal that `to_json` or `to_dict` made.

        Args:
            content: One line of JSON, or what it stands for.

        Raises:
            RequestError: If it is none, or of another version.
        """
        try:
            content = json.loads(content) if isinstance(content, str) else content
            if content["v"] != VERSION:
                raise RequestError(f"The journal is of version {content['v']!r}.", seen=f"this side reads {VERSION}")
            return cls(
                attempt=content["attempt"],
                try_number=content["try"],
                clear_number=content["clear"],
                started=content["t0"],
                ended=content["t1"],
                nodes={name: NodeEntry.from_json(entry) for name, entry in content["nodes"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RequestError(f"This is no journal: {error!r}.", seen=repr(content)[:200]) from None


def entry_of(
    report: NodeReport, *, start: float | None, end: float | None, message: str = "", tail: str = ""
) -> NodeEntry:
    """Return the entry of a node that ended.

    Args:
        report: What was measured.
        start, end: Seconds since 1970; None when nobody saw it.
        message, tail: Why it failed, and its last lines.
    """
    rows = [output.rows for output in report.outputs if output.rows is not None]
    sizes = [output.bytes for output in report.outputs if output.bytes is not None]
    return NodeEntry(
        state={"failed": FAILED, KEPT: KEPT}.get(report.state, OK),
        start=start,
        end=end,
        rows=max(rows, default=None),
        bytes=sum(sizes) if sizes else None,
        peak=report.peak_memory_mib,
        outputs={output.name: output.kept_in for output in report.outputs},
        message=shorten(message),
        tail=tail,
    )
