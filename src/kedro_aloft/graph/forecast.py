"""Forecast: the predicted makespan of a plan beside those of the plain ways to cut the same pipeline."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.graph.auto import best_cut
from kedro_aloft.graph.cuts import cut_fewest, cut_none
from kedro_aloft.graph.makespan import lower_bounds, makespans, work_of
from kedro_aloft.graph.refine import within_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kedro_aloft.graph.costs import Costs
    from kedro_aloft.graph.snapshot import Snapshot

_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCase:
    """Predicted seconds from the start of the run to the end of its last task.

    Args:
        unknown_s: What this case takes nodes for whose duration is unknown; None when all are known.
        none_s: With one node per task.
        auto_s: With `group_by: auto`.
        one_s: With one task, or as few as different requirements and memory allow.
        planned_s: With the plan at hand.
        bound_s: What no plan can undercut.
    """

    unknown_s: float | None
    none_s: float
    auto_s: float
    one_s: float
    planned_s: float
    bound_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is predicted for a pipeline.

    Args:
        slots: How many tasks run at the same time.
        nodes: How many nodes there are.
        known: Of how many the duration is known.
        cases: One when all are known; else one for each guess.
    """

    slots: int
    nodes: int
    known: int
    cases: tuple[ForecastCase, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        return {**asdict(self), "cases": [asdict(case) for case in self.cases]}


def build_forecast(
    snapshot: Snapshot,
    tasks: Sequence[Sequence[str]],
    *,
    costs: Costs,
    requirements: Mapping[str, str] | None = None,
    is_auto: bool = False,
) -> Forecast:
    """Predict how long a plan takes, and how long other plans would.

    Args:
        snapshot: The pipeline.
        tasks: The names of the nodes of each task of the plan.
        costs: What is known of the nodes, and what tasks cost.
        requirements: What each node demands of its task.
        is_auto: Whether the plan is the one of `group_by: auto`, which need not be sought again then.
    """
    work = work_of(snapshot, costs, requirements)
    task_of = {name: number for number, names in enumerate(tasks) for name in names}
    planned = tuple(task_of[name] for name in work.names)
    cuts = {
        "none_s": cut_none(work),
        "auto_s": planned if is_auto else best_cut(work),
        "one_s": within_memory(work, cut_fewest(work)),
        "planned_s": planned,
    }
    distinct = {cut: makespans(work, cut) for cut in cuts.values()}
    seconds = {name: distinct[cut] for name, cut in cuts.items()}
    known = sum(name in costs.seconds for name in work.names)
    unknown = len(work.names) - known
    guesses: tuple[float | None, ...] = costs.guesses_s(unknown) if unknown else (None,)
    return Forecast(
        slots=costs.slots,
        nodes=len(work.names),
        known=known,
        cases=tuple(
            ForecastCase(
                unknown_s=guess,
                bound_s=round(bound, _DIGITS),
                **{name: round(found[number], _DIGITS) for name, found in seconds.items() if found is not None},
            )
            for number, (guess, bound) in enumerate(zip(guesses, lower_bounds(work), strict=True))
        ),
    )
