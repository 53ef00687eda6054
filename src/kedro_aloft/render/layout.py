"""Layout: expressions as formatted source, the way `ruff format` lays them out.

One rule: what fits on the line stays on the line, anything else has one item per line and a trailing comma, which the
formatter keeps as it is.
"""

from __future__ import annotations

import functools
import keyword
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro_aloft.render.literals import render_literal, render_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LINE_LENGTH = 100
SPREAD = "**"
INDENT = "    "


_WORD = re.compile(r"[^\W\d]\w*(?:\.\w+)*")


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or any other expression that is written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function or class.

    Args:
        function: Its name.
        args: Positional arguments: literals, names, calls, texts.
        kwargs: Keyword arguments in their order. A key that begins with `**` unpacks its value; other keys that are no
            identifiers go through `**{...}`.
        open: Whether each argument has its own line even when all fit on one.
    """

    function: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A string that is broken after its newlines when it does not fit on one line, be it a line of its own."""

    text: str


def lay_out(expression: Any, *, indent: int = 0, prefix: str = "", suffix: str = "") -> str:
    """Return `prefix + expression + suffix` as source.

    Args:
        expression: A literal value, or one of the classes above; lists, tuples and dicts may hold them too.
        indent: Levels of indentation of the line on which the prefix stands.
        prefix: Text before the expression on its first line, without indentation.
        suffix: Text after the expression on its last line.
    """
    margin = INDENT * indent
    if type(expression) is str or type(expression) is Name:  # most of a file, and never broken
        return f"{margin}{prefix}{_flat(expression)}{suffix}"
    if isinstance(expression, Text):
        return _lay_out_text(expression, margin, prefix, suffix)
    is_open = isinstance(expression, Call) and expression.open and bool(expression.kwargs or expression.args)
    inside = () if is_open else _inside(expression)
    if not is_open and (not inside or not _is_open(expression)):
        flat = f"{margin}{prefix}{_flat(expression)}{suffix}"
        if not inside or _fits(flat, expression):
            return flat
    opening, items, closing = _parts(expression)
    lines = [lay_out(item, indent=indent + 1, prefix=before, suffix=after) for before, item, after in items]
    return "\n".join([f"{margin}{prefix}{opening}", *lines, f"{margin}{closing}{suffix}"])


def _lay_out_text(expression: Text, margin: str, prefix: str, suffix: str) -> str:
    flat = render_text(expression.text)
    line = f"{margin}{prefix}{flat}{suffix}"
    if _fits(line, expression) or len(lines := expression.text.splitlines(keepends=True)) < 2:
        return line
    broken = f"{margin}{INDENT}{flat}"
    if not _fits(broken, expression):
        broken = "\n".join(f"{margin}{INDENT}{render_text(one)}" for one in lines)
    return f"{margin}{prefix}(\n{broken}\n{margin}){suffix}"


_Items = list[tuple[str, Any, str]]


def _inside(expression: Any) -> Collection[Any]:
    """Return the expressions inside another one."""
    if isinstance(expression, Call):
        return [*expression.args, *(value for _, value in expression.kwargs)]
    if isinstance(expression, dict):
        return expression.values()
    return expression if isinstance(expression, (list, tuple)) else ()


def _parts(expression: Any) -> tuple[str, _Items, str]:
    """Split an expression that has others inside: opening, items with what is before and after them, closing."""
    if isinstance(expression, Call):
        return f"{expression.function}(", _arguments(expression), ")"
    if isinstance(expression, (list, tuple)):
        opening, closing = "[]" if isinstance(expression, list) else "()"
        return opening, [("", item, ",") for item in expression], closing
    return "{", [(f"{render_literal(key)}: ", value, ",") for key, value in expression.items()], "}"


def _arguments(call: Call) -> _Items:
    items: _Items = [("", item, ",") for item in call.args]
    spread: _Items = []
    rest = {}
    for key, value in call.kwargs:
        if _is_argument(key):
            items.append((f"{key}=", value, ","))
        elif key.startswith(SPREAD):
            spread.append(("**", value, ","))
        else:
            rest[key] = value
    return [*items, *spread, *([("**", rest, ",")] if rest else [])]


@functools.cache
def _is_argument(key: str) -> bool:
    # Python folds identifiers to NFKC, so that only plain ASCII is sure to arrive as it was written.
    return key.isascii() and key.isidentifier() and not keyword.iskeyword(key)


def _flat(expression: Any) -> str:
    if type(expression) is str:
        return render_text(expression)
    if isinstance(expression, Name):
        return expression.text
    if isinstance(expression, Text):
        return render_text(expression.text)
    if not isinstance(expression, (Call, list, tuple, dict)):
        return render_literal(expression)
    opening, items, closing = _parts(expression)
    inside = ", ".join(f"{before}{_flat(item)}" for before, item, _ in items)
    comma = "," if isinstance(expression, tuple) and len(expression) == 1 else ""
    return f"{opening}{inside}{comma}{closing}"


def _is_open(expression: Any) -> bool:
    if isinstance(expression, Call) and expression.open:
        return True
    return any(_is_open(one) for one in _inside(expression) if type(one) is not str and type(one) is not Name)


def _fits(line: str, expression: Any) -> bool:
    """Whether a line is surely not too long for the formatter.

    It counts columns, and how many a character takes depends on its Unicode tables. So a doubtful line is broken, which
    is never wrong; except for a text, which the formatter would join again, and which it never breaks, and for a tuple
    of one item, whose comma does not keep it broken: there we count as well as Python's own tables allow.
    """
    if line.isascii():
        return len(line) <= LINE_LENGTH
    if isinstance(expression, tuple) and len(expression) == 1:
        return sum(map(_columns, line)) <= LINE_LENGTH
    wide = 0 if isinstance(expression, Text) else 2
    return sum(1 if one.isascii() else wide for one in line) <= LINE_LENGTH


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def functions_used(expressions: Iterable[Any]) -> set[str]:
    """Return the names of all functions that are called in the expressions, and of all variables that they use."""
    found: set[str] = set()
    names: set[str] = set()
    waiting = list(expressions)
    while waiting:
        expression = waiting.pop()
        if isinstance(expression, Name):
            names.add(expression.text)
            continue
        if isinstance(expression, Call):
            found.add(expression.function)
        waiting += [one for one in _inside(expression) if type(one) is not str and type(one) is not Text]
    return found.union(*map(_WORD.findall, names))
