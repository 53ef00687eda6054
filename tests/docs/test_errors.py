"""The page on errors covers what the code raises, and no page speaks of a code that does not exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kedro_aloft import errors
from kedro_aloft.rules import RULES
from support.pages import ROOT, pages, section, table_rows, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "docs/reference/errors.md"
_CODE = re.compile(r"ALOFT-[A-Z]?\d+")


def _classes(root: type[errors.AloftError] = errors.AloftError) -> Iterator[type[errors.AloftError]]:
    yield root
    for child in root.__subclasses__():
        yield from _classes(child)


def _codes_in_source() -> set[str]:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    return {code for source in sources for code in re.findall(r'"(ALOFT-[A-Z]?\d+)"', source)}


def test_the_source_is_searched_well() -> None:
    assert {one.code for one in _classes()} | {rule.code for rule in RULES} <= _codes_in_source()


def _error_codes() -> set[str]:
    """Rules have a page of their own."""
    return _codes_in_source() - {rule.code for rule in RULES}


def test_every_code_has_a_section_and_every_section_a_code() -> None:
    assert set(re.findall(r"^### (\S+)$", text_of(PAGE), re.MULTILINE)) == _error_codes()


@pytest.mark.parametrize("code", sorted(_error_codes()))
def test_every_section_says_when_and_what_to_do(code: str) -> None:
    text = " ".join(section(PAGE, code).split())
    assert text.startswith("**When**: ")
    assert "**To do**: " in text


@pytest.mark.parametrize("page", [page for page in pages() if page != PAGE])
def test_no_page_mentions_a_code_that_does_not_exist(page: str) -> None:
    assert set(_CODE.findall(text_of(page))) <= _codes_in_source()


def test_the_exit_codes_of_the_page_are_those_of_the_classes() -> None:
    ranges = {}
    for codes, _, exit_code in table_rows(text_of(PAGE).partition("\n## ")[0]):
        if codes[0].isdigit():
            first, _, last = codes.partition("–")
            ranges[range(int(first), int(last or first) + 1)] = exit_code
    for one in _classes():
        number = int(one.code.removeprefix("ALOFT-"))
        (exit_code,) = [text for numbers, text in ranges.items() if number in numbers] or [""]
        if exit_code.isdigit():
            assert int(exit_code) == one.exit_code, one.code


def test_the_page_says_which_errors_of_tasks_are_not_tried_again() -> None:
    for one in _classes(errors.RunError):
        assert ("Not tried again" in section(PAGE, one.code)) == one.deterministic, one.code
