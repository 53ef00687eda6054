"""The page on rules is fresh and whole."""

from __future__ import annotations

import re

from kedro_aloft.rules import RULES
from scripts.rules_reference import REFERENCE_FILE, render_reference

TEXT = REFERENCE_FILE.read_text(encoding="utf-8")


def test_the_reference_of_the_rules_is_fresh() -> None:
    message = "run: make docs"
    assert render_reference() == TEXT, message


def test_every_rule_has_a_section_with_why_and_both_examples() -> None:
    assert re.findall(r"^### (\S+)$", TEXT, re.MULTILINE) == [rule.code for rule in RULES]
    for rule in RULES:
        assert all(getattr(rule, part).strip() in TEXT for part in ("summary", "why", "bad", "good")), rule.code
        assert rule.bad.strip() != rule.good.strip(), rule.code
