from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from kedro_aloft.settings.size import format_memory, parse_memory


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("512MiB", 512),
        ("4GiB", 4096),
        ("4Gi", 4096),
        (" 1.5 gib ", 1536),
        ("64KiB", 0.0625),
        ("1TiB", 1024**2),
        ("1048576KB", 1000),
        ("16GB", 16e9 / 1024**2),
    ],
)
def test_people_write_memory_in_many_ways(text: str, mib: float) -> None:
    assert parse_memory(text) == pytest.approx(mib)


@pytest.mark.parametrize(
    "value", ["", "4", 4, 4.5, "4G", "4M", "GiB", "-1GiB", "0GiB", "1e3MiB", "4 Gib GiB", None, True]
)
def test_what_is_no_amount_of_memory_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_memory(value)
    assert caught.value.context is not None
    assert caught.value.context["allowed"]


@given(st.text(max_size=12) | st.from_regex(r"[\d.]{1,4} ?[kKmMgG]?i?[bB]?", fullmatch=True))
def test_any_text_is_an_amount_or_refused_and_its_canonical_text_means_the_same(text: str) -> None:
    with contextlib.suppress(PydanticCustomError):
        mib = parse_memory(text)
        assert parse_memory(format_memory(mib)) == pytest.approx(mib)
