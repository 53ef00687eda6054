"""Regular expressions that are compiled when a rule first needs them: of most commands, most rules need none."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pattern:
    """A regular expression with the methods of `re.Pattern` that rules use.

    Args:
        pattern: Its text.
        flags: As for `re.compile`.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    @functools.cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, self._flags)

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match anywhere."""
        return self._compiled.search(text)

    def match(self, text: str) -> re.Match[str] | None:
        """Return the match at the beginning."""
        return self._compiled.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Return the match of the whole text."""
        return self._compiled.fullmatch(text)

    def findall(self, text: str) -> list[Any]:
        """Return all matches, or their groups."""
        return self._compiled.findall(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return all matches in turn."""
        return self._compiled.finditer(text)

    def sub(self, new: str, text: str) -> str:
        """Return the text with every match replaced."""
        return self._compiled.sub(new, text)
