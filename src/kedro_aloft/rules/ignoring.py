"""What `.gitignore` and `.dockerignore` leave out. Enough of their language for files that people write."""

from __future__ import annotations

import functools
import re


def is_left_out(path: str, patterns: str, *, anchored: bool = False) -> bool:
    """Whether a file is left out; the last pattern that matches decides.

    Args:
        path: Relative to where the ignore file stands.
        patterns: Text of the ignore file.
        anchored: Whether names without a slash mean files beside the ignore file alone, as Docker reads them.
    """
    out = False
    for pattern, keeps in _patterns(patterns, anchored):
        if pattern.fullmatch(path):
            out = not keeps
    return out


@functools.lru_cache(maxsize=8)
def _patterns(text: str, anchored: bool) -> tuple[tuple[re.Pattern[str], bool], ...]:  # noqa: FBT001  a key of the cache
    lines = [line.strip() for line in text.splitlines()]
    return tuple(
        (_pattern(line.removeprefix("!"), anchored=anchored), line.startswith("!"))
        for line in lines
        if line and not line.startswith("#")
    )


def _pattern(line: str, *, anchored: bool) -> re.Pattern[str]:
    bare = line.strip("/")
    start = "" if anchored or "/" in line.rstrip("/") else "(?:.*/)?"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", bare)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(f"{start}{''.join(known.get(part) or re.escape(part) for part in parts)}(?:/.*)?")
