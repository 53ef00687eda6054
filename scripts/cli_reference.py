"""The reference page of the commands, made from the click commands themselves.

`make docs` writes docs/reference/cli.md; a test fails when it is stale.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kedro_aloft.cli import airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE_FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"

_INTRO = """\
<!-- Made by `make docs` from src/kedro_aloft/cli: do not edit. -->

# Commands: `kedro airflow …`

All commands run inside a Kedro project. Results go to stdout; progress, findings and errors to stderr. `--debug` shows
the traceback of an error, `--help` what is below.

Exit codes: 0 all is well, 1 findings of severity error or a failed run, 2 wrong usage, 3 an Airflow that refuses or
does not answer, 130 interrupted. The JSON formats are on [a page of their own](json.md), [errors](errors.md) too.
"""


def render_reference() -> str:
    """Return the page; it ends with a newline."""
    commands = read_commands()
    overview = ["| Command | |", "|---|---|"]
    overview += [f"| [`{name}`](#{_anchor(name)}) | {_summary(command)} |" for name, command in commands.items()]
    return "\n".join([_INTRO, *overview, "", "\n".join(_section(*item) for item in commands.items())])


def read_commands() -> dict[str, click.Command]:
    """Return the commands by name, sorted."""
    context = click.Context(airflow, info_name="airflow")
    return dict(_flattened(airflow, context))


def _flattened(group: click.Group, context: click.Context, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group, and those of groups in it by both names."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _flattened(command, context, prefix=f"{prefix}{name} ")
        elif command is not None:
            yield f"{prefix}{name}", command


def _anchor(name: str) -> str:
    return f"kedro-airflow-{name.replace(' ', '-')}"


def _summary(command: click.Command) -> str:
    return _paragraphs(command)[0]


def _section(name: str, command: click.Command) -> str:
    lines = [f"## `kedro airflow {name}`", ""]
    for paragraph in _paragraphs(command):
        lines += [*_paragraph(paragraph), ""]
    lines += ["| Option | Default | Meaning |", "|---|---|---|"]
    lines += [_row(parameter) for parameter in command.params if isinstance(parameter, click.Option)]
    return "\n".join([*lines, ""])


def _paragraphs(command: click.Command) -> list[str]:
    """The help text as its author split it; a paragraph that starts with \\b keeps its lines."""
    blocks = inspect.cleandoc(command.help or "").split("\n\n")
    return [block if block.startswith("\b") else " ".join(block.split()) for block in blocks]


def _paragraph(text: str) -> list[str]:
    """A paragraph of examples becomes a code block."""
    if not text.startswith("\b"):
        return [text]
    title, *examples = text.removeprefix("\b").strip("\n").splitlines()
    return [title.strip(), "", "```bash", *(line.strip() for line in examples), "```"]


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
    value = f" {_cell(_value(option))}" if not option.is_flag else ""
    default = f"`{option.default}`" if option.show_default and option.default is not None else ""
    return f"| {names}{value} | {default} | {_cell(option.help or '')} |"


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "one of " + ", ".join(f"`{choice}`" for choice in option.type.choices)
    return f"`{option.metavar or option.type.name.split()[0].upper()}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
