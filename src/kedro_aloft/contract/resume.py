"""Resume: what a task that is tried again must run, and what the try before left for that.

The state of a task is a text of JSON lines that only grows during a try, so that it can be used however the try ended:

    {"v": 1, "stamp": …, "clear": 0}                               what must be the same for the rest to count
    {"node": "clean", "entry": ["ok", …], "shared": ["model"]}     one line for each node that is done
    {"failed": ["train"], "spilled": ["cleaned"], "lost": {…}, "inputs": {"raw": "…"}}      when a node failed
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.journal import NodeEntry
from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node of a task, with its datasets as the graph knows them: without the part after `@` of transcoded names."""

    name: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def nodes_to_run(
    steps: Sequence[Step],
    *,
    asked: Collection[str],
    available: Collection[str],
    shared: Collection[str] = (),
    started: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the fewest nodes that must run, in the order of the steps.

    These are the asked ones; the producer of each dataset that one of them needs and that is gone; and, where nodes get
    the very object that another one saved, so that each may have changed it, all that had it before.

    Args:
        steps: The nodes of the task. A dataset that none of them makes comes from elsewhere and is there.
        asked: Nodes that must run.
        available: Datasets of nodes that are not asked that can be loaded as they were.
        shared: Datasets that every consumer gets without a copy.
        started: Nodes that started in an earlier try, whether they ended or not.
    """
    producer = {dataset: step.name for step in steps for dataset in step.outputs}
    run = set(asked) & {step.name for step in steps}
    before: set[str] = set()
    while run != before:
        before = set(run)
        for dataset in {name for step in steps if step.name in run for name in step.inputs} & producer.keys():
            if dataset not in available:
                run.add(producer[dataset])
            if dataset in shared:
                run |= _as_one(dataset, steps, producer=producer[dataset], run=run, started=started)
    return tuple(step.name for step in steps if step.name in run)


def _as_one(dataset: str, steps: Sequence[Step], *, producer: str, run: set[str], started: Collection[str]) -> set[str]:
    """Nodes that must run to have an object once more as it was; none while nobody has touched it."""
    touched = {step.name for step in steps if dataset in step.inputs and step.name in started}
    return {producer, *touched} if producer in run or touched & run else set()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedState:
    """What a try of a task left for the next.

    Args:
        stamp: Digest of code, configuration and parameters.
        clear_number: How often the DAG run was cleared by then.
        done: Nodes that are done, with their figures.
        shared: Datasets in memory whose consumers got the very object.
        failed: Nodes that started and are not done.
        spilled: Datasets in memory that were written down.
        lost: Why others were not, by name.
        inputs: What the data that the task got from elsewhere was (size, time, digest), by dataset; a None where that
            cannot be told. None instead of all when the try did not come to its end.
    """

    stamp: str
    clear_number: int = 0
    done: Mapping[str, NodeEntry] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    spilled: frozenset[str] = frozenset()
    lost: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str | None] | None = None

    def lines(self) -> Iterator[str]:
        """Yield the lines that stand for this state."""
        yield json.dumps({"v": VERSION, "stamp": self.stamp, "clear": self.clear_number})
        for node, entry in self.done.items():
            yield done_line(node, entry)
        yield self.last_line()

    def last_line(self) -> str:
        """Return the line that says what there is besides nodes that are done."""
        content: dict[str, Any] = {"shared": sorted(self.shared), "failed": sorted(self.failed)}
        content |= {"spilled": sorted(self.spilled), "lost": dict(self.lost)}
        return json.dumps(content if self.inputs is None else {**content, "inputs": dict(self.inputs)})

    @classmethod
    def from_lines(cls, lines: Sequence[str]) -> SavedState | None:
        """Return the state that lines stand for; None when they are none.

        The last line may be cut: its writer was killed.
        """
        read = [content for line in lines if (content := _read(line)) is not None]
        if not read or read[0].get("v") != VERSION:
            return None
        try:
            done = {one["node"]: NodeEntry.from_json(one["entry"]) for one in read if "node" in one}
            last: dict[str, Any] = next((one for one in reversed(read) if "spilled" in one), {})
            return cls(
                stamp=read[0]["stamp"],
                clear_number=read[0]["clear"],
                done=done,
                shared=frozenset(name for one in read for name in one.get("shared", ())),
                failed=frozenset(last.get("failed", ())),
                spilled=frozenset(last.get("spilled", ())),
                lost=last.get("lost", {}),
                inputs=last.get("inputs"),
            )
        except (KeyError, TypeError, RequestError):
            return None

    def is_of_same_inputs(self, inputs: Mapping[str, str | None], *, surely: bool) -> bool:
        """Whether the data from elsewhere is what it was.

        Args:
            inputs: What it is now.
            surely: Whether what cannot be told counts as changed.
        """
        before = self.inputs
        if before is None:
            return not surely
        known = {name for name, stamp in before.items() if stamp is not None and inputs.get(name) is not None}
        if surely and (known != set(before) or known != set(inputs)):
            return False
        return all(before[name] == inputs[name] for name in known)


def done_line(node: str, entry: NodeEntry, *, shared: Collection[str] = ()) -> str:
    """Return the line for a node that is done; `shared` are the datasets that others get without a copy."""
    content: dict[str, Any] = {"node": node, "entry": entry.to_json()}
    return json.dumps({**content, "shared": sorted(shared)} if shared else content)


def _read(line: str) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
