from __future__ import annotations

import pytest
import slugify as original
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.render.slug import slugify

ascii_text = st.text(alphabet=st.characters(max_codepoint=127))


@given(ascii_text)
def test_a_slug_is_that_of_python_slugify(text: str) -> None:
    """kedro-airflow's filter; Kedro itself brings the package, through cookiecutter."""
    assert slugify(text) == original.slugify(text)


@given(ascii_text, st.sampled_from(["_", "-", "."]), st.integers(0, 20), st.booleans())
def test_its_arguments_mean_the_same(text: str, separator: str, length: int, lowercase: bool) -> None:
    expected = original.slugify(text, separator=separator, max_length=length, lowercase=lowercase)
    assert slugify(text, separator=separator, max_length=length, lowercase=lowercase) == expected


@pytest.mark.parametrize("text", ["grün", "naïve café", "Ångström", "x²", "a\u00a0b", "it's", "1,000.5", "a&amp;b"])
def test_accents_are_dropped_as_there(text: str) -> None:
    assert slugify(text) == original.slugify(text)


@given(st.text())
def test_any_text_has_a_slug_of_plain_letters(text: str) -> None:
    assert set(slugify(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_what_has_no_ascii_letter_inside_is_dropped_not_transliterated() -> None:
    """Unlike there: it would need a table of all scripts."""
    assert slugify("Straße Łódź 数据 x") == "strae-odz-x"
