"""Compare the methods: `python -m bench.planner [--quick]` prints tables and writes `bench/planner/results.json`.

Makespans and ratios are the same on every machine; only the CPU seconds are not.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.planner.graphs import branches, chain, fork_join, layered, random_work, spaceflights
from bench.planner.methods import METHODS
from kedro_aloft.graph.auto import best_cut
from kedro_aloft.graph.refine import Judge, every_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kedro_aloft.graph.makespan import Work

RESULTS = Path(__file__).parent / "results.json"
SIZES = (100, 500, 1000, 2000, 5000)


def compare(works: list[Work], *, reference: Callable[[Work], float] | None = None) -> dict[str, dict[str, float]]:
    """Return for each method how its makespans compare.

    Args:
        works: The graphs.
        reference: The score to compare with; by default the best of all methods.
    """
    scores: dict[str, list[float]] = {name: [] for name in METHODS}
    cpu_s: dict[str, float] = {}
    bounds: dict[str, float] = {}
    for name, method in METHODS.items():
        started = time.process_time()
        cuts = [method(work) for work in works]
        cpu_s[name] = time.process_time() - started
        scores[name] = [Judge(work).score(cut)[0] for work, cut in zip(works, cuts, strict=True)]
        bounds[name] = sum(score / Judge(work).aim for score, work in zip(scores[name], works, strict=True))
    wanted = (
        [reference(work) for work in works] if reference else [min(each) for each in zip(*scores.values(), strict=True)]
    )
    table = {}
    for name, found in scores.items():
        ratios = sorted(score / best for score, best in zip(found, wanted, strict=True))
        table[name] = {
            "mean": round(sum(ratios) / len(ratios), 4),
            "p95": round(ratios[int(0.95 * (len(ratios) - 1))], 4),
            "worst": round(ratios[-1], 4),
            "over_5_percent": round(sum(ratio > 1.05 for ratio in ratios) / len(ratios), 4),
            "to_bound": round(bounds[name] / len(found), 4),
            "cpu_ms": round(1000 * cpu_s[name] / len(works), 2),
        }
    return table


def optimum(work: Work) -> float:
    """Return the best score of all cuts."""
    judge = Judge(work)
    return min(judge.score(cut)[0] for cut in every_cut(len(work.names)))


def shapes() -> Iterator[Work]:
    """Yield the shapes of real pipelines, light to heavy."""
    for seconds in (0.02, 0.3, 2.0, 10.0):
        yield layered(10, 10, seconds)
        yield chain(12, seconds)
        yield fork_join(10, seconds)
        yield branches(2, 1, seconds)
        yield branches(6, 7, seconds)
        yield spaceflights(factor=seconds)


def unknown(works: list[Work]) -> dict[str, dict[str, float]]:
    """Return what ways to cut lose to the plan that knows the durations, when they do not.

    Args:
        works: The graphs with their real durations.
    """
    blind = [_forgetful(work) for work in works]
    known = [Judge(work).score(best_cut(work))[0] for work in works]
    table = {}
    for name in ("none", "chains", "one task", "auto"):
        cuts = [METHODS[name](work) for work in blind]
        found = [Judge(work).score(cut)[0] for work, cut in zip(works, cuts, strict=True)]
        lost = sorted(score - best for score, best in zip(found, known, strict=True))
        table[name] = {
            "mean_lost_s": round(sum(lost) / len(lost), 2),
            "p95_lost_s": round(lost[int(0.95 * (len(lost) - 1))], 2),
            "worst_lost_s": round(lost[-1], 2),
            "mean": round(sum(score / best for score, best in zip(found, known, strict=True)) / len(lost), 3),
        }
    return table


def _forgetful(work: Work) -> Work:
    """The same graph with no duration known."""
    size = len(work.names)
    return replace(work, cases=tuple((guess,) * size for guess in work.costs.guesses_s(size)))


def growth() -> dict[str, float]:
    """Return the CPU seconds of planning layered graphs of growing size."""
    seconds = {}
    for size in SIZES:
        work = layered(size // 10, 10, 0.5)
        started = time.process_time()
        best_cut(work)
        seconds[str(size)] = round(time.process_time() - started, 3)
    return seconds


def as_text(title: str, table: dict[str, dict[str, float]]) -> str:
    """Return a table in Markdown."""
    columns = list(next(iter(table.values())))
    lines = [f"## {title}", "", f"| method | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(str(row[column]) for column in columns)} |" for name, row in table.items()]
    return "\n".join(lines)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the graphs; writes nothing")
    quick = parser.parse_args().quick
    part = 10 if quick else 1
    results: dict[str, Any] = {
        "optimum": compare([random_work(seed, 3 + seed % 6) for seed in range(1200 // part)], reference=optimum),
        "random": compare([random_work(seed, 9 + seed % 112) for seed in range(400 // part)]),
        "shapes": compare(list(shapes())),
        "unknown": unknown([random_work(seed, 3 + seed % 38) for seed in range(400 // part)]),
        "unknown_shapes": unknown(list(shapes())),
    }
    print(as_text("3 to 8 nodes, against the best of all cuts", results["optimum"]), end="\n\n")
    print(as_text("9 to 120 nodes, random, against the best method", results["random"]), end="\n\n")
    print(as_text("Shapes of real pipelines, against the best method", results["shapes"]), end="\n\n")
    print(as_text("3 to 40 nodes, durations unknown, against the plan that knows them", results["unknown"]), end="\n\n")
    print(as_text("Shapes, durations unknown", results["unknown_shapes"]), end="\n\n")
    results["growth_cpu_s"] = growth()
    print("CPU seconds by nodes:", results["growth_cpu_s"])
    if not quick:
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
