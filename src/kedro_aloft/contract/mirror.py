"""What a mirror shows: the state machine of fused tasks, without Airflow.

A fused task is a *runner*, which runs the nodes, and one *mirror* per node, an Airflow task that runs nothing and ends
as its node ended. Mirrors see the runner's state, always read first, and then its journal (`contract.journal`); runners
see the states of their mirrors, by which people say what shall run again. docs/explanation/fused-tasks.md has a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from kedro_aloft.contract.journal import DONE, FAILED, KEPT, Journal
from kedro_aloft.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kedro_aloft.contract.journal import NodeEntry

MAX_LIVE = 150
"""Mirrors of one DAG up to which `auto` shows them live.

Airflow's triggerer reads the whole DAG again for each of them, and keeps what it read while the mirror waits (3.3.2,
`TriggererJobRunner._create_workload`), so that the cost is that of the square: here 76 MB for each run at work.
Source: measured, docs/explanation/fused-tasks.md, "What it costs".
"""

_AT_WORK = frozenset({"running"})
_ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})

_SLACK_MS = 30_000
"""Ids of tries that one clear makes come in any order, within the time that it takes on a busy machine."""


class Showing(Enum):
    """What a mirror shows. The last three end it."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_end(self) -> bool:
        """Whether the mirror's task ends with it."""
        return self in (Showing.SUCCESS, Showing.FAILED, Showing.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorTry:
    """One try of a mirror.

    Args:
        node: The node that it shows.
        id: Id of the task instance: a UUIDv7, new with each clear.
        try_number: 1 until it is cleared.
        clear_number: How often the DAG run had been cleared when the mirror was started, or later; 0 when unknown:
            Airflow 3.3.2 does not tell triggers.
    """

    node: str
    id: str
    try_number: int = 1
    clear_number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen of a runner.

    Args:
        runner: State of its task, read before the journal: so the journal of a runner that ended is its last word.
        journal: What it had left, or None.
        spent: The attempt whose journal was still there while no try ran. The next try deletes it, but only a moment
            after Airflow says that it runs.
    """

    runner: str | None = None
    journal: Journal | None = None
    spent: str | None = None

    def followed_by(self, runner: str | None, journal: Journal | None) -> Sight:
        """Return what is known after another look.

        This look's journal may be that of a try that began since its state was read; that of the look before is not.
        """
        spent = self.spent if self.journal is None or may_write(runner) else self.journal.attempt
        return Sight(runner=runner, journal=journal, spent=spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a mirror shows, and why.

    Args:
        showing: The state.
        entry: What the journal says of the node, where it counts.
        reason: Words for the mirror's log.
    """

    showing: Showing
    entry: NodeEntry | None = None
    reason: str = ""


def may_write(runner: str | None) -> bool:
    """Whether a runner in this state writes its journal, or has written its last."""
    return runner in _AT_WORK or runner in _ENDED


def has_ended(runner: str | None) -> bool:
    """Whether a runner in this state has ended."""
    return runner in _ENDED


def read_journal(content: Any) -> Journal | None:
    """Return the journal that lay in XCom; None when there is none, or none that this version understands."""
    try:
        return None if content is None else Journal.from_json(content)
    except RequestError:
        return None


def judge(mirror: MirrorTry, sight: Sight) -> Verdict:
    """Return what a mirror shows when this is seen of its runner."""
    works, ended = sight.runner in _AT_WORK, sight.runner in _ENDED
    entry = _entry(mirror, sight, works=works) if works or ended else None
    state = entry.state if entry is not None else None
    if state in DONE:
        return Verdict(showing=Showing.SUCCESS, entry=entry, reason="done in an earlier try" * (state == KEPT))
    if works:
        return Verdict(showing=Showing.WAITING if entry is None else Showing.RUNNING, entry=entry)
    if not ended:
        return Verdict(showing=Showing.WAITING)
    if entry is not None:
        reason = "failed" if state == FAILED else "was running when its task ended"
        return Verdict(showing=Showing.FAILED, entry=entry, reason=reason)
    return Verdict(showing=Showing.SKIPPED, reason=f"was not run: the task that runs it is '{sight.runner}'")


def _entry(mirror: MirrorTry, sight: Sight, *, works: bool) -> NodeEntry | None:
    """Return what the journal says of the node, if it was written for this try of the mirror.

    A journal that says that its try ended, of a runner that runs, may be that of the try before; so may one that was
    there between two tries, of a runner that ended, when its last try could not even begin.
    """
    journal = sight.journal
    if journal is None or not _counts_for(mirror, journal):
        return None
    if works and journal.ended is not None:
        return None
    if journal.attempt == sight.spent and (works or mirror.try_number > 1):
        return None
    return journal.nodes.get(mirror.node)


def _counts_for(mirror: MirrorTry, journal: Journal) -> bool:
    """Whether a journal was begun after the mirror was last cleared, so that a cleared mirror shows no old state.

    No clock of a worker is asked. A mirror that was never cleared takes any journal of its run. A journal of the run's
    newest clear is newer than every mirror. Else the ids of the two tries, which the scheduler made, tell their order.
    """
    if mirror.try_number <= 1 or journal.clear_number >= mirror.clear_number > 0:
        return True
    attempt, own = _made_ms(journal.attempt), _made_ms(mirror.id)
    return attempt is not None and own is not None and attempt >= own - _SLACK_MS


def _made_ms(uuid: str) -> int | None:
    """Return when a UUIDv7 was made, in milliseconds since the epoch."""
    try:
        return int(uuid.replace("-", "")[:12], 16)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a runner remembers from try to try.

    Args:
        nodes: Those that finished since they were last asked for.
        clear_number: How often the DAG run had been cleared when the last try asked its mirrors.
    """

    nodes: frozenset[str] = frozenset()
    clear_number: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {"clear": self.clear_number, "nodes": sorted(self.nodes)}

    @classmethod
    def from_json(cls, content: Any) -> Finished | None:
        """Return what `to_json` made; None when it is nothing of the kind."""
        try:
            return cls(nodes=frozenset(content["nodes"]), clear_number=content["clear"])
        except (KeyError, TypeError):
            return None

    def without(self, asked: Collection[str], *, clear_number: int) -> Finished:
        """Return what is finished while these nodes run."""
        return Finished(nodes=self.nodes - set(asked), clear_number=clear_number)

    def after(self, journal: Journal) -> Finished:
        """Return what is finished when this was told: a node that was begun again is not, before it ends well."""
        return Finished(nodes=(self.nodes - set(journal.nodes)) | journal.done, clear_number=self.clear_number)


def nodes_to_run(
    states: Mapping[str, str | None], finished: Finished | None, *, clear_number: int = 0
) -> tuple[str, ...]:
    """Return which nodes a runner that starts shall run, in their order.

    Who clears a mirror asks for its node. A node that was begun again and did not finish is asked for, whatever its
    mirror shows; one that finished is not when nobody cleared anything since, so that nothing may be left. All are
    asked for when somebody cleared the runner alone.

    Args:
        states: State of each node's mirror.
        finished: What earlier tries left; None when nobody knows. A mirror may be `skipped` although its node finished:
            Airflow's "clear only failed" leaves it so when another try then runs the node. A static one is
            `upstream_failed`, whatever its node did in a task that failed.
        clear_number: How often the DAG run has been cleared.
    """
    if finished is not None and finished.clear_number == clear_number:
        return tuple(node for node in states if node not in finished.nodes)
    done = set(states) if finished is None else finished.nodes
    settled = {"success"} if finished is None else {"success", "skipped", "upstream_failed"}
    return tuple(node for node, state in states.items() if state not in settled or node not in done) or tuple(states)
