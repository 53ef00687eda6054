"""Step: one thing that a deploy does. A dry run prints the very steps that a real run applies."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Phase(enum.IntEnum):
    """When a step is done. What a phase needs is there when the phases before it are done.

    Up to `MANIFEST` nothing that Airflow reads has changed; with `CLAIM` the release is the current one; `FLIP` makes
    it visible, file by file; `PUBLISH` is for targets that hand over a whole folder at once (a commit, an upload).
    """

    PREPARE = 1
    BLOBS = 2
    MANIFEST = 3
    CLAIM = 4
    FLIP = 5
    REMOVE = 6
    PUBLISH = 7
    LIVE = 8
    START = 9
    COLLECT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do.

    Args:
        phase: When.
        name: Short and unique among the steps of one deploy: `upload code`, `flip shop_dag.py`.
        what: What it does, for people: one line, in the words of a command.
        apply: Does it; done twice it leaves what it left the first time. Returns what there is to tell, or nothing.
    """

    phase: Phase
    name: str
    what: str
    apply: Callable[[], str | None]


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return steps by phase; within a phase as they came."""
    return tuple(sorted(steps, key=lambda step: step.phase))


def apply_steps(
    steps: Sequence[Step],
    *,
    before: Callable[[Step], None] = lambda _step: None,
    after: Callable[[Step, str | None], None] = lambda _step, _told: None,
) -> None:
    """Do the steps, one after the other.

    Args:
        steps: What `in_order` returned.
        before: Called before each step.
        after: Called after each step with what it told.
    """
    for step in steps:
        before(step)
        after(step, step.apply())


def explain_steps(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return what each step would do, numbered."""
    return tuple(f"{number}. {step.what}" for number, step in enumerate(steps, start=1))
