"""TaskReport: what the runtime tells about one task, node by node."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from kedro_aloft.contract.wire import from_json, read_fields, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReport:
    """One dataset that a node saved.

    Args:
        name: Dataset name.
        rows: Number of rows, or None when the data has no such notion.
        bytes: Size in memory or in the handoff store, or None when unknown.
        kept_in: `catalog`, `handoff` or `memory`.
    """

    name: str
    rows: int | None = None
    bytes: int | None = None
    kept_in: str = "catalog"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """One node's run.

    Args:
        name: Node name.
        state: `success`, `failed`, or `kept`: done by an earlier try and not run again.
        seconds: Wall time from before the first input is loaded until after the last output is saved; None when the
            node ran where it could not be measured.
        peak_memory_mib: Highest resident memory of the process up to the end of this node, in MiB; None when unknown.
        outputs: What it saved, in order.
    """

    name: str
    state: str
    seconds: float | None = None
    peak_memory_mib: float | None = None
    outputs: tuple[DatasetReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a task failed.

    Args:
        type: Qualified name of the exception's class.
        message: Its text.
        deterministic: Whether a retry cannot help.
        node: Name of the node that failed, or None when no node did.
        traceback: Formatted traceback.
    """

    type: str
    message: str
    deterministic: bool
    node: str | None = None
    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What one task did.

    Args:
        nodes: The nodes that started, in the order of their ends.
        seconds: Wall time of the whole task in the runtime, loading of the project included.
        failure: Why it failed, or None when it succeeded.
    """

    nodes: tuple[NodeReport, ...] = ()
    seconds: float = 0.0
    failure: Failure | None = None

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        return to_json(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, text: str) -> TaskReport:
        """Return the report that `to_json` wrote.

        Raises:
            RequestError: If it is of another wire version or malformed.
        """
        content = from_json(cls, text)
        content["nodes"] = tuple(_node(node) for node in content.get("nodes", ()))
        if content.get("failure") is not None:
            content["failure"] = Failure(**read_fields(Failure, content["failure"]))
        return cls(**content)


def _node(content: Any) -> NodeReport:
    values = read_fields(NodeReport, content)
    outputs = tuple(DatasetReport(**read_fields(DatasetReport, output)) for output in values.get("outputs", ()))
    return NodeReport(**{**values, "outputs": outputs})
