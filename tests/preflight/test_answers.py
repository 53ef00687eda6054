"""The page lists every question."""

from __future__ import annotations

from kedro_aloft.preflight import WHY
from support.pages import section, table_rows


def test_the_page_lists_every_question() -> None:
    rows = table_rows(section("docs/how-to/preflight-and-diagnose.md", "What is looked at"))
    assert sorted(row[0].strip("`") for row in rows) == sorted(WHY)
