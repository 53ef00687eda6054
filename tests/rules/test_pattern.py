"""A pattern does what the expression does that `re` compiles, and is compiled when it is first used."""

from __future__ import annotations

import re

import pytest

from kedro_aloft.rules.pattern import Pattern

TEXT = "ab1 cd22\nef333"


@pytest.mark.parametrize("method", ["search", "match", "fullmatch"])
@pytest.mark.parametrize("expression", [r"[a-z]+(\d+)", r"^ef\d+$", r"(?s)ab.*"])
def test_matches(method: str, expression: str) -> None:
    ours, theirs = Pattern(expression, re.MULTILINE), re.compile(expression, re.MULTILINE)
    found, wanted = getattr(ours, method)(TEXT), getattr(theirs, method)(TEXT)
    assert (found and found.group()) == (wanted and wanted.group())


def test_all_matches() -> None:
    pattern = Pattern(r"[a-z]+(\d+)")
    assert pattern.findall(TEXT) == ["1", "22", "333"]
    assert [match.start() for match in pattern.finditer(TEXT)] == [0, 4, 9]
    assert pattern.sub("-", TEXT) == "- -\n-"


def test_it_is_compiled_when_it_is_first_used() -> None:
    broken = Pattern("(")
    assert broken.pattern == "("
    with pytest.raises(re.error):
        broken.search(TEXT)
