from __future__ import annotations

import ast
import math
from collections import OrderedDict
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_aloft.errors import RenderError
from kedro_aloft.render.literals import render_literal, render_text

texts = st.text() | st.text(alphabet="'\"\\\n{}\u2028\0\ud800 a")
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(scalars.filter(bool), inner),
    max_leaves=10,
)


@given(values)
def test_a_literal_has_exactly_the_value(value: Any) -> None:
    found = ast.literal_eval(render_literal(value))
    assert repr(found) == repr(value)


@given(values)
def test_a_literal_is_one_printable_line(value: Any) -> None:
    assert render_literal(value).isprintable()


@given(texts)
def test_a_text_has_the_quotes_that_need_fewer_backslashes(text: str) -> None:
    literal = render_text(text)
    assert literal[0] == literal[-1] == ("'" if text.count('"') > text.count("'") else '"')


@pytest.mark.parametrize(
    ("value", "literal"), [(math.inf, 'float("inf")'), (-math.inf, 'float("-inf")'), (math.nan, 'float("nan")')]
)
def test_what_is_no_number_is_written_as_a_call(value: float, literal: str) -> None:
    assert render_literal(value) == literal


@pytest.mark.parametrize("value", [date(2024, 1, 1), {1, 2}, object(), b"x", OrderedDict(a=1), [{"a": {3}}], 1j])
def test_what_has_no_literal_is_refused(value: Any) -> None:
    with pytest.raises(RenderError) as caught:
        render_literal(value)
    assert caught.value.code == "ALOFT-401"
