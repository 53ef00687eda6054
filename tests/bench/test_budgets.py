"""Budgets: what they compare, and that each is about figures that the bench takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.__main__ import RESULTS
from bench.budgets import Budget, check, read_budgets
from bench.figures import Figures

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def figures() -> Figures:
    """Return figures of one case, the median of ours being 2."""
    return Figures(
        samples={"case.ours.wall_s": [1.0, 2.0, 9.0], "case.theirs.wall_s": [6.0], "case.floor.wall_s": [2.0]}
    )


def test_the_median_counts(figures: Figures) -> None:
    assert Budget(name="", value="case.ours.wall_s", at_most=1).measured(figures) == 2.0


def test_figures_to_compare_with_are_added(figures: Figures) -> None:
    budget = Budget(name="", value="case.ours.wall_s", of=("case.theirs.wall_s", "case.floor.wall_s"), at_most=1)
    assert budget.measured(figures) == 0.25


def test_a_number_is_subtracted_first(figures: Figures) -> None:
    budget = Budget(name="", value="case.theirs.wall_s", of=("case.floor.wall_s",), minus=4.0, at_most=1)
    assert budget.measured(figures) == 1.0


def test_what_was_not_measured_is_neither_kept_nor_broken(figures: Figures) -> None:
    assert Budget(name="", value="case.absent.wall_s", at_most=1).measured(figures) is None
    assert check(figures) == ([], [])


def test_a_limit_holds_on_its_own_side() -> None:
    most, least = Budget(name="", value="a.b.c", at_most=1), Budget(name="", value="a.b.c", at_least=1)
    assert (most.keeps(1), most.keeps(1.01), least.keeps(1), least.keeps(0.99)) == (True, False, True, False)


def test_a_budget_needs_one_limit(tmp_path: Path) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text('[[budget]]\nname = "n"\nvalue = "a.b.c"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="at_most"):
        read_budgets(file)


def test_every_budget_is_measured() -> None:
    figures = Figures.read(RESULTS)
    assert [budget.name for budget in read_budgets() if budget.measured(figures) is None] == []


def test_a_broken_budget_is_named() -> None:
    (line,), missed = check(Figures(samples={"task-100.ours-warm.cpu_s": [9.0]}))
    assert missed == []
    assert "tiny task of 100 nodes, warm" in line
    assert "9, allowed ≤ 0.035" in line


def test_a_budget_that_is_known_to_be_missed_breaks_nothing(tmp_path: Path) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text('[[budget]]\nname = "n"\nvalue = "a.b.c"\nat_most = 1\nmissed = "for now"\n', encoding="utf-8")
    assert check(Figures(samples={"a.b.c": [99.0]}), file) == ([], ["n: 99, allowed ≤ 1"])


def test_what_is_called_missed_is_missed() -> None:
    """A reason for what is kept by now would be a lie."""
    figures = Figures.read(RESULTS)
    kept = [one.name for one in read_budgets() if one.missed and one.keeps(one.measured(figures) or 0)]
    assert kept == []
