"""`key=value` on the command line, for `--set` and for kedro-airflow's `--params`.

kedro-airflow hands such text to OmegaConf, which reads each value as YAML. The same values mean the same here; what
YAML refuses (`schedule=@daily`) or a comma would cut (`start_date=[2023,8,9]`) works as well.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kedro_aloft.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None}
_WORDS |= dict.fromkeys(("true", "yes", "on"), True) | dict.fromkeys(("false", "no", "off"), False)
_KEY = re.compile(r"[^\s=]+")
_CLOSING = {"[": "]", "{": "}"}


def parse_set(items: Iterable[str]) -> dict[str, Any]:
    """Return the settings that `--set key=value` options name.

    Args:
        items: One `key=value` each; keys are dotted (`handoff.ttl=2d`).

    Returns:
        Dotted key → value, in the order of the options; of equal keys the last wins.

    Raises:
        UsageError: If an item has no key, no `=`, or a quote or bracket that is not closed.
    """
    return dict(_assignment(item, option="--set") for item in items)


def parse_params_option(text: str) -> dict[str, Any]:
    """Return the settings that kedro-airflow's `--params "key=value,key=value"` names.

    Commas inside quotes and brackets belong to the value.

    Raises:
        UsageError: As `parse_set`.
    """
    return dict(_assignment(item, option="--params") for item in _split(text))


def _assignment(item: str, *, option: str) -> tuple[str, Any]:
    key, equals, value = item.partition("=")
    key = key.strip()
    if not equals or not _KEY.fullmatch(key):
        raise UsageError(
            f"'{item}' is not an assignment.",
            where=option,
            seen="allowed: key=value, such as retries=3 or schedule='0 1,13 * * *'",
            remedy="put a value that holds commas in quotes" if option == "--params" else "",
        )
    try:
        return key, parse_value(value)
    except ValueError as error:
        raise UsageError(f"The value of '{key}' is malformed: {error}.", where=option, seen=value) from None


def parse_value(text: str) -> Any:
    """Return what YAML would read, but never fail on text that can only be meant as text.

    Raises:
        ValueError: If a quote or bracket is not closed, or something follows the closing one.
    """
    text = text.strip()
    if text.startswith(("{{", "{%")):
        return text  # an Airflow template
    if text[:1] in ("[", "{", "'", '"'):
        reader = _Reader(text)
        value = reader.value("")
        reader.end()
        return value
    return _scalar(text)


def _scalar(text: str) -> Any:
    """Return a plain scalar by the rules of OmegaConf's YAML loader, in which dates are text."""
    folded = text.casefold()
    if folded in _WORDS and text in (folded, folded.upper(), folded.capitalize()):
        return _WORDS[folded]
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text


def _split(text: str) -> list[str]:
    """Cut at the commas that are outside of quotes and brackets."""
    items, start, reader = [], 0, _Reader(text)
    while not reader.done:
        reader.skip_assignment()
        items.append(text[start : reader.position])
        reader.position += 1
        start = reader.position
    return [item.strip() for item in items if item.strip()]


class _Reader:
    """Reads quoted text, `[a, b]` and `{k: v}` from one position on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    @property
    def done(self) -> bool:
        return self.position >= len(self.text)

    @property
    def head(self) -> str:
        return self.text[self.position : self.position + 1]

    def end(self) -> None:
        """Refuse what follows the value."""
        self.skip_space()
        if not self.done:
            raise ValueError(f"unexpected '{self.text[self.position :]}'")

    def skip_space(self) -> None:
        while self.head.isspace():
            self.position += 1

    def skip_assignment(self) -> None:
        """Go to the comma that ends an assignment, or to the end."""
        self.plain(",=")
        while self.head == "=":
            self.position += 1
            self.skip_space()
            self._skip_value()

    def _skip_value(self) -> None:
        start = self.position
        templated = self.text.startswith(("{{", "{%"), start)
        try:
            if self.head and self.head in "'\"[{" and not templated:
                self.value("")
        except ValueError:
            self.position = start  # whoever reads the assignment says what is wrong with it
        if templated:
            self._skip_template()
        self.plain(",")

    def _skip_template(self) -> None:
        closing = "}}" if self.text.startswith("{{", self.position) else "%}"
        end = self.text.find(closing, self.position)
        self.position = len(self.text) if end < 0 else end + len(closing)

    def value(self, stops: str) -> Any:
        """Read one value; a plain one ends before any character of `stops`."""
        self.skip_space()
        if self.head == "[":
            return self._list()
        if self.head == "{" and not self.text.startswith(("{{", "{%"), self.position):
            return self._mapping()
        if self.head and self.head in "'\"":
            return self._quoted()
        if self.head == "{":
            start = self.position
            self._skip_template()
            return self.text[start : self.position] + self.plain(stops).rstrip()
        return _scalar(self.plain(stops).strip())

    def plain(self, stops: str) -> str:
        start = self.position
        while not self.done and self.head not in stops:
            self.position += 1
        return self.text[start : self.position]

    def _list(self) -> list[Any]:
        items: list[Any] = []
        while self._next_item("]", first=not items):
            items.append(self.value(",]"))
        return items

    def _mapping(self) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while self._next_item("}", first=not items):
            key = self._quoted() if self.head and self.head in "'\"" else self.plain(":,}").strip()
            self.skip_space()
            if self.head != ":" or not key:
                raise ValueError("a mapping needs 'key: value'")
            self.position += 1
            items[key] = self.value(",}")
        return items

    def _next_item(self, closing: str, *, first: bool) -> bool:
        """Step over the opening bracket or a comma; tell whether an item follows."""
        self.skip_space()
        if not first and self.head == closing:
            self.position += 1
            return False
        if not first and self.head != ",":
            raise ValueError(f"'{closing}' is missing" if self.done else f"unexpected '{self.head}'")
        self.position += 1
        self.skip_space()
        if self.head == closing:
            self.position += 1
            return False
        if self.done:
            raise ValueError(f"'{closing}' is missing")
        return True

    def _quoted(self) -> str:
        return self._single_quoted() if self.head == "'" else self._double_quoted()

    def _single_quoted(self) -> str:
        match = re.compile(r"'((?:[^']|'')*)'").match(self.text, self.position)
        if match is None:
            raise ValueError("the quote ' is not closed")
        self.position = match.end()
        return match[1].replace("''", "'")

    def _double_quoted(self) -> str:
        try:
            value, self.position = json.JSONDecoder(strict=False).raw_decode(self.text, self.position)
        except json.JSONDecodeError:
            raise ValueError('the quote " is not closed, or a backslash escape is not one of JSON') from None
        return str(value)
