"""Figures: what was measured, under a name, with every sample.

A name has three parts, `case.variant.measure`, and the measure ends in its unit: `spaceflights.ours-auto.makespan_s`.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DIGITS = 4


@dataclass
class Figures:
    """Samples by name, and what they were taken with.

    Args:
        samples: Samples by name, in the order in which they were taken.
        about: Machine and versions.
    """

    samples: dict[str, list[float]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Add a sample."""
        if name.count(".") != 2:
            raise ValueError(f"'{name}' is not of the form case.variant.measure")
        self.samples.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """Return the median of the samples.

        Raises:
            KeyError: Nothing has this name.
        """
        return statistics.median(self.samples[name])

    def __contains__(self, name: str) -> bool:
        return name in self.samples

    def variants(self, case: str, measure: str) -> list[str]:
        """Return the variants of a case that have this measure, in the order of their first samples."""
        parts = [name.split(".") for name in self.samples]
        return [variant for one, variant, what in parts if (one, what) == (case, measure)]

    def update(self, other: Figures) -> None:
        """Take over what another run measured; figures with the same name are replaced."""
        self.samples |= other.samples
        self.about |= other.about

    def write(self, path: Path) -> None:
        """Write all of it as JSON."""
        samples = {name: [_rounded(value) for value in values] for name, values in sorted(self.samples.items())}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"about": self.about, "samples": samples}, indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Figures:
        """Read what `write` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(samples=content["samples"], about=content["about"])


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
