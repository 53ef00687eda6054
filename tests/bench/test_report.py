"""docs/performance.md says what bench/results.json says."""

from __future__ import annotations

from bench import report
from bench.__main__ import RESULTS
from bench.figures import Figures


def test_the_page_is_made_from_the_results() -> None:
    assert report.PAGE.read_text(encoding="utf-8") == report.page(Figures.read(RESULTS)), (
        "run `python -m bench --report`"
    )


def test_a_missing_figure_is_a_dash() -> None:
    about = Figures.read(RESULTS).about
    assert "| kedro-aloft, warm | – | – | – | – |" in report.page(Figures(about=about))
