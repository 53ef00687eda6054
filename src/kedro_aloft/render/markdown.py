"""Markdown that shows any name as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kedro_aloft.render.literals import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Iterable


def show(text: str) -> str:
    """Return a text on one line, whatever cannot be seen written as an escape."""
    return escape_unprintable(text)


def code(text: str) -> str:
    """Return a code span whose content is exactly the visible text, backticks included."""
    if "`" not in text and text.isprintable() and text[:1].strip() and text[-1:].strip():
        return f"`{text}`"  # nearly every name
    shown = show(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1) if "`" in shown else "`"
    # Markdown strips one space at each end, so that a span may begin or end with a backtick; but not from spaces alone.
    ends = shown[:1] + shown[-1:] if shown.strip() else ""
    padding = " " if not shown or set(ends) & set("` ") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def code_list(names: Iterable[str]) -> str:
    """Return code spans with commas between them."""
    return ", ".join([code(name) for name in names])
