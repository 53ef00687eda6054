"""What nodes, tasks and handoffs cost: the numbers that `group_by: auto` plans with, and what earlier runs taught."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HISTORY_SCHEMA = 1
_KEPT_WITHIN = 0.25
_ONE_RUN = 0.5
SEVERAL_RUNS = 1.0
_DIGITS = 3
_NOISE_S = 0.05
_NOISE_BYTES = 1 << 20
_NOISE_MIB = 64.0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What earlier runs of a pipeline taught; plain data.

    Args:
        seconds: Wall time of each node that was seen, its loads and saves included.
        memory_mib: Highest memory of the process up to the end of each node.
        size_bytes: Size of each dataset that was seen.
        overhead_s: Time of a task beyond its nodes, or None when unknown.
        slots: How many tasks that Airflow ran at the same time, or None when unknown.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    memory_mib: Mapping[str, float] = field(default_factory=dict)
    size_bytes: Mapping[str, int] = field(default_factory=dict)
    overhead_s: float | None = None
    slots: int | None = None

    def __post_init__(self) -> None:
        """Refuse negative figures and freeze the mappings."""
        for name in ("seconds", "memory_mib", "size_bytes"):
            figures = dict(sorted(getattr(self, name).items()))
            _refuse_negative(figures, name)
            object.__setattr__(self, name, MappingProxyType(figures))

    def learn(self, seen: History, *, step: float = _ONE_RUN) -> History:
        """Return the history with what one more run showed.

        A figure stays as it is while the new one is within a quarter of it, so that a plan, and with it the bytes
        of a DAG file, does not change because a machine was a little busier.

        Args:
            seen: What the run showed.
            step: Which part of the way any other figure goes: by default half, 1 for figures of several runs.
        """
        sizes = _merged(self.size_bytes, seen.size_bytes, noise=_NOISE_BYTES, step=step)
        return History(
            seconds=_merged(self.seconds, seen.seconds, noise=_NOISE_S, step=step),
            memory_mib=_merged(self.memory_mib, seen.memory_mib, noise=_NOISE_MIB, step=step),
            size_bytes={name: round(size) for name, size in sizes.items()},
            overhead_s=_moved(self.overhead_s, seen.overhead_s, noise=_NOISE_S, step=step),
            slots=self.slots if seen.slots is None else seen.slots,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the history as JSON types, sorted; `from_dict` reads it back."""
        return {
            "schema": HISTORY_SCHEMA,
            "seconds": dict(self.seconds),
            "memory_mib": dict(self.memory_mib),
            "size_bytes": dict(self.size_bytes),
            "overhead_s": self.overhead_s,
            "slots": self.slots,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> History:
        """Return the history that `to_dict` wrote.

        Raises:
            PlanError: If the content is of another schema or no history.
        """
        if content.get("schema") != HISTORY_SCHEMA:
            raise PlanError(
                f"The history has schema {content.get('schema')!r}.", seen=f"this version reads schema {HISTORY_SCHEMA}"
            )
        try:
            return cls(
                seconds={str(name): float(value) for name, value in content.get("seconds", {}).items()},
                memory_mib={str(name): float(value) for name, value in content.get("memory_mib", {}).items()},
                size_bytes={str(name): int(value) for name, value in content.get("size_bytes", {}).items()},
                overhead_s=None if content.get("overhead_s") is None else float(content["overhead_s"]),
                slots=None if content.get("slots") is None else int(content["slots"]),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise PlanError("The history is malformed.", seen=str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The cost model.

    Source: spikes on Airflow 3.3 with LocalExecutor on 2 cores: a chain of 10 empty tasks takes 2.2 to 3.3 s with a
    tuned scheduler, a fan of 10 takes 1.2 s, a task that starts Kedro holds its slot about 1 s, a handed-over GB is
    written in 0.5 s and read in less.

    Args:
        seconds: Seconds of each node that is known.
        memory_mib: Peak memory of each node that is known.
        size_bytes: Size of each dataset that is known.
        unknown_s: Seconds that an unknown node may take, each a case that the plan must be good for: by default a
            tiny and a heavy one.
        unknown_slot_s: What all unknown nodes take together at most, however many they are, for each slot.
        overhead_s: Time for which a task holds its slot beyond its nodes.
        latency_s: Time from the end of a task until a task that waits for it can start.
        launch_s: Time that the scheduler, which starts one task after the other, needs for one.
        handoff_s_per_byte, handoff_s_per_object: Price of writing a dataset into the handoff store once, and of
            reading it once per task.
        slots: How many tasks run at the same time; by default as many of one DAG as an Airflow that nobody configured
            runs (`max_active_tasks_per_dag`): too many slots cost starts, too few leave workers idle.
        memory_per_slot_mib: What the nodes of a task and the data between them may take; None for no limit.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    memory_mib: Mapping[str, float] = field(default_factory=dict)
    size_bytes: Mapping[str, int] = field(default_factory=dict)
    unknown_s: tuple[float, ...] = (0.02, 10.0)
    unknown_slot_s: float = 15.0
    overhead_s: float = 1.0
    latency_s: float = 0.25
    launch_s: float = 0.1
    handoff_s_per_byte: float = 0.5e-9
    handoff_s_per_object: float = 0.005
    slots: int = 16
    memory_per_slot_mib: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no simulation could use, and freeze the mappings."""
        for name in ("seconds", "memory_mib", "size_bytes"):
            figures = dict(getattr(self, name))
            _refuse_negative(figures, name)
            object.__setattr__(self, name, MappingProxyType(figures))
        names = ("overhead_s", "latency_s", "launch_s", "handoff_s_per_byte", "handoff_s_per_object")
        _refuse_negative({name: getattr(self, name) for name in names}, "costs")
        _refuse_negative({str(value): value for value in self.unknown_s}, "unknown_s")
        if self.slots < 1 or not self.unknown_s:
            raise PlanError("The cost model needs at least one slot and one guess for unknown nodes.", where="costs")

    def with_history(self, history: History) -> Costs:
        """Return these costs with what the history knows in place of guesses."""
        return replace(
            self,
            seconds={**self.seconds, **history.seconds},
            memory_mib={**self.memory_mib, **history.memory_mib},
            size_bytes={**self.size_bytes, **history.size_bytes},
            overhead_s=self.overhead_s if history.overhead_s is None else history.overhead_s,
            slots=history.slots or self.slots,
        )

    def guesses_s(self, nodes: int) -> tuple[float, ...]:
        """Return what each of so many unknown nodes is taken to last, once for every case; rising, none twice.

        A pipeline of a hundred nodes is no longer a run than one of ten, only cut finer: what keeps all slots busy for
        a while is shared out.
        """
        most = self.unknown_slot_s * self.slots / max(nodes, 1)
        return tuple(sorted({round(min(guess, most), 6) for guess in self.unknown_s}))

    def handoff_s(self, dataset: str) -> float:
        """Return the seconds for writing a dataset into the handoff store, or for reading it; size 0 when unknown."""
        return self.handoff_s_per_object + self.size_bytes.get(dataset, 0) * self.handoff_s_per_byte


def _refuse_negative(figures: Mapping[str, float], where: str) -> None:
    wrong = [f"{name}: {value}" for name, value in figures.items() if not 0 <= value < float("inf")]
    if wrong:
        raise PlanError("Costs are numbers from 0 up.", where=where, seen=", ".join(wrong[:3]))


def median_history(seen: Sequence[History]) -> History:
    """Return the median of each figure over the runs that show it; of the slots the latest, which come first."""
    return History(
        seconds=_medians(one.seconds for one in seen),
        memory_mib=_medians(one.memory_mib for one in seen),
        size_bytes={name: round(size) for name, size in _medians(one.size_bytes for one in seen).items()},
        overhead_s=_medians({"": one.overhead_s} for one in seen if one.overhead_s is not None).get(""),
        slots=next((one.slots for one in seen if one.slots is not None), None),
    )


def _medians(figures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    from statistics import median  # needs fractions and decimals, which no other command does

    gathered: dict[str, list[float]] = {}
    for run in figures:
        for name, value in run.items():
            gathered.setdefault(name, []).append(value)
    return {name: round(median(values), _DIGITS) for name, values in gathered.items()}


def _merged(old: Mapping[str, float], new: Mapping[str, float], *, noise: float, step: float) -> dict[str, float]:
    merged = dict(old)
    for name, value in new.items():
        moved = _moved(old.get(name), value, noise=noise, step=step)
        assert moved is not None
        merged[name] = moved
    return merged


def _moved(old: float | None, new: float | None, *, noise: float, step: float) -> float | None:
    if old is None or new is None:
        return new if old is None else old
    if abs(new - old) <= max(noise, _KEPT_WITHIN * old):
        return old
    return round(old + step * (new - old), 6)
