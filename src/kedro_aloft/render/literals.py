"""Python literals: how a value enters a generated file. No template ever sees it, so no value can become code.

The text is what `ruff format` would leave alone: double quotes unless single ones need fewer backslashes, lower-case
escapes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def render_literal(value: Any) -> str:
    """Return an expression on one line whose value is exactly `value`.

    Args:
        value: str, int, float (inf and nan too), bool, None, or a list, tuple or dict of these, without cycles.

    Raises:
        RenderError: If the value, or one inside it, has another type. A subclass counts as another type: what makes it
            different would be lost.
    """
    if type(value) is str:
        return render_text(value)
    if type(value) is list:
        return f"[{_items(value)}]"
    if type(value) is tuple:
        return f"({_items(value)},)" if len(value) == 1 else f"({_items(value)})"
    if type(value) is dict:
        return f"{{{_entries(value)}}}"
    return _number_or_name(value)


def render_text(text: str) -> str:
    """Return a string literal on one line; whatever is not printable is escaped, so that the file shows all of it."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'  # nearly every text of a DAG file
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
    return f"{quote}{escape_unprintable(escaped)}{quote}"


def escape_unprintable(text: str) -> str:
    """Return a text with an escape in place of each character that cannot be seen."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def _items(values: Sequence[Any]) -> str:
    return ", ".join(render_literal(value) for value in values)


def _entries(values: Mapping[Any, Any]) -> str:
    return ", ".join(f"{render_literal(key)}: {render_literal(value)}" for key, value in values.items())


def _number_or_name(value: Any) -> str:
    if value is None or type(value) in (bool, int):
        return repr(value)
    if type(value) is float:
        return repr(value).replace("e+", "e") if math.isfinite(value) else f'float("{value}")'
    raise RenderError(
        f"A value of type {type(value).__name__} has no literal in a DAG file.",
        seen=f"{value!r}"[:200],
        remedy="write it as text, number, boolean, null, list or mapping",
        code="ALOFT-401",
    )
