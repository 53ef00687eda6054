"""A small Airflow with one fused task, for exploring every order of events: states, steps, and what an end must be.

The decisions are those of `contract.mirror`; everything else is what Airflow 3.3.2, the runtime and people may do at
any moment. Each look at the runner is two steps, because Airflow answers two questions; an event that ends a mirror is
delivered later than it is decided, perhaps to a mirror that was cleared meanwhile.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from kedro_aloft.contract.journal import DONE, Journal, NodeEntry
from kedro_aloft.contract.mirror import (
    Finished,
    MirrorTry,
    Sight,
    has_ended,
    judge,
    nodes_to_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Told = tuple[int, int, bool, tuple[tuple[str, str], ...]]
"""A journal: attempt, clear number, whether the try ended, states of nodes."""

Seen = tuple[str | None, Told | None, str | None]
"""A `Sight` that can be compared quickly: the runner's state, its journal, the spent attempt."""

OPEN = "deferred"
ENDED = frozenset({"success", "failed"})
APART_MS = 100_000
LATER_MS = 20_000


class Budget(NamedTuple):
    """How often each thing may still happen."""

    failures: int = 0
    kills: int = 0
    retries: int = 0
    clears: int = 0
    restarts: int = 0
    hops: int = 0


class Process(NamedTuple):
    """The runner's process; `asked` is None until it has asked its mirrors."""

    attempt: int
    clear: int
    asked: tuple[str, ...] | None = None
    entries: tuple[tuple[str, str], ...] = ()


class Mirror(NamedTuple):
    """One mirror. `decided` is an event on its way; `looks`: whether a look that counts began.

    `saw`: what it found its runner to be when it came to a worker, where it does not stay.
    """

    state: str = OPEN
    looks: bool = False
    id: int = 0
    tries: int = 1
    clear: int = 0
    decided: str | None = None
    saw: str | None = None


class World(NamedTuple):
    """Everything that outlives a moment."""

    nodes: tuple[str, ...]
    budget: Budget
    runner: str = "queued"
    runner_id: int = 0
    clear: int = 0
    now: int = 1
    process: Process | None = None
    xcom: Told | None = None
    kept: tuple[int, frozenset[str]] = (0, frozenset())
    finished: Finished | None = None
    mirrors: tuple[Mirror, ...] = ()
    state_seen: str | None = None
    sight: Seen = (None, None, None)
    truth: tuple[str, ...] = ()
    killed: bool = False
    unlooked: bool = False
    blind: bool = False
    runner_cleared_alone: bool = False

    def index(self, node: str) -> int:
        return self.nodes.index(node)


def begin(nodes: int, budget: Budget) -> World:
    """Return a DAG run that has just begun, with a chain of nodes."""
    names = tuple(f"n{number}" for number in range(nodes))
    return World(nodes=names, budget=budget, mirrors=(Mirror(),) * nodes, truth=("never",) * nodes)


def explore(world: World, limit: int) -> Iterator[tuple[World, bool]]:
    """Yield every world that can be reached, and whether anything but a person can still change it.

    Raises:
        AssertionError: If there are more than `limit`.
    """
    seen, waiting = {world}, deque([world])
    while waiting:
        here = waiting.popleft()
        moves = [after for after in steps(here) if after != here]
        yield here, bool(moves)
        for after in (*moves, *clears(here)):
            if after not in seen:
                assert len(seen) < limit, "the bounds are too wide to explore"
                seen.add(after)
                waiting.append(after)


# ------------------------------------------------------------------------------------------- what happens by itself


def steps(world: World) -> Iterator[World]:
    """Yield what may happen next without anybody's doing."""
    if world.runner == "queued":
        blind = world.blind or (world.unlooked and world.xcom is not None)
        yield world._replace(runner="running", blind=blind, process=Process(world.runner_id, world.clear))
        if world.budget.kills:
            spent = world.budget._replace(kills=world.budget.kills - 1)
            yield _after(world._replace(budget=spent, killed=True, blind=blind), "failed")
    if world.runner == "up_for_retry":
        yield _again(world)
    if world.process is not None:
        yield from _work(world, world.process)
    yield from _look(world)
    for number, mirror in enumerate(world.mirrors):
        yield _with(world, number, _delivered(mirror))
        yield from _hop(world, number, mirror)
    if world.budget.restarts:
        spent = world.budget._replace(restarts=world.budget.restarts - 1)
        undecided = tuple(
            one._replace(decided=None, looks=False) if one.state == OPEN else one for one in world.mirrors
        )
        booting = world.process is not None and world.process.asked is None and world.xcom is not None
        anew = world._replace(budget=spent, sight=(None, None, None), state_seen=None, mirrors=undecided)
        yield anew._replace(unlooked=True, blind=world.blind or booting)


