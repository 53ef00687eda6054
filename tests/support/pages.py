"""The documentation as data: pages, code blocks, links, anchors, commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of code; `line` counts from 1."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Where it stands, for the names of tests."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Return every page of the documentation, relative to the repository, sorted."""
    found = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("examples/*/*.md"),
        *ROOT.glob("changelog.d/*.md"),
    ]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def text_of(page: str) -> str:
    """Return what a page says."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(*languages: str, page: str | None = None) -> list[Block]:
    """Return the fenced blocks in these languages, of one page or of all."""
    return [
        Block(page=one, line=text[: match.start()].count("\n") + 1, language=match["language"], text=match["text"])
        for one in ([page] if page else pages())
        for text in [text_of(one)]
        for match in _FENCE.finditer(text)
        if match["language"] in languages
    ]


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text_of(page))


def links(page: str) -> list[str]:
    """Return the targets of a page's links, those of pictures among them."""
    return _LINK.findall(_INLINE_CODE.sub("code", prose(page)))


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        words = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number, anchor = 0, words
        while anchor in found:
            number += 1
            anchor = f"{words}-{number}"
        found.add(anchor)
    return found


def inline_codes(page: str) -> list[str]:
    """Return every `code` in a page's prose."""
    return _INLINE_CODE.findall(prose(page))


def commands(page: str) -> Iterator[list[str]]:
    """Yield the words after `kedro airflow` of every such command that a page quotes.

    Placeholders (`…`, `<command>`) are no commands.
    """
    lines = [line for block in blocks("bash", page=page) for line in block.text.splitlines()]
    for line in [*lines, *inline_codes(page)]:
        for command in line.replace(")", "").split("&&"):
            command = command.partition(" > ")[0]  # noqa: PLW2901  where its output goes is the shell's business
            words = shlex.split(command, comments=True) if "kedro airflow " in command else []
            if words[:2] == ["kedro", "airflow"] and not {"…", "<"} & set("".join(words)):
                yield words[2:]


def table_rows(section: str) -> list[list[str]]:
    """Return the cells of every table row of a text, without heads."""
    rows = [line.strip().strip("|").split(" | ") for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    ruled = [number for number, line in enumerate(rows) if set("".join(line)) <= set("-|: ")]
    heads = {number - 1 for number in ruled}
    return [row for number, row in enumerate(cells) if number not in heads and number not in ruled]


def section(page: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its level or above."""
    text = text_of(page)
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"{page} has no heading {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest
