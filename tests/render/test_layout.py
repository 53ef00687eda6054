from __future__ import annotations

import ast
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kedro_aloft.render.layout import Call, Name, Text, functions_used, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable

texts = st.text(max_size=40) | st.text(alphabet="ab'\" \n", max_size=120)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(texts | st.integers(), inner),
    max_leaves=12,
)


@given(values, st.integers(0, 6))
def test_a_laid_out_value_is_the_value(value: Any, indent: int) -> None:
    source = "if True:\n" * bool(indent) + lay_out(value, indent=indent, prefix="found = ")
    scope: dict[str, Any] = {}
    exec(source, scope)
    assert repr(scope["found"]) == repr(value)


@given(texts, st.integers(0, 20))
def test_a_broken_text_is_the_text(text: str, indent: int) -> None:
    source = lay_out(Text(text), indent=indent, prefix="", suffix="")
    assert ast.literal_eval(source.strip()) == text


@given(st.dictionaries(texts, scalars, max_size=5))
def test_every_keyword_arrives_whatever_it_is_called(arguments: dict[str, Any]) -> None:
    source = lay_out(Call("dict", kwargs=tuple(arguments.items())))
    found = eval(source)
    assert {repr(item) for item in found.items()} == {repr(item) for item in arguments.items()}


@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
@given(found=st.lists(values | texts.map(Text), min_size=60, max_size=60))
def test_the_formatter_has_nothing_to_add(found: list[Any], complaints: Callable[..., str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, value in enumerate(found):
            indent = number % 2
            lines = [
                lay_out(value, indent=indent, prefix="x = "),
                lay_out(Call("f", (value,), (("a", value), ("b", Name("c")))), indent=indent, prefix="x = "),
                lay_out(Call("f", (value,), (("a", value),), open=True), indent=indent, prefix="x = "),
            ]
            source = "\n".join(["def f():"] * indent + lines)
            Path(folder, f"file_{number}.py").write_text(f"{source}\n", encoding="utf-8")
        said = complaints(Path(folder), lint=False)
    assert not said, said


def test_what_fits_stays_on_its_line_and_the_rest_is_broken() -> None:
    assert lay_out(["a" * 40, "b" * 40], prefix="x = ") == f'x = ["{"a" * 40}", "{"b" * 40}"]'
    assert lay_out(["a" * 50, "b" * 50], prefix="x = ") == f'x = [\n    "{"a" * 50}",\n    "{"b" * 50}",\n]'
    assert lay_out([], prefix="x" * 200 + " = ").endswith(" = []")


def test_the_functions_of_an_expression_are_found_at_any_depth() -> None:
    inner = Call("inner", ([Call("deep"), 1],))
    assert functions_used([{"a": (inner,)}, Call("outer", kwargs=(("x", Text("not()\nthis()")),))]) == {
        "inner",
        "deep",
        "outer",
    }
