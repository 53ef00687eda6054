"""A task that is tried again runs the fewest nodes that end in what one whole run ends in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_aloft.contract.journal import NodeEntry
from kedro_aloft.contract.resume import SavedState, Step, done_line, nodes_to_run

# --- a world in which datasets are terms, and nodes that share an object leave their mark on it


@dataclass
class World:
    """What datasets hold. A shared one holds a list that each consumer adds to."""

    steps: tuple[Step, ...]
    shared: frozenset[str]
    kept: frozenset[str]  # on disk, not in memory
    data: dict[str, list[str]] = field(default_factory=dict)
    disk: dict[str, list[str]] = field(default_factory=dict)
    results: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def run(self, names: set[str], *, fails: str = "") -> bool:
        """Run nodes in order; return whether all had their inputs. The node that fails has touched them before."""
        for step in self.steps:
            if step.name not in names:
                continue
            if any(name not in self.data and name not in self.disk for name in step.inputs):
                return False
            seen = []
            for name in step.inputs:
                value = self.data[name] if name in self.data else list(self.disk[name])
                seen.append(f"{name}={'.'.join(value)}")
                if name in self.shared and name in self.data:
                    value.append(step.name)
            if step.name == fails:
                return True
            term = f"{step.name}({','.join(seen)})"
            self.results[step.name] = tuple(seen)
            for name in step.outputs:
                (self.disk if name in self.kept else self.data)[name] = [term]
        return True


@st.composite
def cases(draw: st.DrawFn) -> tuple[World, str, frozenset[str], bool]:
    """A graph of a few nodes, the one that fails, datasets that cannot be written down, and whether all was killed."""
    count = draw(st.integers(min_value=2, max_value=6))
    steps = []
    for number in range(count):
        inputs = draw(st.sets(st.integers(min_value=0, max_value=number - 1), max_size=2)) if number else set()
        steps.append(
            Step(name=f"n{number}", inputs=tuple(f"d{one}" for one in sorted(inputs)), outputs=(f"d{number}",))
        )
    names = [f"d{number}" for number in range(count)]
    kept = draw(st.frozensets(st.sampled_from(names)))
    shared = draw(st.frozensets(st.sampled_from(names))) - kept
    world = World(steps=tuple(steps), shared=shared, kept=kept)
    fails = draw(st.sampled_from([step.name for step in steps]))
    return world, fails, draw(st.frozensets(st.sampled_from(names))), draw(st.booleans())


def whole(world: World) -> World:
    other = World(steps=world.steps, shared=world.shared, kept=world.kept)
    assert other.run({step.name for step in world.steps})
    return other


@settings(max_examples=600)
@given(cases())
def test_a_resumed_task_ends_as_a_whole_run_with_the_fewest_nodes(
    case: tuple[World, str, frozenset[str], bool],
) -> None:
    world, fails, unpicklable, killed = case
    order = [step.name for step in world.steps]
    done = set(order[: order.index(fails)])
    world.run({*done, fails}, fails=fails)
    spilled = {} if killed else {name: list(value) for name, value in world.data.items() if name not in unpicklable}
    world.data = {}

    run = nodes_to_run(
        world.steps,
        asked=set(order) - done,
        available={*spilled, *world.disk},
        shared=world.shared,
        started={*done, fails},
    )

    def retry(names: set[str]) -> dict[str, tuple[str, ...]] | None:
        made = {name for step in world.steps if step.name in names for name in step.outputs}
        again = World(steps=world.steps, shared=world.shared, kept=world.kept, results=dict(world.results))
        again.data = {name: list(value) for name, value in spilled.items() if name not in made}
        again.disk = {name: list(value) for name, value in world.disk.items()}
        return again.results if again.run(names) else None

    wanted = whole(world).results
    assert retry(set(run)) == wanted
    others = [name for name in order if name in done]
    for size in range(len(run) - (len(order) - len(done))):
        for more in itertools.combinations(others, size):
            names = {*more, *(set(order) - done)}
            if retry(names) == wanted:
                # Only luck that nobody can know of needs fewer: a shared object whose holders left it as it was.
                assert world.shared, (names, run)


def test_what_is_gone_is_made_again_with_all_that_it_needs() -> None:
    steps = [
        Step(name="a", outputs=("A",)),
        Step(name="b", inputs=("A",), outputs=("B",)),
        Step(name="side", inputs=("A",)),
        Step(name="c", inputs=("B", "raw"), outputs=("C",)),
    ]
    assert nodes_to_run(steps, asked=["c"], available=["B"]) == ("c",)
    assert nodes_to_run(steps, asked=["c"], available=["A"]) == ("b", "c")
    assert nodes_to_run(steps, asked=["c"], available=[]) == ("a", "b", "c")
    assert nodes_to_run(steps, asked=[], available=[]) == ()


def test_an_object_that_a_failed_node_may_have_changed_is_made_anew() -> None:
    steps = [
        Step(name="make", outputs=("model",)),
        Step(name="warm_up", inputs=("model",)),
        Step(name="train", inputs=("model",)),
        Step(name="report", inputs=("model",)),
    ]
    arguments = {"available": ["model"], "shared": ["model"]}
    assert nodes_to_run(steps, asked=["train", "report"], started=["make", "warm_up", "train"], **arguments) == (
        "make",
        "warm_up",
        "train",
        "report",
    )
    assert nodes_to_run(steps, asked=["report"], started=["make", "warm_up", "train"], **arguments) == ("report",)


# --- the state

ENTRY = NodeEntry(state="ok", start=1.0, end=2.0, rows=3)
STATE = SavedState(
    stamp="s",
    clear_number=2,
    done={"a": ENTRY, "b": ENTRY},
    shared=frozenset({"M"}),
    failed=frozenset({"c"}),
    spilled=frozenset({"A"}),
    lost={"B": "no"},
    inputs={"raw": "1", "table": None},
)


def test_a_state_comes_back_as_it_was() -> None:
    assert SavedState.from_lines(list(STATE.lines())) == STATE


def test_whatever_is_left_of_a_state_is_a_part_of_it() -> None:
    text = "\n".join(STATE.lines())
    for length in range(len(text)):
        found = SavedState.from_lines(text[:length].splitlines())
        assert found is None or found.done.items() <= STATE.done.items()


def test_lines_may_follow() -> None:
    lines = [*SavedState(stamp="s").lines(), done_line("a", ENTRY, shared=["M"])]
    found = SavedState.from_lines(lines)
    assert found == SavedState(stamp="s", done={"a": ENTRY}, shared=frozenset({"M"}))


def test_what_is_no_state_is_none() -> None:
    for lines in ([], ["x"], ["[]"], ['{"v": 2}'], ['{"v": 1}'], ['{"v": 1, "stamp": "s", "clear": 0}', '{"node": 1}']):
        assert SavedState.from_lines(lines) is None


def test_inputs_are_the_same_or_not() -> None:
    same = {"raw": "1", "table": None}
    assert STATE.is_of_same_inputs(same, surely=False)
    assert not STATE.is_of_same_inputs(same, surely=True), "a table tells nothing"
    assert not STATE.is_of_same_inputs({"raw": "2", "table": None}, surely=False)
    known = SavedState(stamp="s", inputs={"raw": "1"})
    assert known.is_of_same_inputs({"raw": "1"}, surely=True)
    assert not known.is_of_same_inputs({"raw": "1", "more": "2"}, surely=True)
    killed = SavedState(stamp="s")
    assert killed.is_of_same_inputs({"raw": "1"}, surely=False)
    assert not killed.is_of_same_inputs({"raw": "1"}, surely=True)