def _work(world: World, process: Process) -> Iterator[World]:
    """The runner's process: asks, runs node after node, tells its journal at times, and for sure when it ends."""
    if process.asked is None:
        yield _ask(world, process)
        yield from _die(world)
        return
    entries = dict(process.entries)
    yield _tell(world, process, ended=False)
    todo = [node for node in process.asked if entries.get(node) not in DONE]
    if world.runner == "restarting":
        yield _again(world._replace(process=None))
    if not todo:
        yield _end(world, process, "success")
    elif "running" not in entries.values():
        yield _note(world, process, todo[0], "running", "doubt")
    else:
        yield _note(world, process, todo[0], "ok", "ok")
        if world.budget.failures:
            spent = world.budget._replace(failures=world.budget.failures - 1)
            failed = _note(world._replace(budget=spent), process, todo[0], "failed", "failed")
            assert failed.process is not None
            yield _end(failed, failed.process, "failed")
    yield from _die(world)


def _ask(world: World, process: Process) -> World:
    """Airflow has deleted the old journal; what shall run is what the mirrors ask for, but what is kept.

    An event takes less time than Airflow needs to start another try: what was decided is delivered by now.
    """
    world = world._replace(mirrors=tuple(_delivered(mirror) for mirror in world.mirrors))
    states = {node: mirror.state for node, mirror in zip(world.nodes, world.mirrors, strict=True)}
    asked = nodes_to_run(states, world.finished, clear_number=process.clear)
    kept = world.kept[1] if world.kept[0] == process.clear else frozenset()
    again = set(asked) - kept
    entries = tuple((node, "kept") for node in world.nodes if node not in again)
    return world._replace(
        xcom=None,
        killed=False,
        finished=(world.finished or Finished()).without(again, clear_number=process.clear),
        process=process._replace(asked=asked, entries=entries),
        truth=tuple("never" if node in again else truth for node, truth in zip(world.nodes, world.truth, strict=True)),
    )


def _tell(world: World, process: Process, *, ended: bool) -> World:
    """First the store, then the journal: what a mirror shows as done is known to be finished."""
    finished = world.finished or Finished()
    told = (process.attempt, process.clear, ended, process.entries)
    return world._replace(xcom=told, finished=finished.after(_journal_of(told)))


def _again(world: World) -> World:
    """Airflow queues another try, whose id is new."""
    return world._replace(runner="queued", runner_id=world.now, now=world.now + 1, unlooked=True)


def _note(world: World, process: Process, node: str, state: str, truth: str) -> World:
    entries = (*((name, value) for name, value in process.entries if name != node), (node, state))
    at = world.index(node)
    return world._replace(
        process=process._replace(entries=entries), truth=(*world.truth[:at], truth, *world.truth[at + 1 :])
    )


def _end(world: World, process: Process, state: str) -> World:
    """The last journal is told before Airflow hears of the end; a process that is being restarted is not heard."""
    done = {node for node, value in process.entries if value in DONE}
    told = _tell(world, process, ended=True)._replace(process=None, kept=(process.clear, frozenset(done)))
    return _again(told) if world.runner == "restarting" else _after(told, state)


def _die(world: World) -> Iterator[World]:
    """A process that is killed tells nothing more and keeps nothing."""
    if world.budget.kills and world.runner == "running":
        spent = world.budget._replace(kills=world.budget.kills - 1)
        yield _after(world._replace(budget=spent, process=None, killed=True), "failed")


def _after(world: World, state: str) -> World:
    if state == "failed" and world.budget.retries:
        spent = world.budget._replace(retries=world.budget.retries - 1)
        return world._replace(runner="up_for_retry", budget=spent)
    return world._replace(runner=state)


def _hop(world: World, number: int, mirror: Mirror) -> Iterator[World]:
    """A mirror comes to a worker, which asks for the state and then for the journal, and goes back if nothing ended."""
    if mirror.saw is not None:
        seen = Sight(runner=mirror.saw, journal=_journal(world.xcom))
        back = mirror._replace(saw=None)
        yield _with(world, number, _judged(world.nodes[number], back, seen) if has_ended(mirror.saw) else back)
    elif world.budget.hops and mirror.state == OPEN and mirror.decided is None:
        spent = world.budget._replace(hops=world.budget.hops - 1)
        yield _with(world._replace(budget=spent), number, mirror._replace(looks=False, saw=world.runner))


def _look(world: World) -> Iterator[World]:
    """A poll asks for the state, and then for the journal."""
    began = tuple(one._replace(looks=one.saw is None) for one in world.mirrors)
    yield world._replace(state_seen=world.runner, mirrors=began)
    if world.state_seen is not None:
        spent = _sight(world.sight).followed_by(world.state_seen, _journal(world.xcom)).spent
        seen = (world.state_seen, world.xcom, spent)
        ended = tuple(
            _judged(node, one, _sight(seen)) if one.looks else one
            for node, one in zip(world.nodes, world.mirrors, strict=True)
        )
        old = world.xcom is None or spent == _uuid(world.xcom[0])
        unlooked = world.unlooked and not old
        yield world._replace(sight=seen, state_seen=None, mirrors=ended, unlooked=unlooked)


def _sight(seen: Seen) -> Sight:
    return Sight(runner=seen[0], journal=_journal(seen[1]), spent=seen[2])


def _journal(told: Told | None) -> Journal | None:
    return None if told is None else _journal_of(told)


def _journal_of(told: Told) -> Journal:
    attempt, clear, ended, entries = told
    nodes = {node: NodeEntry(state=state) for node, state in entries}
    return Journal(attempt=_uuid(attempt), clear_number=clear, ended=1.0 if ended else None, nodes=nodes)


def _judged(node: str, mirror: Mirror, sight: Sight) -> Mirror:
    """Decide, unless an event is on its way."""
    if mirror.state != OPEN or mirror.decided is not None:
        return mirror
    later = LATER_MS if mirror.tries > 1 else 0
    own = MirrorTry(node=node, id=_uuid(mirror.id, later), try_number=mirror.tries)
    showing = judge(own, sight).showing
    return mirror._replace(decided=showing.value) if showing.is_end else mirror


def _delivered(mirror: Mirror) -> Mirror:
    return mirror if mirror.decided is None else mirror._replace(decided=None, state=mirror.decided)


def _with(world: World, number: int, mirror: Mirror) -> World:
    return world._replace(mirrors=(*world.mirrors[:number], mirror, *world.mirrors[number + 1 :]))


def _uuid(moment: int, later_ms: int = 0) -> str:
    """Return the id of a try. Those that one clear makes may be seconds apart: here mirrors get theirs last."""
    return f"{moment * APART_MS + later_ms:012x}70008000000000000000"


# --------------------------------------------------------------------------------------------------- what people do


def clears(world: World) -> Iterator[World]:
    """Yield what a person may make of it: clear a node, a node with what follows, all, what failed, the runner."""
    if not world.budget.clears:
        return
    count = len(world.nodes)
    choices = {frozenset({number}) for number in range(count)}
    choices |= {frozenset(range(number, count)) for number in range(count)}
    choices.add(frozenset(number for number, mirror in enumerate(world.mirrors) if mirror.state == "failed"))
    for chosen in sorted(choices - {frozenset()}, key=sorted):
        yield _cleared(world, chosen)
    yield _cleared(world, frozenset())._replace(runner_cleared_alone=True)


def _cleared(world: World, chosen: frozenset[int]) -> World:
    """Airflow clears the setup with its mirrors: ids of one clear are as good as equal, and in any order."""
    spent = world.budget._replace(clears=world.budget.clears - 1)
    mirrors = tuple(
        Mirror(id=world.now, tries=mirror.tries + 1, clear=world.clear + 1) if number in chosen else mirror
        for number, mirror in enumerate(world.mirrors)
    )
    after = world._replace(budget=spent, mirrors=mirrors, clear=world.clear + 1, now=world.now + 1)
    if world.process is not None:
        return after._replace(runner="restarting")
    return after._replace(runner="queued", runner_id=world.now, unlooked=True)


# ------------------------------------------------------------------------------------------------ what an end must be


def is_end(world: World) -> bool:
    """Whether the DAG run is over."""
    return world.runner in ENDED and all(mirror.state != OPEN for mirror in world.mirrors)


def complaints(world: World) -> Iterator[str]:
    """Yield what is wrong with an end.

    Excuses of mirrors that are not green: a killed runner may have died with words unsaid, and a mirror that ended
    before the last clear and was no part of it cannot show what came after. Of those that are green: the runner alone
    was cleared, or nobody looked between two of its tries, and an old journal was taken for that of the new one. The
    run then fails all the same, and its next try runs the node again.
    """
    good = all(truth == "ok" for truth in world.truth)
    if world.runner == "success" and not good:
        yield "green run on work that failed"
    for node, mirror, truth in zip(world.nodes, world.mirrors, world.truth, strict=True):
        if mirror.state == "success" and truth != "ok" and not (world.runner_cleared_alone or world.blind):
            yield f"{node} is green and ended {truth}"
        excused = world.killed or mirror.clear < world.clear
        if mirror.state == "failed" and truth == "ok" and not excused:
            yield f"{node} is red and ended well"
        if mirror.state == "skipped" and truth != "never" and not excused:
            yield f"{node} is skipped and ended {truth}"
