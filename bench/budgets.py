"""Compare figures with bench/budgets.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tomllib

if TYPE_CHECKING:
    from bench.figures import Figures

BUDGETS = Path(__file__).with_name("budgets.toml")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """One limit; the keys of budgets.toml, which explains them."""

    name: str
    value: str
    of: tuple[str, ...] = ()
    minus: float = 0.0
    at_most: float | None = None
    at_least: float | None = None
    missed: str = ""

    def measured(self, figures: Figures) -> float | None:
        """Return what the limit is about; None when a figure is missing."""
        if any(name not in figures for name in (self.value, *self.of)):
            return None
        value = figures.median(self.value) - self.minus
        return value / sum(map(figures.median, self.of)) if self.of else value

    def keeps(self, value: float) -> bool:
        """Whether a measured value keeps the limit."""
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)

    @property
    def limit(self) -> str:
        """The limit in words."""
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"


def read_budgets(path: Path = BUDGETS) -> list[Budget]:
    """Read the limits.

    Raises:
        ValueError: One has no limit, or two.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    budgets = [Budget(**{**entry, "of": tuple(entry.get("of", ()))}) for entry in content["budget"]]
    for budget in budgets:
        if (budget.at_most is None) == (budget.at_least is None):
            raise ValueError(f"the budget '{budget.name}' needs either at_most or at_least")
    return budgets


def check(figures: Figures, path: Path = BUDGETS) -> tuple[list[str], list[str]]:
    """Return a line per budget that the figures do not keep: those that shall, and those that are known to be missed.

    Budgets without figures are left out.
    """
    broken: list[str] = []
    missed: list[str] = []
    for budget in read_budgets(path):
        value = budget.measured(figures)
        if value is not None and not budget.keeps(value):
            line = f"{budget.name}: {value:.3g}, allowed {budget.limit}"
            (missed if budget.missed else broken).append(line)
    return broken, missed
