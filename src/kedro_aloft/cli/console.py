"""How commands talk: results on stdout, everything else on stderr, errors without traceback."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import sys
import unicodedata
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console

    from kedro_aloft.errors import AloftError
    from kedro_aloft.rules import Finding

F = TypeVar("F", bound="Callable[..., Any]")

_WIDE = 200
EXIT_FINDINGS = 1
EXIT_INTERRUPTED = 130

_CHATTY = ("py.warnings", "kedro.validation")
"""Loggers whose warnings are about Kedro's own code, or repeat what `kedro run` says in a better place."""

_QUIET_CONFIG = "kedro_aloft/cli/quiet_logging.yml"
"""Logging that `kedro_aloft.pth` gives Kedro before our first line runs; see there."""


def command_errors(function: F) -> F:
    """Turn errors of a command into one clear message and the exit code; add `--debug`, which shows the traceback."""

    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(function)
    def wrapped(*args: Any, debug: bool, **kwargs: Any) -> Any:
        from kedro_aloft.errors import AloftError

        calm_logging(debug=debug)
        try:
            return function(*args, **kwargs)
        except AloftError as error:
            _fail(error, debug=debug)
        except (KeyboardInterrupt, click.Abort):  # the latter where somebody was being asked
            tell("Interrupted.")
            sys.exit(EXIT_INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise  # the last: who read our output has enough of it (`… | head`), and click ends quietly
        except Exception as error:
            if debug:
                raise
            marked("✗", "bold red", f"Unexpected {type(error).__name__}: {error}")
            tell("  to do: repeat the command with --debug and report what it shows")
            sys.exit(EXIT_FINDINGS)

    return wrapped  # type: ignore[return-value]


def _fail(error: AloftError, *, debug: bool) -> NoReturn:
    if debug:
        logging.getLogger(__name__).error("%s", error.what, exc_info=error)
    print_error(error)
    sys.exit(error.exit_code)


def print_error(error: AloftError) -> None:
    """Print an error, one line per part."""
    head, *rest = str(error).splitlines()
    marked("✗", "bold red", head)
    for line in rest:
        tell(line)


def calm_logging(*, debug: bool) -> None:
    """Send what Kedro and its plugins log to stderr, warnings and worse only: stdout belongs to results."""
    if os.environ.get("KEDRO_LOGGING_CONFIG", "").endswith(_QUIET_CONFIG):
        with suppress(ImportError):
            import kedro.framework.project  # noqa: F401  reads it; in `kedro airflow …` it has done so before
        del os.environ["KEDRO_LOGGING_CONFIG"]  # it was for this process; tasks and Airflow have their own
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    logging.getLogger("kedro").setLevel(logging.INFO if debug else logging.WARNING)
    if not debug:
        warnings.simplefilter("ignore")  # of Kedro and its plugins; ours are notices and findings
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)


def stderr() -> Console:
    """The console for people: progress, findings, errors. Texts are printed as they are: names may look like markup."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True, markup=False, highlight=False, emoji=False)


def stdout() -> Console:
    """The console for results, as wide as it is now."""
    from rich.console import Console

    size = shutil.get_terminal_size()
    width = size.columns if _has_width() else _WIDE
    # Both are said: rich has opinions of its own about a terminal that is dumb, or one that FORCE_COLOR pretends.
    return Console(width=width, height=size.lines, soft_wrap=True, markup=False, highlight=False, emoji=False)


def say(text: str = "") -> None:
    """Print a line of results."""
    click.echo(text)


def tell(text: str) -> None:
    """Print a line for people."""
    click.echo(text, err=True)


@dataclass(slots=True)
class Table:
    """Rows below their titles; a cell may have several lines.

    Laid out by us where it fits: rich takes a millisecond for a row, and as long as all of `plan` to be imported.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add_row(self, *cells: str) -> None:
        """Add a row with one cell per column."""
        self.rows.append(cells)

    def lines(self) -> list[str]:
        """Return the table as lines, the titles first."""
        split = [[cell.split("\n") for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(_width(line) for row in split for line in row[place]) for place in range(len(self.columns))]
        return [
            " ".join(
                _padded(cell[level] if level < len(cell) else "", width)
                for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            for row in split
            for level in range(max(map(len, row)))
        ]


def table(*columns: str) -> Table:
    """Return an empty table with these titles."""
    return Table(columns)


def show(rows: Table) -> None:
    """Print a table; what does not fit on a terminal continues on the next line of its cell."""
    lines = rows.lines()
    if _has_width() and max(map(_width, lines)) > shutil.get_terminal_size().columns:
        _show_folded(rows)
        return
    head, *rest = lines
    click.echo("\n".join([click.style(head, bold=True), *rest]))


def _has_width() -> bool:
    """Whether lines end somewhere: a pipe has no width, and names stay whole."""
    return sys.stdout.isatty() or "COLUMNS" in os.environ


def _show_folded(rows: Table) -> None:
    from rich.table import Column
    from rich.table import Table as RichTable
    from rich.text import Text

    columns = (Column(name, overflow="fold") for name in rows.columns)
    folded = RichTable(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows.rows:
        folded.add_row(*map(Text, row))
    stdout().print(folded)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF") for one in text)


def agreed(question: str, *, remedy: str) -> bool:
    """Return what somebody answers; the default is no.

    Args:
        question: Ends with a question mark.
        remedy: How to do without an answer.

    Raises:
        UsageError: If there is nobody to ask.
    """
    from kedro_aloft.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError("There is nobody to ask.", where=question, remedy=remedy)
    return click.confirm(question, err=True)


def count(number: int, noun: str) -> str:
    """Return the number with its noun: `1 task`, `2 tasks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def marked(mark: str, style: str, text: str) -> None:
    """Print a line that starts with a coloured mark; the style is a colour, `dim`, or one after `bold `."""
    colour = style.removeprefix("bold ")
    if not sys.stderr.isatty() or "NO_COLOR" in os.environ:
        tell(f"{mark} {text}")
        return
    styled = click.style(mark, dim=True) if style == "dim" else click.style(mark, fg=colour, bold=colour != style)
    tell(f"{styled} {text}")


def ok(text: str) -> None:
    """Print a line about something that went well."""
    marked("✓", "green", text)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings, one block each."""
    marks = {"error": ("✗", "bold red"), "warning": ("!", "yellow"), "info": ("i", "blue")}
    for finding in findings:
        marked(*marks[finding.severity.value], f"[{finding.code}] {finding.message}")
        for label, text in (("at", finding.place), ("where", finding.where), ("to do", finding.remedy)):
            if text:
                tell(f"    {label}: {text}")
