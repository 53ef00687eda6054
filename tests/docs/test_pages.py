"""What every page must be: linked, reachable, free of what does not exist."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

import pytest

from scripts.cli_reference import REFERENCE_FILE, read_commands, render_reference
from support.pages import ROOT, anchors, blocks, commands, inline_codes, links, pages, text_of

PAGES = pages()


def _resolve(page: str, target: str) -> tuple[str, str]:
    path, _, anchor = unquote(target).partition("#")
    return (posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page), anchor


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    for target in links(page):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, anchor = _resolve(page, target)
        assert (ROOT / path).exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(path), f"{page}: {target}; there are {sorted(anchors(path))}"


def test_links_are_found_at_all() -> None:
    assert "docs/tutorial.md" in links("README.md")
    assert "docs/images/ui-run.png" in links("README.md")


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), ["README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        todo += [
            path for path, _ in (_resolve(page, link) for link in links(page) if "://" not in link) if path in PAGES
        ]
    assert {page for page in PAGES if page.startswith("docs/")} <= reached


@pytest.mark.parametrize("page", PAGES)
def test_every_quoted_command_exists_with_its_options(page: str) -> None:
    for words in commands(page):
        assert _objection(words) is None, f"{page}: kedro airflow {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_every_short_mention_of_a_command_exists_with_its_options(page: str) -> None:
    names = read_commands()
    for code in inline_codes(page):
        words = code.split()
        if len(words) > 1 and words[0] in names and words[1].startswith("--") and "…" not in code:
            assert _objection(words) is None, f"{page}: {code}"


@pytest.mark.parametrize("words", [["rerun"], ["run", "--nope"], ["plan", "--group-by=nope"], ["up", "surplus"]])
def test_a_wrong_command_would_be_noticed(words: list[str]) -> None:
    assert _objection(words)


def _objection(words: list[str]) -> str | None:
    """As `_parse`; prose may name an option at the end of a command without its value."""
    found = _parse(words)
    return _parse([*words, "none"]) if found and "requires an argument" in found else found


def _parse(words: list[str]) -> str | None:
    """Return what click has against a command, or None. Files need not exist, and nothing is run."""
    import click

    name, *arguments = words
    if name.startswith("-"):
        return None if name in {"--help", "--version"} else f"no option {name}"
    known = read_commands()
    if arguments and f"{name} {arguments[0]}" in known:
        name = f"{name} {arguments.pop(0)}"
    command = known.get(name)
    if command is None:
        return f"no command {name}"
    context = click.Context(command, info_name=name)
    try:
        values, surplus, _ = command.make_parser(context).parse_args(list(arguments))
        for option in command.params:
            if isinstance(option.type, click.Choice) and values.get(option.name):
                option.type.convert(values[option.name], option, context)
    except click.UsageError as error:
        return error.format_message()
    return f"surplus {surplus}" if surplus else None


def test_the_reference_of_the_commands_is_fresh() -> None:
    message = "run: make docs"
    assert REFERENCE_FILE.read_text(encoding="utf-8") == render_reference(), message


def test_every_command_is_in_the_reference_with_an_example() -> None:
    for name in read_commands():
        assert f"\nkedro airflow {name}" in REFERENCE_FILE.read_text(encoding="utf-8"), name


def test_no_page_names_a_place_of_one_machine() -> None:
    for page in PAGES:
        for place in (" /home/", "/tmp/", "/work/", "/Users/"):
            assert place not in text_of(page), f"{page} has {place}"


def test_every_block_says_its_language() -> None:
    assert not [str(block) for block in blocks("")]
