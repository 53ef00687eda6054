"""The plainest YAML, read line by line: what nearly every catalog is, in a tenth of the time of a YAML parser.

A text counts when each of its lines is blank, a comment, `key:`, `key: value` or `- value`, and the value is one that
can be read in one way only. Of everything else (flow style, anchors, tags, text of several lines, numbers in unusual
forms, doubled keys, doubtful indentation …) nothing is known here: the answer is None, and a parser has the word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_QUOTED = r"\"[^\"\\\n]{0,500}\"|'[^'\n]{0,500}'"
_INSIDE = r"[^ \n!\"#&'(),:;?[\\\]^`|]"
_WORD = rf"{_INSIDE}+(?:[:,]{_INSIDE}+)*"
_LINE = re.compile(
    rf"""
    ((\ *)
    (?:
        (?: ([A-Za-z_][A-Za-z0-9_.@{{}}+-]{{0,500}}|{_QUOTED}) : (?=[ \n]) | (-)(?=\ ) )  # key or dash
        \ * ( {_QUOTED} | (?=-?[A-Za-z0-9_./]) {_WORD} (?:\ {_WORD})* )?                  # value
    )?
    \ * (?: (?<![^\ \n]) \#.* )? \n)
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_NAMES = {"true": True, "false": False, "null": None}


class _DoubtError(Exception):
    """The text is not as plain as it has to be."""


def load_plain_yaml(text: str, *, is_text: Callable[[str], bool]) -> tuple[dict[str, Any], int] | None:
    """Return the mapping that a text says, with the number of its YAML nodes; None when another reader has to say.

    Args:
        text: The content of a file.
        is_text: Whether an unquoted word is a text to the parser, and no number, boolean, null …
    """
    text = text if text.endswith("\n") else f"{text}\n"
    if not text.replace("\n", "").isprintable():
        return None
    lines = _LINE.findall(text)
    if sum([len(line[0]) for line in lines]) < len(text):
        return None
    try:
        return _nested([line[1:] for line in lines if line[2] or line[3]], is_text)
    except _DoubtError:
        return None


def _nested(lines: list[tuple[str, str, str, str]], is_text: Callable[[str], bool]) -> tuple[dict[str, Any], int]:
    """Return the content of a file's lines (indent, key, dash, word), and how many YAML nodes it has.

    A stack instead of recursion, in one function: it runs for each line of each catalog.

    Raises:
        _DoubtError: A line fits no mapping or list around it, a key comes twice or is no text.
    """
    top: dict[str, Any] = {}
    holder: Any = top
    level, nodes = 0, 1
    waiting: str | None = None  # a key that has no value yet
    around: list[tuple[int, Any]] = []
    for indent, key, dash, word in lines:
        depth = len(indent)
        if waiting is not None and (depth > level or (dash and depth == level)):
            around.append((level, holder))
            inner: Any = [] if dash else {}
            holder[waiting] = inner
            holder, level = inner, depth
        while around and (depth < level or (depth == level and not dash and type(holder) is list)):
            level, holder = around.pop()
        waiting = None
        if depth != level or (type(holder) is list) != bool(dash):
            raise _DoubtError
        value = _value(word, is_text) if word else None
        if dash:
            holder.append(value)
            nodes += 1
            continue
        name = key[1:-1] if key[0] in "\"'" else key
        if name in holder or (name is key and not is_text(name)):
            raise _DoubtError
        holder[name] = value
        nodes += 2
        waiting = None if word else name
    if not top:
        raise _DoubtError
    return top, nodes


def _value(word: str, is_text: Callable[[str], bool]) -> Any:
    if word[0] in "\"'":
        return word[1:-1]
    if is_text(word):
        return word
    if word in _NAMES:
        return _NAMES[word]
    number = _NUMBER.fullmatch(word)
    if number is None:
        raise _DoubtError
    return float(word) if number[1] else int(word)
